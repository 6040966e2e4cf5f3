import test from 'ava';
import {
  decodeBuildProgress,
  decodeBuildRequest,
  decodeBuiltinIndex,
  decodeManifest,
  imageFormat,
} from '../../src/protocol/image-manifest.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';

const manifest = { format: imageFormat, key: 'k', kind: 'snapshot', files: { 'core.js': 'ab' } };
const script = {
  ...{ kind: 'script', ids: ['fs'], filename: 'node:fs' },
  ...{ sourceOffset: 0, sourceBytes: 2, cacheOffset: 2, cacheBytes: 3 },
};
const index = { scripts: [script], closures: { fs: { scripts: ['fs'], ahead: [] } } };
const request = {
  ...{ key: 'k', guest: 'g', modules: { a: 'x' }, cryptoThread: 'c', snapshot: 'on', extraBaseCode: '' },
  nativeModulePath: '/guest.node',
};

test('a manifest is read as it was written', (t) => {
  t.deepEqual(decodeManifest(JSON.stringify(manifest)), manifest);
  t.is(decodeManifest(JSON.stringify({ ...manifest, reason: 'switched off' })).reason, 'switched off');
});

test('a manifest of another format is refused', (t) => {
  const error = t.throws(() => decodeManifest(JSON.stringify({ ...manifest, format: imageFormat + 1 })), {
    instanceOf: ProtocolError,
  });
  t.is(error?.field, 'manifest.format');
});

test('what a manifest lacks or has wrong is named', (t) => {
  const field = (changed: object): string | undefined =>
    t.throws(() => decodeManifest(JSON.stringify({ ...manifest, ...changed })), { instanceOf: ProtocolError })?.field;
  t.is(field({ key: undefined }), 'manifest.key');
  t.is(field({ kind: 'zip' }), 'manifest.kind');
  t.is(field({ reason: 1 }), 'manifest.reason');
  t.is(field({ files: { 'core.js': 1 } }), 'manifest.files');
  t.is(field({ files: [] }), 'manifest.files');
  t.throws(() => decodeManifest('{'), { instanceOf: SyntaxError });
});

test('an index is read as it was written', (t) => {
  t.deepEqual(decodeBuiltinIndex(JSON.stringify(index)), index);
});

test('an index with a place that is none is refused', (t) => {
  for (const name of ['sourceOffset', 'sourceBytes', 'cacheOffset', 'cacheBytes']) {
    for (const value of [-1, 0.5, '1', undefined]) {
      const wrong = { ...index, scripts: [{ ...script, [name]: value }] };
      const error = t.throws(() => decodeBuiltinIndex(JSON.stringify(wrong)), { instanceOf: ProtocolError });
      t.is(error?.field, `builtin.${name}`);
    }
  }
  t.throws(() => decodeBuiltinIndex(JSON.stringify({ ...index, scripts: {} })), { instanceOf: ProtocolError });
});

test('what the builder is asked, and what it says, is read as it was written', (t) => {
  t.deepEqual(decodeBuildRequest(JSON.stringify(request)), request);
  const progress = { stage: 'snapshot', detail: '400 KiB' };
  t.deepEqual(decodeBuildProgress(JSON.stringify(progress)), progress);
  t.throws(() => decodeBuildRequest(JSON.stringify({ ...request, snapshot: 'perhaps' })), {
    instanceOf: ProtocolError,
  });
  t.throws(() => decodeBuildProgress('{"stage":"done","detail":""}'), { instanceOf: ProtocolError });
});
