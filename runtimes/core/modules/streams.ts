/**
 * The standard streams of a guest's process, made when one is first touched: what is written goes to the log, and there is
 * nothing to read.
 */
import { logStreams } from '../../../src/bridge/contract.ts';
import type { CoreContext } from '../context.ts';

interface StreamModule {
  readonly Readable: new (options: object) => StandardStream;
  readonly Writable: new (options: object) => StandardStream;
}

interface StandardStream {
  fd: number;
  isTTY: boolean;
  _type: string;
  push(chunk: null): void;
}

interface Decodable {
  toString(encoding: 'utf8'): string;
}

export function createStandardStream(fd: number, { host, library }: CoreContext): object {
  const { Readable, Writable } = library.require<StreamModule>('stream');
  const stream =
    fd === 0
      ? new Readable({ read() {} })
      : new Writable({
          decodeStrings: false,
          // The process's own streams outlive everything: `end` and `destroy` must not silence the log.
          autoDestroy: false,
          emitClose: false,
          write(chunk: string | Decodable, _encoding: string, done: () => void) {
            host.log(
              fd === 1 ? logStreams.stdout : logStreams.stderr,
              typeof chunk === 'string' ? chunk : chunk.toString('utf8'),
            );
            done();
          },
        });
  if (fd === 0) stream.push(null);
  stream.fd = fd;
  stream.isTTY = false;
  stream._type = 'pipe';
  return stream;
}
