/**
 * Makes what esbuild wrote quicker to start, without moving a line: V8 reads most of a large bundle twice otherwise, and that is most
 * of what its cold start takes. It changes text, so it changes only what can be nothing else than esbuild's own, and leaves a bundle
 * alone in which anything is doubtful.
 */

/** Whether a module's text could become lines that look like those which `withoutIdleNames` drops. */
export function mayNameFunctions(text: string): boolean {
  return nameHelper.test(text);
}

/** Also where a template says it with escapes, which esbuild prints as what they mean. */
const nameHelper = /__name|\\(?:x5f|u005f|u\{0*5f\})/i;

/**
 * Drops the calls that give a function declaration the name which it has. esbuild writes one behind each, in case that it had to
 * rename it; with them V8 cannot pass over the functions of a module when it comes back to compile it.
 */
export function withoutIdleNames(code: string): string {
  return code.replace(idleName, '');
}

const idleName = /^ *__name\(([\w$]+), "\1"\);$/gm;

/**
 * Puts parentheses around the functions that are CommonJS modules: V8 takes that for a hint that they are called at once, and compiles
 * them while it reads the bundle. What comes first would be read to know where it ends, and then again. They stand apart from all names,
 * which V8 would else put before those of their own functions in stack traces.
 * @param inputs names of modules, as esbuild writes them
 */
export function withModulesCompiled(code: string, inputs: ReadonlySet<string>): string {
  const parts: string[] = [];
  const opened = new Set<string>();
  let open: { readonly indent: string; readonly variable: string } | undefined;
  let from = 0;
  for (const match of code.matchAll(moduleEdge)) {
    const [edge, indent = '', variable = '', quoted, parameters = '', inner, outer = ''] = match;
    if (quoted !== undefined) {
      const name: unknown = JSON.parse(quoted);
      if (typeof name !== 'string' || !inputs.has(name)) continue;
      // Within another one, or a second time: one of both is a text.
      if (open !== undefined || opened.has(name)) return code;
      opened.add(name);
      open = { indent, variable };
      const define = `function(load) { ${variable} = __commonJS({ ${quoted}: load }); }`;
      parts.push(code.slice(from, match.index), `${indent};(${define})(\n${indent}  (function(${parameters}) {`);
    } else if (open !== undefined) {
      if (outer !== open.indent || inner !== `${outer}  `) continue;
      parts.push(code.slice(from, match.index), `${inner}})\n${outer});var ${open.variable};`);
      open = undefined;
    } else if (outer.length <= outermostIndent) {
      // This may have been the end of the module before, and what was taken for it a text.
      return code;
    } else {
      continue;
    }
    from = match.index + edge.length;
  }
  return open === undefined ? `${parts.join('')}${code.slice(from)}` : code;
}

/** The begin of a module, or what looks like the end of one. All within a module is indented further, but for texts. */
const moduleEdge =
  /^( *)var ([\w$]+) = __commonJS\(\{\n\1 {2}("(?:[^"\\\n]|\\["\\])*")\(([\w$]*(?:, [\w$]+)?)\) \{$|^( +)\}\n( *)\}\);$/gm;

/** Of modules in a function. */
const outermostIndent = 2;
