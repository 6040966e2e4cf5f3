import test from 'ava';
import fc from 'fast-check';
import { ProtocolError } from '../../src/http/api-error.ts';
import { assertPlain, assertShape } from '../../src/http/body-shape.ts';
import { limits } from '../../src/model/limits.ts';

const { requestNestingMax, requestSyntaxBytesMax } = limits;
const nested = (depth: number) => Buffer.from(`${'['.repeat(depth)}${']'.repeat(depth)}`);

test('brackets may be nested so deep, and those in texts do not count', (t) => {
  t.notThrows(() => assertShape(nested(requestNestingMax)));
  const error = t.throws(() => assertShape(nested(requestNestingMax + 1)), { instanceOf: ProtocolError });
  t.is(error.message, 'Could not parse request body into json: nesting must be at most requestNestingMax, which is 64');
  t.notThrows(() => assertShape(Buffer.from(JSON.stringify({ text: '[{'.repeat(1_000), more: '"[\\"[\\' }))));
});

test('many bytes outside texts are refused, long texts are not', (t) => {
  for (const bytes of ['[],', ' ', '1', '"",', '"\\"', '\\"']) {
    const text = `[${bytes.repeat(requestSyntaxBytesMax)}`;
    t.throws(() => assertShape(Buffer.from(text)), { message: /requestSyntaxBytesMax, which is 1048576$/ }, bytes);
    t.throws(() => assertShape(Buffer.from(`["${bytes}${'"'.repeat(requestSyntaxBytesMax)}`)), {
      instanceOf: ProtocolError,
    });
  }
  t.notThrows(() => assertShape(Buffer.from(`{"ZipFile":"${'A'.repeat(16 * requestSyntaxBytesMax)}"}`)));
  t.notThrows(() => assertShape(Buffer.from(`"${'\\'.repeat(4 * requestSyntaxBytesMax)}`)));
});

test('the depth of any JSON is counted as a parser would', (t) => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), fc.constantFrom(0, 1, 2), (value, indent) => {
      // As deep as is allowed, and one deeper: what is inside must be counted exactly.
      const around = (depth: number) =>
        `${'['.repeat(depth)}${JSON.stringify(value, null, indent)}${']'.repeat(depth)}`;
      const room = requestNestingMax - depthOf(value);
      assertShape(Buffer.from(around(room)));
      t.throws(() => assertShape(Buffer.from(around(room + 1))));
    }),
  );
  t.pass();
});

test('a body that is encoded is refused with the encoding, of which little is repeated', (t) => {
  for (const encoding of ['gzip', 'br', 'identity, gzip', 'aws-chunked', 'x'.repeat(10_000)]) {
    const error = t.throws(() => assertPlain({ 'content-encoding': encoding }), { instanceOf: ProtocolError });
    t.is(error.code, 'UnsupportedMediaTypeException');
    t.true(error.message.length < 200);
  }
  for (const headers of [{}, { 'content-encoding': '' }, { 'content-encoding': 'identity' }])
    t.notThrows(() => assertPlain(headers));
});
