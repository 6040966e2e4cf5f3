/**
 * Popular packages, each with a small program that uses it as its users do. The table drives the test, which compares the answer
 * with that of Node itself, and the page on compatibility. Programs answer with plain data that does not depend on the time.
 */
export interface PackageProgram {
  readonly name: string;
  /** What the program imports besides the package itself. */
  readonly beside?: readonly string[];
  /** An ES module that exports `handler`. */
  readonly code: string;
  readonly event?: unknown;
  /** What users have to know. */
  readonly note?: string;
}

/** Events of API Gateway, REST (v1) and HTTP (v2). */
const gateway = {
  v1: {
    resource: '/{proxy+}',
    path: '/hello/Ada',
    httpMethod: 'POST',
    headers: { 'content-type': 'application/json', host: 'api.example.com' },
    multiValueHeaders: { 'content-type': ['application/json'], host: ['api.example.com'] },
    queryStringParameters: { q: '1' },
    multiValueQueryStringParameters: { q: ['1'] },
    pathParameters: { proxy: 'hello/Ada' },
    requestContext: {
      requestId: 'r',
      stage: 'prod',
      httpMethod: 'POST',
      path: '/prod/hello/Ada',
      identity: { sourceIp: '192.0.2.1' },
    },
    body: '{"greeting":"Hej"}',
    isBase64Encoded: false,
  },
  v2: {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/hello/Ada',
    rawQueryString: 'q=1',
    cookies: ['c=1'],
    headers: { 'content-type': 'application/json', host: 'api.example.com', 'content-length': '18' },
    queryStringParameters: { q: '1' },
    requestContext: {
      accountId: '1',
      apiId: 'a',
      domainName: 'api.example.com',
      stage: '$default',
      requestId: 'r',
      timeEpoch: 0,
      http: { method: 'POST', path: '/hello/Ada', protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
    },
    body: '{"greeting":"Hej"}',
    isBase64Encoded: false,
  },
};

/** Answers of both kinds of events, without headers that tell the time. */
const throughGateway = `
const shown = (answer) => ({ statusCode: answer.statusCode, body: answer.isBase64Encoded ? Buffer.from(answer.body, 'base64').toString() : answer.body, type: answer.headers?.['content-type'] ?? answer.multiValueHeaders?.['content-type'], custom: answer.headers?.['x-custom'] ?? answer.multiValueHeaders?.['x-custom'], cookies: answer.cookies });
export const handler = async (event, context) => ({ v1: shown(await adapted(event.v1, context)), v2: shown(await adapted(event.v2, context)) });`;

/** What is written while `run` runs. */
const captured = `
const captured = async (run) => { const lines = []; const streams = [process.stdout, process.stderr]; const before = streams.map(({ write }) => write); for (const stream of streams) stream.write = (text) => { lines.push(...String(text).split('\\n').filter(Boolean)); return true; }; try { await run(); } finally { streams.forEach((stream, at) => { stream.write = before[at]; }); } return lines.map((line) => JSON.parse(line)); };`;

export const packagePrograms: readonly PackageProgram[] = [
  {
    name: 'lodash',
    code: `import _ from 'lodash'; import chunk from 'lodash/chunk.js'; export const handler = async () => [_.groupBy([1.2, 1.8, 2.1], Math.floor), _.merge({ a: { b: 1 } }, { a: { c: 2 } }), _.template('hi <%= name %>')({ name: 'Ada' }), chunk([1, 2, 3], 2), _.cloneDeep(new Map([[1, { a: 1 }]])).get(1), _.debounce(() => {}, 1).name, _.camelCase('foo-bar baz'), _.isEqual({ a: [1] }, { a: [1] })];`,
  },
  {
    name: 'zod',
    code: `import { z } from 'zod'; const user = z.object({ name: z.string().min(2), age: z.coerce.number().int().positive(), email: z.email(), tags: z.array(z.string()).default([]) }); export const handler = async () => { const bad = user.safeParse({ name: 'A', age: -1, email: 'x' }); return [user.parse({ name: 'Ada', age: '36', email: 'ada@example.com' }), bad.error.issues.map((i) => [i.path, i.code, i.message]), z.toJSONSchema(user), await z.string().transform(async (s) => s.length).parseAsync('four')]; };`,
  },
  {
    name: 'uuid',
    code: `import { v4, v5, v7, validate, version, parse, stringify, NIL } from 'uuid'; export const handler = async () => { const id = v4(); return [validate(id), version(id), v5('example.com', v5.DNS), version(v7()), stringify(parse(NIL)), new Set(Array.from({ length: 100 }, () => v4())).size]; };`,
  },
  {
    name: 'bcryptjs',
    code: `import bcrypt from 'bcryptjs'; export const handler = async () => { const hash = await bcrypt.hash('secret', 4); return [hash.length, await bcrypt.compare('secret', hash), bcrypt.compareSync('other', hash), bcrypt.hashSync('a', '$2b$04$abcdefghijklmnopqrstuu'), bcrypt.getRounds(hash)]; };`,
  },
  {
    name: 'jsonwebtoken',
    code: `import jwt from 'jsonwebtoken'; import { generateKeyPairSync } from 'node:crypto'; export const handler = async () => { const out = []; const token = jwt.sign({ sub: 'ada', iat: 1 }, 'secret', { algorithm: 'HS256' }); out.push(token, jwt.verify(token, 'secret')); for (const f of [() => jwt.verify(token, 'wrong'), () => jwt.verify(jwt.sign({ exp: 1 }, 's'), 's')]) try { f(); } catch (e) { out.push([e.name, e.message]); } const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 }); const rs = jwt.sign({ a: 1, iat: 1 }, privateKey, { algorithm: 'RS256' }); out.push(jwt.verify(rs, publicKey, { algorithms: ['RS256'] }), jwt.decode(rs, { complete: true }).header); const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }); out.push(jwt.verify(jwt.sign({ b: 2, iat: 1 }, ec.privateKey, { algorithm: 'ES256' }), ec.publicKey)); return out; };`,
  },
  {
    name: 'jose',
    code: `import * as jose from 'jose'; export const handler = async () => { const secret = new TextEncoder().encode('a-secret-of-thirty-two-bytes-long'); const token = await new jose.SignJWT({ a: 1 }).setProtectedHeader({ alg: 'HS256' }).setIssuedAt(1).setIssuer('me').sign(secret); const { payload } = await jose.jwtVerify(token, secret, { issuer: 'me' }); const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true }); const signed = await new jose.CompactSign(new TextEncoder().encode('text')).setProtectedHeader({ alg: 'ES256' }).sign(privateKey); const jwe = await new jose.CompactEncrypt(new TextEncoder().encode('hidden')).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(secret.slice(0, 32)); return [token, payload, new TextDecoder().decode((await jose.compactVerify(signed, publicKey)).payload), new TextDecoder().decode((await jose.compactDecrypt(jwe, secret.slice(0, 32))).plaintext), (await jose.exportJWK(publicKey)).kty, await jose.jwtVerify(token, new Uint8Array(32)).catch((e) => e.code)]; };`,
  },
  {
    name: 'cheerio',
    code: `import * as cheerio from 'cheerio'; export const handler = async () => { const $ = cheerio.load('<ul><li class=a>One</li><li>Two &amp; <b>three</b></li></ul>'); $('li').first().addClass('first').attr('data-x', '1'); return [$('li').map((_, e) => $(e).text()).get(), $.html('ul'), $('li.a').hasClass('first'), $('b').parent().index(), cheerio.load('<a><b/></a>', { xml: true }).xml()]; };`,
  },
  {
    name: 'handlebars',
    code: `import Handlebars from 'handlebars'; Handlebars.registerHelper('up', (s) => s.toUpperCase()); Handlebars.registerPartial('item', '<li>{{up name}}</li>'); const render = Handlebars.compile('<ul>{{#each items}}{{> item}}{{else}}none{{/each}}</ul>{{raw}} {{{raw}}}'); export const handler = async () => [render({ items: [{ name: 'a' }, { name: 'b' }], raw: '<&>' }), render({}), Handlebars.escapeExpression('"x"')];`,
  },
  {
    name: 'pdf-lib',
    code: `import { PDFDocument, StandardFonts, rgb } from 'pdf-lib'; export const handler = async () => { const pdf = await PDFDocument.create(); const font = await pdf.embedFont(StandardFonts.Helvetica); const page = pdf.addPage([200, 100]); page.drawText('Hello', { x: 10, y: 50, size: 12, font, color: rgb(1, 0, 0) }); pdf.setTitle('T'); const bytes = await pdf.save(); const again = await PDFDocument.load(bytes); return [Buffer.from(bytes).subarray(0, 5).toString(), again.getPageCount(), again.getPage(0).getSize(), again.getTitle(), font.widthOfTextAtSize('Hello', 12)]; };`,
  },
  {
    name: 'sql.js',
    code: `import initSqlJs from 'sql.js'; let SQL; export const handler = async () => { SQL ??= await initSqlJs(); const db = new SQL.Database(); db.run('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)'); const insert = db.prepare('INSERT INTO t (name) VALUES (?)'); for (const name of ['Ada', 'Grace']) insert.run([name]); insert.free(); const copy = new SQL.Database(db.export()); return [db.exec('SELECT * FROM t ORDER BY name DESC'), copy.exec('SELECT count(*) FROM t')[0].values, (() => { try { db.exec('nonsense'); } catch (e) { return e.message; } })()]; };`,
    note: 'its WebAssembly file is read from the deployed package',
  },
  {
    name: 'csv-parse',
    code: `import { parse } from 'csv-parse'; import { parse as parseSync } from 'csv-parse/sync'; import { Readable } from 'node:stream'; export const handler = async () => { const rows = []; for await (const row of Readable.from(['a,b\\n1,"x,', 'y"\\n2,z\\n']).pipe(parse({ columns: true }))) rows.push(row); let error; try { parseSync('a,b\\n1'); } catch (e) { error = e.code; } return [rows, parseSync('1;2\\n3;4', { delimiter: ';', cast: true }), error]; };`,
  },
  {
    name: 'luxon',
    code: `import { DateTime, Duration, Interval } from 'luxon'; export const handler = async () => { const t = DateTime.fromISO('2024-02-28T23:30:00', { zone: 'Europe/Stockholm' }); return [t.plus({ days: 1 }).toISO(), t.setZone('America/New_York').toFormat('yyyy-LL-dd HH:mm ZZZZ'), t.setLocale('sv').toLocaleString(DateTime.DATE_FULL), Duration.fromObject({ hours: 25 }).shiftTo('days', 'hours').toObject(), Interval.fromDateTimes(t, t.plus({ hours: 5 })).length('hours'), t.weekdayLong, DateTime.fromISO('nope').invalidReason]; };`,
  },
  {
    name: 'dayjs',
    code: `import dayjs from 'dayjs'; import utc from 'dayjs/plugin/utc.js'; import timezone from 'dayjs/plugin/timezone.js'; import relative from 'dayjs/plugin/relativeTime.js'; dayjs.extend(utc); dayjs.extend(timezone); dayjs.extend(relative); export const handler = async () => [dayjs.utc('2024-01-31').add(1, 'month').format(), dayjs.tz('2024-07-01 12:00', 'Asia/Tokyo').toISOString(), dayjs.utc('2024-01-01').from(dayjs.utc('2024-01-03')), dayjs('x').isValid()];`,
  },
  {
    name: 'moment',
    code: `import moment from 'moment'; import 'moment/locale/de.js'; export const handler = async () => [moment.utc('2024-02-29').add(1, 'year').format('LLLL'), moment.duration(90, 'minutes').humanize(), moment.utc('31/12/2023', 'DD/MM/YYYY').isoWeek(), moment.locale(), moment('nope', 'YYYY', true).isValid()];`,
  },
  {
    name: 'date-fns',
    code: `import { addMonths, differenceInCalendarDays, format, parseISO } from 'date-fns'; import { sv } from 'date-fns/locale'; export const handler = async () => [format(addMonths(new Date(2024, 0, 31), 1), 'yyyy-MM-dd EEEE', { locale: sv }), differenceInCalendarDays(new Date(2024, 2, 1), new Date(2024, 1, 1)), parseISO('2024-01-01T00:00:00Z').getTime()];`,
  },
  {
    name: 'ajv',
    code: `import Ajv from 'ajv'; import Ajv2020 from 'ajv/dist/2020.js'; const ajv = new Ajv({ allErrors: true }); const validate = ajv.compile({ type: 'object', properties: { a: { type: 'integer', minimum: 1 }, b: { enum: ['x', 'y'] } }, required: ['a'], additionalProperties: false }); export const handler = async () => [validate({ a: 1, b: 'x' }), validate({ a: 0, c: 1 }), validate.errors.map((e) => [e.instancePath, e.message]), new Ajv2020().validate({ prefixItems: [{ type: 'string' }], items: false }, ['a', 1])];`,
  },
  {
    name: 'graphql',
    code: `import { buildSchema, graphql, parse, print, introspectionFromSchema } from 'graphql'; const schema = buildSchema('type User { id: ID!, name: String } type Query { user(id: ID!): User, boom: Int }'); export const handler = async () => [await graphql({ schema, source: 'query($id: ID!) { user(id: $id) { id name } }', rootValue: { user: async ({ id }) => ({ id, name: 'Ada' }) }, variableValues: { id: '7' } }), (await graphql({ schema, source: '{ boom nope }' })).errors.map((e) => e.message), print(parse('{a(b:1){c}}')), introspectionFromSchema(schema).__schema.types.length];`,
  },
  {
    name: 'pngjs',
    code: `import { PNG } from 'pngjs'; export const handler = async () => { const png = new PNG({ width: 4, height: 4 }); for (let i = 0; i < png.data.length; i++) png.data[i] = i * 4; const bytes = PNG.sync.write(png); const read = PNG.sync.read(bytes); const streamed = await new Promise((resolve, reject) => new PNG().parse(bytes, (error, image) => (error ? reject(error) : resolve(image)))); return [bytes.subarray(1, 4).toString(), read.width, Buffer.compare(read.data, png.data), streamed.height, streamed.data.length]; };`,
  },
  {
    name: 'nanoid',
    code: `import { customAlphabet, nanoid } from 'nanoid'; export const handler = async () => [nanoid().length, /^[\\w-]{10}$/.test(nanoid(10)), /^[ab]{5}$/.test(customAlphabet('ab', 5)()), new Set(Array.from({ length: 200 }, () => nanoid())).size];`,
  },
  {
    name: 'iconv-lite',
    code: `import iconv from 'iconv-lite'; export const handler = async () => [iconv.encode('Räksmörgås', 'win1252').toString('hex'), iconv.decode(Buffer.from('82b182f1', 'hex'), 'shift_jis'), iconv.decode(iconv.encode('你好', 'gbk'), 'gbk'), iconv.encodingExists('nope'), iconv.encode('x', 'utf16').toString('hex')];`,
  },
  {
    name: 'xml2js',
    code: `import { Builder, parseStringPromise } from 'xml2js'; export const handler = async () => [await parseStringPromise('<a x="1"><b>t</b><b>u</b></a>'), new Builder({ headless: true }).buildObject({ r: { $: { id: 1 }, v: ['a', 'b'] } }), await parseStringPromise('<a>').catch((e) => e.message)];`,
  },
  {
    name: 'rxjs',
    code: `import { firstValueFrom, from, interval, lastValueFrom, of } from 'rxjs'; import { bufferCount, catchError, map, mergeMap, take, toArray } from 'rxjs/operators'; export const handler = async () => [await lastValueFrom(from([1, 2, 3, 4]).pipe(map((x) => x * x), bufferCount(2), toArray())), await lastValueFrom(interval(1).pipe(take(3), toArray())), await firstValueFrom(of(1).pipe(mergeMap(() => { throw new Error('in pipe'); }), catchError((e) => of(e.message))))];`,
  },
  {
    name: 'semver',
    code: `import semver from 'semver'; export const handler = async () => [semver.satisfies('1.2.3', '^1.2'), semver.inc('1.2.3', 'minor'), semver.sort(['2.0.0', '1.0.0-rc.1', '1.0.0']), semver.coerce('v3.4').version, semver.validRange('nope')];`,
  },
  {
    name: 'js-yaml',
    code: `import { dump, load } from 'js-yaml'; export const handler = async () => { let error; try { load('a: [1'); } catch (e) { error = [e.name, e.reason]; } return [load('a: 1\\nb:\\n  - x\\n  - &y {z: null}\\n  - *y\\n'), dump({ s: 'multi\\nline', n: [1, { a: true }] }), error]; };`,
  },
  {
    name: 'marked',
    code: `import { marked } from 'marked'; export const handler = async () => [marked.parse('# Hi\\n\\n* a\\n* **b**\\n\\n\`code\`\\n\\n| x | y |\\n|---|---|\\n| 1 | 2 |'), marked.lexer('> q').map((t) => t.type)];`,
  },
  {
    name: 'qs',
    code: `import qs from 'qs'; export const handler = async () => [qs.parse('a[b][]=1&a[b][]=2&c=%20d'), qs.stringify({ a: { b: [1, 2] }, n: null }, { arrayFormat: 'repeat' }), qs.parse('a.b=c', { allowDots: true })];`,
  },
  {
    name: 'form-data',
    code: `import FormData from 'form-data'; import { buffer } from 'node:stream/consumers'; import { PassThrough } from 'node:stream'; export const handler = async () => { const form = new FormData(); form.setBoundary('xxBOUNDARYxx'); form.append('a', 'text'); form.append('f', Buffer.from('bytes'), { filename: 'f.txt', contentType: 'text/plain' }); return [form.getHeaders(), form.getLengthSync(), (await buffer(form.pipe(new PassThrough()))).toString()]; };`,
  },
  {
    name: 'yargs',
    code: `import yargs from 'yargs'; export const handler = async () => { const argv = await yargs(['--port', '80', '-v', 'file', '--list', '1', '2']).option('list', { type: 'array' }).boolean('v').parse(); const help = await yargs([]).scriptName('tool').usage('$0 <cmd>').option('x', { describe: 'an x' }).version(false).getHelp(); return [argv.port, argv.v, argv._, argv.list, help.includes('an x')]; };`,
  },
  {
    name: 'commander',
    code: `import { Command } from 'commander'; export const handler = async () => { const seen = []; const program = new Command().name('tool').exitOverride().configureOutput({ writeErr: (text) => seen.push(text.trim()), writeOut: (text) => seen.push(text.trim()) }); program.command('add <file> [more...]').option('-f, --force').action((file, more, options) => seen.push([file, more, options])); await program.parseAsync(['add', 'a', 'b', 'c', '-f'], { from: 'user' }); try { program.parse(['nope'], { from: 'user' }); } catch (e) { seen.push(e.code); } return seen; };`,
  },
  {
    name: 'winston',
    code: `import winston from 'winston'; import { Writable } from 'node:stream'; export const handler = async () => { const lines = []; const stream = new Writable({ write(chunk, _, done) { lines.push(String(chunk).trim()); done(); } }); const logger = winston.createLogger({ level: 'info', format: winston.format.combine(winston.format.errors({ stack: false }), winston.format.splat(), winston.format.json()), transports: [new winston.transports.Stream({ stream })], defaultMeta: { service: 's' } }); logger.info('hello %s', 'Ada'); logger.debug('hidden'); logger.child({ id: 1 }).warn('careful'); await new Promise((resolve) => { logger.on('finish', resolve); logger.end(); }); return lines; };`,
  },
  {
    name: 'pino',
    code: `import pino from 'pino'; export const handler = async () => { const lines = []; const log = pino({ base: null, timestamp: false, redact: ['password'] }, { write: (line) => lines.push(JSON.parse(line)) }); log.info({ a: 1, password: 'x' }, 'hello %s', 'Ada'); log.child({ request: 7 }).error(new RangeError('bad')); log.debug('hidden'); return lines.map(({ err, ...line }) => ({ ...line, err: err && [err.type, err.message] })); };`,
    note: 'transports need threads, which are not offered: write to stdout',
  },
  {
    name: 'express',
    beside: ['serverless-http'],
    event: gateway,
    code: `import express from 'express'; import serverless from 'serverless-http'; const app = express(); app.use(express.json()); app.post('/hello/:name', (req, res) => res.set('x-custom', 'yes').cookie('seen', '1').json({ text: req.body.greeting + ' ' + req.params.name, q: req.query.q })); app.use((req, res) => res.status(404).send('none')); const adapted = serverless(app);${throughGateway}`,
    note: 'with serverless-http',
  },
  {
    name: 'hono',
    event: gateway,
    code: `import { Hono } from 'hono'; import { handle } from 'hono/aws-lambda'; import { cors } from 'hono/cors'; const app = new Hono(); app.use(cors()); app.post('/hello/:name', async (c) => { c.header('x-custom', 'yes'); const { greeting } = await c.req.json(); return c.json({ text: greeting + ' ' + c.req.param('name'), q: c.req.query('q') }); }); app.notFound((c) => c.text('none', 404)); const adapted = handle(app);${throughGateway}`,
    note: 'with hono/aws-lambda',
  },
  {
    name: 'fastify',
    beside: ['@fastify/aws-lambda'],
    event: gateway,
    code: `import Fastify from 'fastify'; import awsLambdaFastify from '@fastify/aws-lambda'; const app = Fastify(); app.post('/hello/:name', { schema: { body: { type: 'object', required: ['greeting'], properties: { greeting: { type: 'string' } } } } }, async (request, reply) => { reply.header('x-custom', 'yes'); return { text: request.body.greeting + ' ' + request.params.name, q: request.query.q }; }); const adapted = awsLambdaFastify(app);${throughGateway}`,
    note: 'with @fastify/aws-lambda',
  },
  {
    name: 'koa',
    beside: ['serverless-http'],
    event: gateway,
    code: `import Koa from 'koa'; import serverless from 'serverless-http'; import { json } from 'node:stream/consumers'; const app = new Koa(); app.use(async (ctx, next) => { await next(); ctx.set('x-custom', 'yes'); }); app.use(async (ctx) => { const body = ctx.request.body ?? (await json(ctx.req)); const { greeting } = Buffer.isBuffer(body) ? JSON.parse(body) : body; ctx.body = { text: greeting + ' ' + ctx.path.split('/').at(-1), q: ctx.query.q }; }); const adapted = serverless(app);${throughGateway}`,
    note: 'with serverless-http',
  },
  {
    name: '@middy/core',
    code: `import middy from '@middy/core'; const steps = []; const step = (name) => ({ before: async () => { steps.push('before ' + name); }, after: async (request) => { steps.push('after ' + name); request.response.steps = steps; }, onError: async (request) => { request.response = { failed: request.error.message }; } }); const inner = middy().use(step('a')).use(step('b')).handler(async (event) => { if (event.fail) throw new Error('inside'); return { got: event.value }; }); export const handler = async (event, context) => [await inner({ value: 1 }, context), await inner({ fail: true }, context)];`,
  },
  {
    name: '@aws-lambda-powertools/logger',
    code: `import { Logger } from '@aws-lambda-powertools/logger'; ${captured} export const handler = async () => { const lines = await captured(async () => { const logger = new Logger({ serviceName: 'orders', logLevel: 'INFO' }); logger.appendKeys({ tenant: 't1' }); logger.info('placed', { order: 7 }); logger.debug('hidden'); logger.error('failed', new Error('broken')); }); return lines.map(({ timestamp, xray_trace_id, sampling_rate, error, ...line }) => ({ ...line, error: error && [error.name, error.message] })); };`,
  },
  {
    name: '@aws-lambda-powertools/metrics',
    code: `import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'; ${captured} export const handler = async () => { const lines = await captured(async () => { const metrics = new Metrics({ namespace: 'shop', serviceName: 'orders' }); metrics.addDimension('stage', 'prod'); metrics.addMetric('placed', MetricUnit.Count, 1); metrics.addMetric('placed', MetricUnit.Count, 2); metrics.publishStoredMetrics(); }); return lines.map((line) => ({ ...line, _aws: { ...line._aws, Timestamp: 0 } })); };`,
  },
  {
    name: '@aws-lambda-powertools/parser',
    beside: ['zod'],
    code: `import { parse } from '@aws-lambda-powertools/parser'; import { JSONStringified } from '@aws-lambda-powertools/parser/helpers'; import { SqsEnvelope } from '@aws-lambda-powertools/parser/envelopes/sqs'; import { z } from 'zod'; const order = z.object({ id: z.number() }); export const handler = async () => { const record = (body) => ({ messageId: 'm', receiptHandle: 'r', body, attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1', SenderId: 's', ApproximateFirstReceiveTimestamp: '1' }, messageAttributes: {}, md5OfBody: 'd41d8cd98f00b204e9800998ecf8427e', eventSource: 'aws:sqs', eventSourceARN: 'arn:aws:sqs:us-east-1:123456789012:q', awsRegion: 'us-east-1' }); let error; try { parse({ Records: [record('nope')] }, SqsEnvelope, JSONStringified(order)); } catch (e) { error = e.name; } return [parse({ Records: [record('{"id":7}')] }, SqsEnvelope, JSONStringified(order)), error]; };`.replace(
      '\'{"id":7}\'',
      'JSON.stringify({ id: 7 })',
    ),
  },
];
