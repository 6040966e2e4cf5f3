/**
 * Answers about the text of one module, by esbuild's parser: is it an ES module, does it parse at all. Reads nothing but the
 * text it is given: without bundling, without source maps and with a tsconfig of its own, esbuild touches no file.
 */
import { limits } from '../model/limits.ts';
import { build, EsbuildEndedError, transform } from './esbuild.ts';

export type Language = 'js' | 'jsx' | 'ts' | 'tsx';

/** Without one of these a text cannot be an ES module: spares most CommonJS files a round trip to esbuild. */
const moduleWords = /\b(?:import|export|await)\b|\\u/;
const moduleStatement = /^\s*(?:import|export)\b(?!\s*[.(])/m;

/**
 * Whether a text is nested so deep that esbuild's recursion would end it (and take 1 GB of memory doing so: about 1.2 kB of
 * stack for each bracket, measured with 0.28). Counts brackets wherever they stand, also in strings: no program comes near.
 */
export function nestsTooDeep(text: string): boolean {
  if (text.length <= limits.nestingMax) return false;
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x28 || code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > limits.nestingMax) return true;
    } else if ((code === 0x29 || code === 0x5d || code === 0x7d) && depth > 0) {
      depth -= 1;
    }
  }
  return false;
}

/** Whether only an ES module may contain this: import and export declarations, `import.meta`, top-level await. */
export async function hasModuleSyntax(text: string, language: Language): Promise<boolean> {
  if (!moduleWords.test(text) || nestsTooDeep(text)) return false;
  try {
    const { metafile } = await build({
      stdin: { contents: text, loader: language, sourcefile: 'module' },
      bundle: false,
      write: false,
      metafile: true,
      sourcemap: false,
      logLevel: 'silent',
      platform: 'node',
      target: 'esnext',
      tsconfigRaw: '{}',
      absWorkingDir: '/',
    });
    return Object.values(metafile.inputs).some((input) => input.format === 'esm');
  } catch (error) {
    if (error instanceof EsbuildEndedError) throw error;
    // The text does not parse. Bundling it will say why; until then the shape of its lines decides.
    return moduleStatement.test(text);
  }
}

export async function parses(text: string, language: Language): Promise<boolean> {
  if (nestsTooDeep(text)) return false;
  try {
    await transform(text, { loader: language, logLevel: 'silent', target: 'esnext', tsconfigRaw: '{}' });
    return true;
  } catch (error) {
    // Of that nobody knows yet whether this text is why.
    if (error instanceof EsbuildEndedError) throw error;
    // Else esbuild rejects for errors in the text only; what they are is asked again when the package is bundled.
    return false;
  }
}
