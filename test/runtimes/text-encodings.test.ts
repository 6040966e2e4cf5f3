/** What Node asks ICU for, in a guest, compared with Node: decoders, transcoding, domains. */
import test from 'ava';
import { GuestRunner, nodeAnswer } from './harness.ts';

const runner = GuestRunner.start();
test.after.always(async () => (await runner)[Symbol.asyncDispose]());

const programs: Readonly<Record<string, string>> = {
  'decoders, whole and byte by byte': `
    const labels = ['gbk', 'gb18030', 'big5', 'euc-jp', 'iso-2022-jp', 'shift_jis', 'euc-kr', 'utf-16le', 'utf-16be', 'utf-16', 'koi8-r', 'windows-1252', 'x-user-defined', 'replacement', 'nope', 'x-mac-cyrillic', 'iso-8859-8-i'];
    const inputs = [[0x61, 0x62], [0x82, 0xa0, 0x93], [0xc4, 0xe3, 0xba, 0xc3], [0x1b, 0x24, 0x42, 0x24, 0x22, 0x1b, 0x28, 0x42], [0xff, 0xfe, 0x61, 0], [0xfe, 0xff, 0, 0x61], [0x61], [0xd8, 0x3d, 0xde, 0], [0x3d, 0xd8], [0x3d, 0xd8, 0, 0xde], [0xff], [0x80], [], [0x0e, 0x61], [0x7e, 0x5c], [0x81, 0x30, 0x81, 0x30]];
    const attempt = (work) => { try { return work(); } catch (error) { return [error.name, error.code, error.message]; } };
    for (const label of labels) for (const options of [{}, { fatal: true }, { ignoreBOM: true }]) out.push(attempt(() => { const decoder = new TextDecoder(label, options);
      return [decoder.encoding, inputs.map((bytes) => [attempt(() => decoder.decode(new Uint8Array(bytes))), attempt(() => { let text = ''; try { for (const byte of bytes) text += '|' + decoder.decode(new Uint8Array([byte]), { stream: true }); text += '|' + decoder.decode(); } catch (error) { attempt(() => decoder.decode()); return error.code; } return text; })])]; }));`,
  'two decoders in the middle of streams': `const one = new TextDecoder('shift_jis'), two = new TextDecoder('iso-2022-jp'); out.push(one.decode(new Uint8Array([0x82]), { stream: true }), two.decode(new Uint8Array([0x1b, 0x24, 0x42, 0x24]), { stream: true }), one.decode(new Uint8Array([0xa0])), two.decode(new Uint8Array([0x22])), two.decode(new Uint8Array([0x24, 0x22])));`,
  'long text': `const bytes = Buffer.alloc(9_000_000, Buffer.from([0x82, 0xa0, 0x61])); out.push(new TextDecoder('shift_jis').decode(bytes).length, new TextDecoder('shift_jis').decode(bytes.subarray(1)).length);`,
  'what is no buffer': `for (const value of [5, 'x', {}, null]) for (const label of ['utf-8', 'gbk', 'koi8-r', 'utf-16le']) try { new TextDecoder(label).decode(value); } catch (error) { out.push([error.code, error.message]); } out.push(new TextDecoder('gbk').decode(new DataView(new ArrayBuffer(2))));`,
  transcode: `const { transcode } = require('buffer'); const names = ['utf8', 'ascii', 'latin1', 'binary', 'ucs2', 'utf16le', 'hex', 'none'];
    for (const from of names) for (const to of names) for (const bytes of [[97], [0xff, 0x61], [0x61, 0xe2, 0x82], [0xff], [0x3d, 0xd8], [0x3d, 0xd8, 0, 0xde], [0xf0, 0x9f, 0x98, 0x80], [0xac, 0x20, 0xe9, 0], []]) try { out.push(transcode(Buffer.from(bytes), from, to).toString('hex')); } catch (error) { out.push([error.code, error.errno, error.message]); }`,
  'isUtf8 and isAscii': `const { isAscii, isUtf8 } = require('buffer'); for (const bytes of [[0xff], [0x61], [0xc3, 0xa9], [0xc3], []]) out.push(isUtf8(Buffer.from(bytes)), isAscii(Buffer.from(bytes)), isUtf8(new Uint8Array(bytes).buffer)); out.push(isUtf8(Buffer.from('\\ufffd'.repeat(3000))));`,
  domains: `const url = require('url'); for (const domain of ['XN--iNvalid', 'EXAMPLE.com', 'xn--espaol-zwa.com', 'espa\\u00f1ol.com', 'a b', 'a_b.c', '1.2', '127.1', '', 'xn--']) out.push(url.domainToUnicode(domain), url.domainToASCII(domain)); out.push(url.format(new URL('http://user@xn--espaol-zwa.com:80/x?y#z'), { unicode: true }));`,
  'StringDecoder over long chunks': `const { StringDecoder } = require('string_decoder'); const decoder = new StringDecoder('utf8'); const bytes = Buffer.from('\\u20ac\\ud83d\\ude00a'.repeat(3000)); let text = ''; for (let at = 0; at < bytes.length; at += 5003) text += decoder.write(bytes.subarray(at, at + 5003)); text += decoder.end(); out.push(text === bytes.toString(), text.length);`,
};

for (const [title, program] of Object.entries(programs)) {
  const source = `exports.handler = () => { const out = []; ${program} return out; };`;
  test(`text is Node's: ${title}`, async (t) => {
    t.deepEqual(await (await runner).answer(source), await nodeAnswer(source));
  });
}
