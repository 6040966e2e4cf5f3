/**
 * Answers about the text of one module, by esbuild's parser: is it an ES module, does it parse at all. Reads nothing but the
 * text it is given: without bundling, without source maps and with a tsconfig of its own, esbuild touches no file.
 */
import { build, transform } from './esbuild.ts';

export type Language = 'js' | 'jsx' | 'ts' | 'tsx';

/** Without one of these a text cannot be an ES module: spares most CommonJS files a round trip to esbuild. */
const moduleWords = /\b(?:import|export|await)\b|\\u/;
const moduleStatement = /^\s*(?:import|export)\b(?!\s*[.(])/m;

/** Whether only an ES module may contain this: import and export declarations, `import.meta`, top-level await. */
export async function hasModuleSyntax(text: string, language: Language): Promise<boolean> {
  if (!moduleWords.test(text)) return false;
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
  } catch {
    // The text does not parse. Bundling it will say why; until then the shape of its lines decides.
    return moduleStatement.test(text);
  }
}

export async function parses(text: string, language: Language): Promise<boolean> {
  try {
    await transform(text, { loader: language, logLevel: 'silent', target: 'esnext', tsconfigRaw: '{}' });
    return true;
  } catch {
    // esbuild rejects for errors in the text only; what they are is asked again when the package is bundled.
    return false;
  }
}
