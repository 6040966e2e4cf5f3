import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type AccessKeyOptions, accessKeysOption } from '../../src/cli/access-key-options.ts';
import { limits } from '../../src/model/limits.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

ownTemporaryDirectory();

const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const none: AccessKeyOptions = { accessKey: [], secretKeyFile: [], accessKeys: [] };

function file(content: string, mode = 0o600): string {
  const path = join(mkdtempSync(join(tmpdir(), 'isotherm-keys-')), 'keys');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

function refusal(t: ExecutionContext, options: Partial<AccessKeyOptions>, environment: NodeJS.ProcessEnv = {}): string {
  const { message } = t.throws(() => accessKeysOption({ ...none, ...options }, environment));
  t.false(message.includes(secret.slice(0, 10)));
  return message;
}

test('without keys no signature is asked for, unless it must be', (t) => {
  t.is(accessKeysOption(none, {}), undefined);
  t.regex(
    refusal(t, { requireSignature: true }),
    /^--require-signature needs access keys: --access-key ID with --secret-key-file FILE, --access-keys FILE, or ISOTHERM_ACCESS_KEY_ID and /,
  );
});

test('keys come from options in pairs, from files and from the environment, together', (t) => {
  const environment = { ISOTHERM_ACCESS_KEY_ID: 'D', ISOTHERM_SECRET_ACCESS_KEY: secret };
  const credentials = file(
    `# of the team\n[default]\naws_access_key_id = C\naws_secret_access_key=${secret}\nregion = us-east-1\n\n; another\n[ci]\nAWS_ACCESS_KEY_ID=E\nAWS_SECRET_ACCESS_KEY=${secret}==\n[empty]\n`,
  );
  const keys = accessKeysOption(
    { accessKey: ['A', 'B'], secretKeyFile: [file(`${secret}\n`), file(secret, 0o400)], accessKeys: [credentials] },
    environment,
  );
  t.is(keys?.size, 5);
  for (const id of ['A', 'B', 'C', 'D', 'E']) t.true(keys?.has(id), id);
  // What we start gets an environment without it.
  t.deepEqual(Object.keys(environment), ['ISOTHERM_ACCESS_KEY_ID']);
});

test('AWS’s own variables are not ours: they belong to an account', (t) => {
  t.is(accessKeysOption(none, { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: secret }), undefined);
});

test('what is not whole is named', (t) => {
  t.regex(
    refusal(t, { accessKey: ['A'] }),
    /^--access-key must come with a --secret-key-file each, got 1 --access-key and 0 /,
  );
  t.regex(refusal(t, {}, { ISOTHERM_ACCESS_KEY_ID: 'A' }), /must be set together$/);
  t.regex(refusal(t, {}, { ISOTHERM_SECRET_ACCESS_KEY: secret }), /must be set together$/);
  t.regex(refusal(t, { accessKeys: [file('')] }), /has no access keys$/);
  t.regex(refusal(t, { accessKeys: [file(secret)] }), /line 1 must be \[NAME\], or NAME = VALUE in a section$/);
  t.regex(refusal(t, { accessKeys: [file(`[a]\n${secret}`)] }), /line 2 must be /);
  t.regex(refusal(t, { accessKeys: [file(`[a]\naws_secret_access_key=${secret}`)] }), /section 1 must have both /);
});

test('a file that others may read is refused, and so is what is no small file', (t) => {
  for (const mode of [0o644, 0o640, 0o604, 0o660, 0o620]) {
    const path = file(secret, mode);
    t.is(
      refusal(t, { accessKey: ['A'], secretKeyFile: [path] }),
      `--secret-key-file must be readable by its owner only, ${JSON.stringify(path)} has mode ${mode.toString(8)}: chmod 600`,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'isotherm-keys-'));
  t.regex(refusal(t, { accessKeys: [folder] }), /^--access-keys must be a file, .* is none$/);
  t.regex(refusal(t, { accessKeys: [join(folder, 'absent')] }), /^--access-keys .* cannot be read: ENOENT/);
  const large = file('#'.repeat(limits.accessKeyFileBytesMax + 1));
  t.regex(refusal(t, { accessKeys: [large] }), /^--access-keys must have at most 262144 bytes, .* has 262145$/);
});
