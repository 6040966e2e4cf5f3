/** A function as isotherm and Lambda take it: a zip with one module. */
import type { ZipMember } from '../../src/functions/zip-writer.ts';

export async function zipOf(source: string): Promise<Buffer> {
  const { writeZip } = await import('../../src/functions/zip-writer.ts');
  async function* files(): AsyncGenerator<ZipMember> {
    yield { path: 'index.js', mode: 0o644, content: Buffer.from(source) };
  }
  return Buffer.from(await writeZip(files()));
}
