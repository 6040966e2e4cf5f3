/**
 * `require('isotherm:bindings')`: the functions that the embedder offers to this guest, as plain frozen functions in plain frozen
 * objects. What is not offered is not there; what was never given at all is an error that says so.
 */
import { type BindingNode, type BindingsDescription, bindingErrorCodes } from '../../../src/bridge/bindings.ts';
import type { CoreContext } from '../context.ts';
import { Session } from './bindings/session.ts';
import { arrived, codedError } from './bindings/values.ts';

const { Error, JSONParse, ObjectDefineProperty, ObjectFreeze, ObjectKeys } = primordials;

export function createBindingsModule(context: CoreContext): object {
  const { bindings, functionName } = context.settings;
  if (bindings === undefined) {
    const text = `No bindings were given to the function ${functionName}: pass \`bindings\` to createFunction, and after a restart of the engine call engine.bind('${functionName}', bindings).`;
    throw codedError(Error, text, bindingErrorCodes.notGiven);
  }
  const { tree, limits } = JSONParse(bindings) as BindingsDescription;
  const session = new Session(context, limits);
  return offered(session, tree, '') as object;
}

function offered(session: Session, node: BindingNode, path: string): unknown {
  if (typeof node === 'number') return functionOf(session, node, path);
  if (typeof node === 'string') return session.values.data.decode(node, arrived(undefined));
  const object: object = { __proto__: null } as object;
  const names = ObjectKeys(node);
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? '';
    const value = offered(session, node[name] ?? {}, path === '' ? name : `${path}.${name}`);
    ObjectDefineProperty(object, name, {
      // @ts-expect-error descriptors are read through the prototype, which the user owns
      __proto__: null,
      value,
      enumerable: true,
    });
  }
  return ObjectFreeze(object);
}

function functionOf(session: Session, index: number, path: string): unknown {
  const call = (...args: unknown[]): unknown => session.call(index, path, args);
  ObjectDefineProperty(call, 'name', {
    // @ts-expect-error as above
    __proto__: null,
    value: lastPart(path),
    configurable: true,
  });
  return ObjectFreeze(call);
}

function lastPart(path: string): string {
  let from = 0;
  for (let at = 0; at < path.length; at++) if (path[at] === '.') from = at + 1;
  return primordials.StringPrototypeSlice(path, from);
}
