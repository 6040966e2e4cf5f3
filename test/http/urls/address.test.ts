import test from 'ava';
import { functionUrl, urlTarget } from '../../../src/http/urls/address.ts';

const id = 'abcdefghijklmnopqrstuvwxyz234567';

test('a URL is known by its host name, with or without the region, and by AWS’s own name for it', (t) => {
  const hosts = [
    `${id}.lambda-url.localhost`,
    `${id}.lambda-url.localhost:9001`,
    `${id.toUpperCase()}.Lambda-URL.LocalHost:9001`,
    `${id}.lambda-url.us-east-1.localhost:9001`,
    `${id}.lambda-url.us-east-1.on.aws`,
  ];
  for (const host of hosts) {
    const target = urlTarget(host, '/a?b');
    t.like(target, { urlId: id, rest: '/a?b', form: 'host' }, host);
    t.notRegex(target?.domainName ?? '', /:/);
  }
});

test('no other host name is one', (t) => {
  const hosts = [
    undefined,
    '',
    '127.0.0.1:9001',
    'localhost',
    'lambda-url.localhost',
    '.lambda-url.localhost',
    `${id}.lambda-url.localhost.`,
    `${id}.lambda-url.localhost.evil.com`,
    `${id}.lambda-url.localhost:9001.evil.com`,
    `${id}.lambda-url.localhost:9001@evil.com`,
    `${id}.lambda-url.localhost:`,
    `${id}.lambda-url.localhost:900100`,
    `${id}.lambda-url.localhost, evil.com`,
    `evil.com/${id}.lambda-url.localhost`,
    `a.${id}.lambda-url.localhost`,
    `${id}.lambda-url.evil.com`,
    `${id}.lambda-url.eu-west-1.on.aws`,
    `${id}.lambda-url.on.aws`,
    `${id}.lambda-url.us-east-1.on.aws.evil.com`,
    `${id}-lambda-url.localhost`,
    `${id}.lambda-url.localhost\n.evil.com`,
  ];
  for (const host of hosts) t.is(urlTarget(host, '/a'), undefined, String(host));
});

test('behind the host name of a URL every path is the function’s own', (t) => {
  const host = `${id}.lambda-url.localhost`;
  for (const path of ['/2015-03-31/functions/f/invocations', '/_isotherm/url/x/', '/metrics', '//a/../%2F?x=/']) {
    t.like(urlTarget(host, path), { urlId: id, rest: path });
  }
});

test('a program that cannot resolve the name writes a path', (t) => {
  const at = (path: string) => urlTarget('127.0.0.1:9001', path);
  t.like(at(`/_isotherm/url/${id}/a//b/..?c=%20`), { urlId: id, rest: '/a//b/..?c=%20', form: 'path' });
  t.like(at(`/_isotherm/url/${id}`), { urlId: id, rest: '/' });
  t.like(at(`/_isotherm/url/${id}?a=/b`), { urlId: id, rest: '/?a=/b' });
  t.like(at('/_isotherm/url/'), { urlId: '', rest: '/' });
  t.is(at('/_isotherm/code/f'), undefined);
  t.is(at('/_isotherm/url'), undefined);
});

test('the URL that is told works for whom it is told', (t) => {
  t.is(functionUrl('127.0.0.1:9001', id), `http://${id}.lambda-url.localhost:9001/`);
  t.is(functionUrl('localhost', id), `http://${id}.lambda-url.localhost/`);
  t.is(functionUrl('[::1]:80', id), `http://${id}.lambda-url.localhost:80/`);
  t.is(
    functionUrl('host.docker.internal:9001', id),
    `http://host.docker.internal:9001/_isotherm/url/${id}/`,
    'localhost of a container is not ours',
  );
});
