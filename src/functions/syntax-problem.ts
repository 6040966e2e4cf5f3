/**
 * A mistake in the text of a package's file: found when the package is bundled, reported when the function starts
 * (LAMBDA.md A2.10). esbuild finds it; V8, which would have found it on Lambda, has other words, and clients know V8's.
 */
import { programmingModel, type RuntimeIdentifier } from '../model/runtime-identifier.ts';
import type { Message } from './esbuild.ts';
import type { InitError } from './resolve-handler.ts';

export interface SyntaxProblem {
  /** `/var/task/index.js` */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  readonly lineText: string;
  /** V8's words, without `SyntaxError: `. */
  readonly message: string;
}

/** Minified files have lines of megabytes; a message shows what is around the mistake. */
const lineTextCharsMax = 200;

export function syntaxProblem(file: string, message: Message): SyntaxProblem {
  const location = message.location;
  return problemAt(
    file,
    Math.max(1, location?.line ?? 1),
    location?.column ?? 0,
    location?.lineText ?? '',
    v8Text(message),
  );
}

/** `column` is 0-based, as esbuild and source maps have it. */
export function problemAt(
  file: string,
  line: number,
  column: number,
  lineText: string,
  message: string,
): SyntaxProblem {
  const from = Math.max(0, Math.min(column, lineText.length) - lineTextCharsMax / 2);
  return { file, line, column: column + 1, lineText: lineText.slice(from, from + lineTextCharsMax), message };
}

/** What Lambda reports when loading the file fails. Node 24's client keeps the error's own stack, the older one makes a new error. */
export function userCodeSyntaxError(problem: SyntaxProblem, runtime: RuntimeIdentifier): InitError {
  const text = `SyntaxError: ${problem.message}`;
  const stack =
    programmingModel(runtime) === 'promise'
      ? sourceLines(problem).concat('', text)
      : [`Runtime.UserCodeSyntaxError: ${text}`, `    at ${problem.file}:${problem.line}:${problem.column}`];
  return { kind: 'error', errorType: 'Runtime.UserCodeSyntaxError', errorMessage: text, stack };
}

/** The head of V8's stack for a syntax error: place, line, caret. */
export function sourceLines(problem: SyntaxProblem): string[] {
  const indent = ' '.repeat(Math.min(problem.column - 1, problem.lineText.length));
  return [`${problem.file}:${problem.line}`, problem.lineText, `${indent}^`];
}

type Rewrite = readonly [esbuild: RegExp, v8: string | ((...parts: string[]) => string)];

/** esbuild's texts on the left, V8's on the right, as both print them for the same mistake. */
const rewrites: readonly Rewrite[] = [
  [/^Unexpected end of file$|but found end of file$/, 'Unexpected end of input'],
  [/^Unterminated string literal$|^Syntax error "/, 'Invalid or unexpected token'],
  [/^Unterminated template literal$/, 'Unterminated template literal'],
  [/^Unterminated regular expression$/, 'Invalid regular expression: missing /'],
  [/^Expected identifier but found "\("$/, 'Function statements require a function name'],
  [
    /^Expected .* but found "(.*)"$|^Unexpected "(.*)"$/s,
    (found = '', unexpected = '') => unexpectedToken(found || unexpected),
  ],
  [/^The symbol "(.*)" has already been declared$/, (name) => `Identifier '${name}' has already been declared`],
  [/^The constant "(.*)" must be initialized$/, 'Missing initializer in const declaration'],
  [/^Invalid assignment target$/, 'Invalid left-hand side in assignment'],
  [/^"await" can only be used inside an "async" function$/, awaitOutsideAsync()],
  [/^Cannot use "break" here/, 'Illegal break statement'],
  [/^Cannot use "continue" here/, 'Illegal continue statement: no surrounding iteration statement'],
  [/^With statements cannot be used/, 'Strict mode code may not include a with statement'],
  [/^Legacy octal literals cannot be used/, 'Octal literals are not allowed in strict mode.'],
  [/^Delete of a bare identifier cannot be used/, 'Delete of an unqualified identifier in strict mode.'],
];

export function awaitOutsideAsync(): string {
  return 'await is only valid in async functions and the top level bodies of modules';
}

function v8Text(message: Message): string {
  if (message.text.startsWith('Expected ")" but found ') && isInsideCall(message))
    return 'missing ) after argument list';
  for (const [esbuild, v8] of rewrites) {
    const match = esbuild.exec(message.text);
    if (match !== null) return typeof v8 === 'string' ? v8 : v8(...match.slice(1));
  }
  return message.text;
}

/** Whether the innermost parenthesis that is open before the mistake follows a name, as that of a call does. */
function isInsideCall({ location }: Message): boolean {
  const before = location?.lineText.slice(0, location.column) ?? '';
  let closed = 0;
  for (let index = before.length - 1; index >= 0; index -= 1) {
    if (before[index] === ')') closed += 1;
    if (before[index] !== '(') continue;
    if (closed === 0)
      return (
        /[\w$)\]]\s*$/.test(before.slice(0, index)) &&
        !/\b(?:for|if|while|switch|catch|with)\s*$/.test(before.slice(0, index))
      );
    closed -= 1;
  }
  return false;
}

function unexpectedToken(token: string): string {
  // esbuild quotes the token once more when it is a string.
  if (/^\\?["'`]/.test(token)) return token.includes('`') ? 'Unexpected template string' : 'Unexpected string';
  if (/^\d/.test(token)) return 'Unexpected number';
  if (strictReserved.has(token)) return 'Unexpected strict mode reserved word';
  if (keywords.has(token)) return `Unexpected token '${token}'`;
  return /^[\p{ID_Start}$_#]/u.test(token) ? `Unexpected identifier '${token}'` : `Unexpected token '${token}'`;
}

const strictReserved: ReadonlySet<string> = new Set([
  'implements',
  'interface',
  'package',
  'private',
  'protected',
  'public',
]);
const keywords: ReadonlySet<string> = new Set(
  (
    'break case catch class const continue debugger default delete do else export extends false finally for function if import in ' +
    'instanceof new null return super switch this throw true try typeof var void while with'
  ).split(' '),
);
