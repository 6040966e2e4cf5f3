/** Packages that build on `crypto`, unchanged: tokens, passwords, ids. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { createEngine } from '../../src/index.ts';
import { functionDirectory } from '../fixtures/function-directory.ts';

test('tokens are signed, encrypted and refused, passwords compared, ids made', async (t) => {
  await using engine = await createEngine();
  const text = readFileSync(new URL('../fixtures/programs/tokens.mjs', import.meta.url), 'utf8');
  const packages = ['jsonwebtoken', 'jose', 'bcryptjs', 'uuid', 'nanoid'];
  const tokens = await engine.createFunction({
    functionName: 'tokens',
    code: { directory: functionDirectory({ files: { 'index.mjs': text }, packages }) },
    timeout: 20,
  });
  const refused = 'JsonWebTokenError: invalid signature';
  t.deepEqual(await tokens.call({}), {
    jsonWebTokens: ['HS256', 'HS512', 'RS256', 'PS256', 'ES256'].map((algorithm) => [algorithm, refused]),
    notAKey: 'Error: secretOrPrivateKey must be an asymmetric key when using RS256',
    jose: ['jose', 'hidden', 'edwards'],
    bcrypt: [true, false],
    ids: [true, true, 'b7f43406-9ef8-595a-85a5-44cd2d1fb3a5', 21],
  });
});
