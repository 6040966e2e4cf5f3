/** The command line: what commands and options there are. Each command is a file of its own and returns its exit status. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { limits } from '../model/limits.ts';
import { endpointDefault } from './endpoint.ts';
import { type ExitStatus, exitStatus } from './exit-status.ts';
import { Outlet } from './outlet.ts';
import { reportError } from './report-error.ts';

const collect = (value: string, previous: readonly string[]): readonly string[] => [...previous, value];

const hardening = [
  '--hardening <mode>',
  'auto, required (at least S2), off, or the least level to start with: S0 to S4',
  'auto',
] as const;

function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String(text);
}

const limit = [
  '--limit <NAME=NUMBER>',
  'a limit of the engine or, stricter than its default, of every function: logBytes=10000; may be repeated (docs/limits.md)',
  collect,
  [] as readonly string[],
] as const;

const endpoint = ['--endpoint <url>', 'of the server', endpointDefault] as const;

/** What a shell reports for a program that SIGPIPE ended; Node ignores that signal and raises an error instead. */
const brokenPipeStatus = 141;

const endOfReader = (): never => process.exit(brokenPipeStatus);

function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      endOfReader();
    });
  }
}

function openOutlet(descriptor: 1 | 2, stream: StdioStream): Outlet {
  return new Outlet({ descriptor, onBroken: endOfReader, unblock: () => stream._handle?.setBlocking?.(false) });
}

/** Node has no public name for it; libuv calls it `uv_stream_set_blocking`. */
type StdioStream = NodeJS.WriteStream & { readonly _handle?: { setBlocking?(isBlocking: boolean): void } };

/** Runs one command; resolves to the exit status and never rejects. */
export async function main(args: readonly string[]): Promise<ExitStatus> {
  endWithReader();
  using stdout = openOutlet(1, process.stdout);
  using stderr = openOutlet(2, process.stderr);
  const outlets = { stdout, stderr };
  let status: ExitStatus = exitStatus.answered;
  const program = new Command('isotherm')
    .description('Runs untrusted functions the way AWS Lambda does, one V8 isolate per execution environment.')
    .version(version())
    .exitOverride()
    .showHelpAfterError('(isotherm --help lists commands and options)');

  program
    .command('invoke')
    .description('deploy a file, directory or zip and invoke it; payload on stdout, log on stderr')
    .argument('<target>', 'file, directory or zip; with --data-dir also the name of a deployed function')
    .option('--event <json>', 'the event: JSON, @file, or - for standard input', '{}')
    .option('--handler <file.export>', 'the handler (default: index.handler)')
    .option('--runtime <identifier>', 'nodejs, nodejs18.x to nodejs26.x (default: nodejs24.x)')
    .option('--memory <MiB>', 'memory size, 128 to 10240 (default: 128)')
    .option('--timeout <seconds>', 'timeout, 1 to 900 (default: 3)')
    .option('--clock <policy>', 'real, coarse or frozen (default: real)')
    .option('--env <NAME=VALUE>', 'an environment variable; may be repeated', collect, [])
    .option(
      '--allow-net <HOST[:PORT]>',
      'what the function may reach: host:443, *.example.com, 10.0.0.0/8:5432, localhost:5432, public; may be repeated',
      collect,
      [],
    )
    .option(
      '--layer <DIR|ZIP>',
      'what the function finds below /opt; may be repeated, later ones lie over earlier ones',
      collect,
      [],
    )
    .option(...limit)
    .option('--repeat <count>', 'invoke this many times, one after the other', '1')
    .option(...hardening)
    .option('--json', 'one JSON line for each invocation, with its report')
    .option('--data-dir <directory>', 'where deployed functions are kept')
    .action(async (target, options) => {
      const { invokeCommand } = await import('./invoke-command.ts');
      status = await invokeCommand(target, options, outlets);
      // Nothing else is to be done, so it waits for its reader as other programs do; a signal ends it.
      await stderr.drained(Number.POSITIVE_INFINITY);
    });

  program
    .command('serve')
    .description('serve the AWS Lambda API; deploys what lies in [directory] first')
    .argument('[directory]', 'directory of functions: modules, zips, and directories with an index module')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on, 0 for any', '9001')
    .option('--data-dir <directory>', 'keep functions here across restarts')
    .option('--access-key <ID>', 'requests must be signed with this access key; may be repeated', collect, [])
    .option('--secret-key-file <FILE>', 'the secret of that access key, in a file of mode 600', collect, [])
    .option(
      '--access-keys <FILE>',
      'access keys in the format of ~/.aws/credentials, in a file of mode 600',
      collect,
      [],
    )
    .option('--require-signature', 'do not start without access keys')
    .option(...hardening)
    .option('--isolation <mode>', 'domain or function', 'domain')
    .option('--templates <mode>', 'auto or off: fork sandboxes after the first, or start each anew', 'auto')
    .option(
      '--allow-net <HOST[:PORT]>',
      'what functions of the directory may reach: host:443, *.example.com, 10.0.0.0/8:5432, localhost:5432, public; may be repeated',
      collect,
      [],
    )
    .option(
      '--layer <DIR|ZIP>',
      'what functions of the directory find below /opt; may be repeated, later ones lie over earlier ones',
      collect,
      [],
    )
    .option(...limit)
    .option(
      '--destination <ARN|SERVICE=URL>',
      'where records of asynchronous events go: sqs=http://127.0.0.1:9324, sns=post+http://..., arn:...=file:NAME; may be repeated (docs/async.md)',
      collect,
      [],
    )
    .option('--destination-dir <directory>', 'where files of --destination are')
    .option(
      '--async-delay-scale <FACTOR>',
      'shrink the waits of asynchronous events, for tests: with 0.001 a minute is 60 ms',
      '1',
    )
    .option(
      '--redis-stream <NAME=URL#KEYS>',
      'streams of a Redis server for event source mappings: NAME=redis://host:6379/0#key,key, or NAME=env:VARIABLE#key where a variable has the URL; may be repeated',
      collect,
      [],
    )
    .option('--bucket <NAME=DIR>', 'watch a directory as a bucket of S3; may be repeated', collect, [])
    .option(
      '--notify <NAME=FUNCTION>',
      'invoke a function when a file of a bucket appears: NAME=FUNCTION[,event=s3:ObjectRemoved:*][,prefix=in/][,suffix=.png]; may be repeated',
      collect,
      [],
    )
    .option('--log-keep-mib <MiB>', "how much of functions' logs is kept (default: 2048 in files, 16 in memory)")
    .option('--log-keep-days <days>', 'for how long (default: while there is room)')
    .action(async (directory, options) => {
      const { serveCommand } = await import('./serve-command.ts');
      status = await serveCommand(directory, options, outlets);
    });

  program
    .command('deploy')
    .description('make or update a function on a running server; prints a line when it is Active')
    .argument(
      '<path>',
      'file, directory or zip; a directory without an index module: each function in it, as with serve',
    )
    .option('--name <name>', 'of the function (default: that of the file or directory)')
    .option('--handler <file.export>', 'the handler (default: index.handler)')
    .option('--runtime <identifier>', 'nodejs, nodejs18.x to nodejs26.x (default: nodejs24.x)')
    .option('--memory <MiB>', 'memory size, 128 to 10240 (default: 128)')
    .option('--timeout <seconds>', 'timeout, 1 to 900 (default: 3)')
    .option('--description <text>', 'kept and shown')
    .option('--env <NAME=VALUE>', 'an environment variable; may be repeated, replaces all', collect, [])
    .option(...endpoint)
    .action(async (path, options) => {
      const { deployCommand } = await import('./deploy-command.ts');
      status = await deployCommand(path, options, outlets);
    });

  program
    .command('list')
    .description('list the functions of a running server')
    .option('--json', 'for machines')
    .option(...endpoint)
    .action(async (options) => {
      const { listCommand } = await import('./list-command.ts');
      status = await listCommand(options, outlets);
    });

  program
    .command('logs')
    .description('show what a function printed')
    .argument('<function>', 'name or ARN of a function, or a log group such as /aws/lambda/greet')
    .option('--follow', 'go on with what it prints from now on, until Ctrl-C')
    .option('--since <time>', '30s, 5m, 2h, 1d or 2026-01-31T12:00:00Z (default: 1h)')
    .option('--filter <pattern>', 'as in CloudWatch Logs: terms, "phrases", -not, ?any, { $.level = "ERROR" }')
    .option('--json', 'one JSON line for each event')
    .option('--endpoint <url>', `of the server (default: ${endpointDefault})`)
    .option('--data-dir <directory>', 'read the files there, with or without a server')
    .action(async (target, options) => {
      const { logsCommand } = await import('./logs-command.ts');
      status = await logsCommand(target, options, outlets);
    });

  program
    .command('top')
    .description('show what functions do: rates, errors, durations, environments; until Ctrl-C')
    .option('--interval <seconds>', 'between two looks, 1 to 3600', '2')
    .option('--count <looks>', 'end after so many')
    .option('--json', 'one JSON line for each look')
    .option(...endpoint)
    .action(async (options) => {
      const { topCommand } = await import('./top-command.ts');
      status = await topCommand(options, outlets);
    });

  program
    .command('doctor')
    .description('show what holds on this machine, and what would raise the level; starts a sandbox to find out')
    .option('--json', 'for machines')
    .action(async (options) => {
      const { doctorCommand } = await import('./doctor-command.ts');
      status = await doctorCommand(options);
    });

  program
    .command('bench')
    .description('measure isotherm beside other ways to run functions on this machine; table on stdout')
    .option('--quick', 'fewer rounds: less than a minute on two quiet cores')
    .option('--scenario <names>', 'only these, with commas between them')
    .option('--peer <names>', 'isotherm and only these, with commas between them (default: all that are installed)')
    .option('--seed <number>', 'of the order of peers and of what arrives when (default: 1)')
    .option('--json <file>', 'write every sample and the machine')
    .option('--html <file>', 'write a report with plots')
    .option('--from <file>', 'show the result that --json wrote earlier, and run nothing')
    .option('--markdown', 'print the ratios as a table in Markdown')
    .option('--modules', 'instead: what the first use of each module of Node costs')
    .action(async (options) => {
      const { benchCommand } = await import('./bench-command.ts');
      status = await benchCommand(options);
    });

  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    // Commander has printed its own message; help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.answered : exitStatus.usage;
    status = reportError(error, stderr);
  }
  await Promise.all([stdout, stderr].map((outlet) => outlet.drained(limits.commandOutputPatienceMs)));
  return status;
}
