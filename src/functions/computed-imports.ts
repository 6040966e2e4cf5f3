/**
 * Keeps esbuild from the host's files. Given `require("./" + name)` it lists the folder that the text seems to mean, on the
 * real disk and whatever the plugins say, and bundles what it finds: `require("../../etc/" + name)` in a stranger's package
 * would read the host. (Seen with esbuild 0.28; a comment `sourceMappingURL=file:///…` makes it read that file, too.)
 *
 * So every text that might contain such a call is first printed by esbuild without bundling, which touches no file, and then
 * each computed argument is passed through a function call, which esbuild leaves alone. The call is of use besides: at run
 * time it makes a relative name absolute, so that it is looked up beside the file that it stands in.
 *
 * Whether a text needs this is decided by its words and errs towards yes: the author may be hostile.
 */
import { parse } from 'acorn';

/** Functions that the bundle's wrapper defines when its text mentions them. */
export const fromFolderFunction = '__isothermFrom';
export const sameFunction = '__isothermSame';

const importWords = /\b(require|import)\b/g;
/** The only forms that cannot compute anything; all others are looked at. */
const plainRequire = /^\s*\(\s*(?:"[^"\\\n\r]*"|'[^'\\\n\r]*')\s*\)/;
const plainImport = /^(?:\s*\(\s*(?:"[^"\\\n\r]*"|'[^'\\\n\r]*')\s*[,)]|\.meta\b|\s*[\w${*"'])/;
/** Escapes that can stand for a letter of `require` or `import` in a name. */
const escapedLetters = /\\u(?:00|\{0*)(?:65|69|6[dD]|6[fF]|70|71|72|74|75)/;

export function mayTouchHost(text: string): boolean {
  if (text.includes('sourceMappingURL') || escapedLetters.test(text)) return true;
  for (const match of text.matchAll(importWords)) {
    const rest = text.slice(match.index + match[0].length, match.index + match[0].length + 1_024);
    if (!(match[1] === 'require' ? plainRequire : plainImport).test(rest)) return true;
  }
  return false;
}

/**
 * `folder`: where relative names lead from, when that is not the entry's folder. `code` is what esbuild printed, so both parsers see the same program.
 * @throws SyntaxError when acorn cannot read it, RangeError when it is nested too deep: the file is then refused
 */
export function guardComputedImports(code: string, folder: string | undefined, system: 'cjs' | 'esm'): string {
  const program: unknown = parse(code, {
    ecmaVersion: 'latest',
    sourceType: system === 'esm' ? 'module' : 'script',
    allowReturnOutsideFunction: true,
    allowAwaitOutsideFunction: true,
    allowSuperOutsideMethod: true,
    allowImportExportEverywhere: true,
    allowReserved: true,
    checkPrivateFields: false,
  });
  const found: Span[] = [];
  const walk = { bindsRequire: false, found };
  visit(program, walk);
  // A file with a `require` of its own may mean something else by it: its names pass through unchanged.
  const guard =
    walk.bindsRequire || folder === undefined ? `${sameFunction}(` : `${fromFolderFunction}(${JSON.stringify(folder)},`;
  const inserts = found.flatMap(({ start, end }) => [
    { at: start, text: guard },
    { at: end, text: ')' },
  ]);
  inserts.sort((a, b) => a.at - b.at);
  let guarded = '';
  let position = 0;
  for (const { at, text } of inserts) {
    guarded += code.slice(position, at) + text;
    position = at;
  }
  return guarded + code.slice(position);
}

interface Span {
  readonly start: number;
  readonly end: number;
}

interface Node extends Span {
  readonly type: string;
  readonly [field: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** An own stack, not recursion: how deep a stranger nests must not end this process. */
function visit(root: unknown, walk: { bindsRequire: boolean; readonly found: Span[] }): void {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (Array.isArray(value)) {
      for (const each of value) open.push(each);
      continue;
    }
    if (!isNode(value)) continue;
    const argument = specifierOf(value);
    if (isNode(argument) && (!isConstant(argument) || isResolve(value.callee)))
      walk.found.push({ start: argument.start, end: argument.end });
    if (bindsRequire(value)) walk.bindsRequire = true;
    for (const member of Object.values(value)) if (typeof member === 'object') open.push(member);
  }
}

function specifierOf(node: Node): unknown {
  if (node.type === 'ImportExpression') return node.source;
  if (node.type !== 'CallExpression' || !Array.isArray(node.arguments)) return undefined;
  return isRequire(node.callee) ? node.arguments[0] : undefined;
}

/** `require`, `require.resolve`, `module.require`, also behind `?.`. */
function isRequire(callee: unknown): boolean {
  if (!isNode(callee)) return false;
  if (callee.type === 'ChainExpression') return isRequire(callee.expression);
  if (callee.type !== 'MemberExpression') return nameOf(callee) === 'require';
  return nameOf(callee.property) === 'require' || isRequire(callee.object);
}

/** `require.resolve` is answered at run time, also for names that are known. */
function isResolve(callee: unknown): boolean {
  if (!isNode(callee)) return false;
  return callee.type === 'ChainExpression' ? isResolve(callee.expression) : nameOf(callee.property) === 'resolve';
}

function nameOf(node: unknown): unknown {
  if (!isNode(node)) return undefined;
  return node.type === 'Identifier' ? node.name : node.value;
}

/** What esbuild resolves as plain names, or cannot read a name from. */
function isConstant(node: unknown): boolean {
  if (!isNode(node)) return false;
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string';
    case 'TemplateLiteral':
      return Array.isArray(node.expressions) && node.expressions.length === 0;
    case 'ConditionalExpression':
      return isPlainString(node.consequent) && isPlainString(node.alternate);
    default:
      return node.type === 'SpreadElement';
  }
}

function isPlainString(node: unknown): boolean {
  return isNode(node) && node.type === 'Literal' && typeof node.value === 'string';
}

function bindsRequire(node: Node): boolean {
  switch (node.type) {
    case 'VariableDeclarator':
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ClassDeclaration':
      return nameOf(node.id) === 'require' || bindsInParameters(node);
    case 'ArrowFunctionExpression':
      return bindsInParameters(node);
    case 'ImportSpecifier':
    case 'ImportDefaultSpecifier':
    case 'ImportNamespaceSpecifier':
      return nameOf(node.local) === 'require';
    default:
      return false;
  }
}

function bindsInParameters(node: Node): boolean {
  return Array.isArray(node.params) && node.params.some((parameter) => nameOf(parameter) === 'require');
}
