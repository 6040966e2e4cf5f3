/** An alias may have a name that every object has. What is kept by qualifier must not find what nobody set. */
import test from 'ava';
import { deployed } from './registry-harness.ts';

for (const name of ['constructor', 'toString', '__proto__']) {
  test(`an alias called ${name} has the settings that it was given, and no others`, async (t) => {
    const registry = await deployed(t);
    await registry.publishVersion({ functionName: 'f' });
    await registry.aliases.create({ functionName: 'f', name, functionVersion: '1' });
    const reference = { functionName: 'f', qualifier: name, qualified: true };
    t.throws(() => registry.policies.get(reference), { message: /does not exist/ });
    t.throws(() => registry.provisioned.get(reference), { message: /No Provisioned Concurrency Config/ });
    t.throws(() => registry.urls.get('f', name), { message: /does not exist/ });
    await t.throwsAsync(registry.policies.remove(reference, 'a'), { message: /No policy is associated/ });

    const statement = { Sid: 'a', Effect: 'Allow', Principal: '*', Action: 'lambda:InvokeFunctionUrl' } as const;
    await registry.policies.add({ reference, statement });
    t.is(registry.policies.get(reference).statements.length, 1);
    const { config } = await registry.urls.create({ functionName: 'f', qualifier: name, authType: 'NONE' });
    t.is(registry.urls.find(config.urlId)?.statements.length, 1);
    await registry.aliases.delete('f', name);
    t.is(registry.urls.find(config.urlId), undefined);
    t.throws(() => registry.policies.get(reference), { message: /does not exist/ });
  });
}
