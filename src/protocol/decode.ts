/**
 * Heads as they arrive become typed values here, in both directions. The host decodes what a sandbox wrote that may have been
 * taken over, so every field is checked for type, range and length, and only named fields are copied.
 */

import { isContentType } from '../bridge/answer.ts';
import { type EntryPoint, initializationTypes } from '../bridge/contract.ts';
import { type GuestLimits, guestLimitNames, guestLimitsDefault } from '../model/guest-limits.ts';
import { isLimitReason, type LimitEffect, type LimitHit, limitHit, limitReasons } from '../model/limit-reason.ts';
import { limits } from '../model/limits.ts';
import { decodeHardening } from './decode-hardening.ts';
import {
  boolean,
  duration,
  integer,
  list,
  nameCharsMax,
  oneOf,
  optionalText,
  record,
  safe,
  text,
  texts,
} from './decode-value.ts';
import type {
  AnswerChunkHead,
  AnswerCreditHead,
  CreateHead,
  CreateReply,
  DefineHead,
  DestroyHead,
  FailedReply,
  GuestEventHead,
  GuestRequestHead,
  HelloHead,
  InitReport,
  InvokeHead,
  InvokeReply,
  LogHead,
  OverrunHead,
  PingHead,
  PingReply,
  StoreRange,
} from './messages.ts';
import { ProtocolError } from './protocol-error.ts';

const exitCodeMax = 255;

// Sandbox to host.

export function decodeHello(head: unknown): HelloHead {
  const hello = record(head, 'hello');
  return {
    protocol: integer(hello.protocol, 'hello.protocol', 0, safe),
    pid: integer(hello.pid, 'hello.pid', 1, safe),
    node: text(hello.node, 'hello.node'),
    v8: text(hello.v8, 'hello.v8'),
    isolatedVm: text(hello.isolatedVm, 'hello.isolatedVm'),
    runtimeKey: text(hello.runtimeKey, 'hello.runtimeKey'),
    runtimeKind: oneOf(hello.runtimeKind, 'hello.runtimeKind', ['snapshot', 'code-cache']),
    hardening: decodeHardening(hello.hardening, 'hello.hardening'),
  };
}

export function decodeLog(head: unknown): LogHead {
  const log = record(head, 'log');
  return {
    environmentId: text(log.environmentId, 'log.environmentId'),
    ...(log.requestId === undefined ? {} : { requestId: text(log.requestId, 'log.requestId') }),
    kind: oneOf(log.kind, 'log.kind', ['line', 'raw']),
  };
}

/** The request itself is decoded by whoever carries it out. */
export function decodeGuestRequest(head: unknown): GuestRequestHead {
  const { environmentId, incarnation, service, request } = record(head, 'guestRequest');
  return {
    environmentId: text(environmentId, 'guestRequest.environmentId'),
    incarnation: integer(incarnation, 'guestRequest.incarnation', 0, safe),
    service: oneOf(service, 'guestRequest.service', ['network', 'bindings']),
    request: record(request, 'guestRequest.request'),
  };
}

export function decodeGuestEvent(head: unknown): GuestEventHead {
  const { environmentId, incarnation, service, event } = record(head, 'guestEvent');
  return {
    environmentId: text(environmentId, 'guestEvent.environmentId'),
    incarnation: integer(incarnation, 'guestEvent.incarnation', 0, safe),
    service: oneOf(service, 'guestEvent.service', ['network', 'bindings']),
    event: record(event, 'guestEvent.event'),
  };
}

export function decodeAnswerChunk(head: unknown): AnswerChunkHead {
  const { environmentId, requestId, contentType } = record(head, 'answerChunk');
  return {
    environmentId: text(environmentId, 'answerChunk.environmentId'),
    requestId: text(requestId, 'answerChunk.requestId'),
    ...(contentType !== undefined && { contentType: headerText(contentType, 'answerChunk.contentType') }),
  };
}

/** It becomes the value of an HTTP header. */
function headerText(value: unknown, path: string): string {
  const given = text(value, path, limits.responseContentTypeCharsMax);
  if (!isContentType(given)) throw new ProtocolError(path, 'the value of a header', given);
  return given;
}

export function decodeCreateReply(head: unknown): CreateReply {
  const reply = record(head, 'createReply');
  return {
    init: initReport(reply.init, 'createReply.init'),
    isolateMs: duration(reply.isolateMs, 'createReply.isolateMs'),
    ...logBytesDropped(reply.logBytesDropped, 'createReply.logBytesDropped'),
    ...limitHits(reply.limits, 'createReply.limits'),
  };
}

export function decodeInvokeReply(head: unknown): InvokeReply {
  const reply = record(head, 'invokeReply');
  const { init, cpuMs, logBytesDropped: dropped, limits: hits } = reply;
  const decoded = {
    outcome: outcome(reply.outcome),
    durationMs: duration(reply.durationMs, 'invokeReply.durationMs'),
    freezeMs: duration(reply.freezeMs, 'invokeReply.freezeMs'),
    memoryPeakBytes: integer(reply.memoryPeakBytes, 'invokeReply.memoryPeakBytes', 0, safe),
    longestSliceMs: duration(reply.longestSliceMs, 'invokeReply.longestSliceMs'),
  };
  const cpu = cpuMs === undefined ? undefined : duration(cpuMs, 'invokeReply.cpuMs');
  if (init === undefined && dropped === undefined && hits === undefined) {
    // As nearly always: nothing is put together from parts then.
    return cpu === undefined ? decoded : { ...decoded, cpuMs: cpu };
  }
  return {
    ...decoded,
    ...(cpu !== undefined && { cpuMs: cpu }),
    ...(init !== undefined && { init: initReport(init, 'invokeReply.init') }),
    ...logBytesDropped(dropped, 'invokeReply.logBytesDropped'),
    ...limitHits(hits, 'invokeReply.limits'),
  };
}

export function decodePingReply(head: unknown): PingReply {
  const reply = record(head, 'pingReply');
  return {
    environments: integer(reply.environments, 'pingReply.environments', 0, safe),
    rssBytes: integer(reply.rssBytes, 'pingReply.rssBytes', 0, safe),
    ...(reply.running === undefined ? {} : { running: list(reply.running, 'pingReply.running', nameCharsMax) }),
  };
}

export function decodeOverrun(head: unknown): OverrunHead {
  const overrun = record(head, 'overrun');
  return {
    environmentId: text(overrun.environmentId, 'overrun.environmentId'),
    limit: oneHit(overrun.limit, 'overrun.limit'),
  };
}

/** Of `define` and `destroy`: `{}`. */
export function decodeEmptyReply(head: unknown): Readonly<Record<string, never>> {
  record(head, 'reply');
  return {};
}

/** Undefined when the reply is not a FailedReply. */
export function decodeFailedReply(head: unknown): FailedReply | undefined {
  const { failed } = record(head, 'reply');
  if (failed === undefined) return undefined;
  return { failed: text(failed, 'reply.failed', limits.errorMessageCharsMax) };
}

function outcome(value: unknown): InvokeReply['outcome'] {
  const { kind, errorType, code, payloadBytes } = record(value, 'invokeReply.outcome');
  switch (kind) {
    case 'success':
    case 'timeout':
    case 'killed':
    case 'out-of-memory':
      return { kind };
    case 'error':
    case 'fatal':
    case 'init-error':
      return { kind, errorType: text(errorType, 'invokeReply.outcome.errorType') };
    case 'exit':
      return { kind, code: integer(code, 'invokeReply.outcome.code', 0, exitCodeMax) };
    case 'response-too-large':
      return { kind, payloadBytes: integer(payloadBytes, 'invokeReply.outcome.payloadBytes', 0, safe) };
    default:
      throw new ProtocolError('invokeReply.outcome.kind', 'an outcome', kind);
  }
}

function initReport(value: unknown, path: string): InitReport {
  const { status, durationMs, errorType, code } = record(value, path);
  switch (status) {
    case 'deferred':
      return { status };
    case 'success':
    case 'timeout':
    case 'killed':
    case 'out-of-memory':
      return { status, durationMs: duration(durationMs, `${path}.durationMs`) };
    case 'error':
      return {
        status,
        durationMs: duration(durationMs, `${path}.durationMs`),
        errorType: text(errorType, `${path}.errorType`),
      };
    case 'exit':
      return {
        status,
        durationMs: duration(durationMs, `${path}.durationMs`),
        code: integer(code, `${path}.code`, 0, exitCodeMax),
      };
    default:
      throw new ProtocolError(`${path}.status`, 'the status of an init phase', status);
  }
}

function logBytesDropped(value: unknown, path: string): { readonly logBytesDropped?: number } {
  return value === undefined ? {} : { logBytesDropped: integer(value, path, 0, safe) };
}

function limitHits(value: unknown, path: string): { readonly limits?: readonly LimitHit[] } {
  if (value === undefined) return {};
  if (!Array.isArray(value)) throw new ProtocolError(path, 'an array', value);
  if (value.length > hitsMax) throw new ProtocolError(path, `at most ${hitsMax} entries`, value.length);
  return { limits: value.map((hit) => oneHit(hit, path)) };
}

function oneHit(value: unknown, path: string): LimitHit {
  const { limit, effect, value: most, found } = record(value, path);
  if (!isLimitReason(limit)) throw new ProtocolError(`${path}.limit`, 'the name of a limit', limit);
  return limitHit(
    limit,
    duration(most, `${path}.value`),
    duration(found, `${path}.found`),
    oneOf<LimitEffect>(effect, `${path}.effect`, ['ended', 'cut', 'refused']),
  );
}

const hitsMax = 3 * Object.keys(limitReasons).length;

// Host to sandbox.

export function decodeDefine(head: unknown): DefineHead {
  const define = record(head, 'define');
  return {
    versionKey: text(define.versionKey, 'define.versionKey'),
    settings: settings(define.settings),
    ...(define.bundle === undefined ? {} : { bundle: storeRange(define.bundle, 'define.bundle') }),
    ...(define.sourceMap === undefined ? {} : { sourceMap: storeRange(define.sourceMap, 'define.sourceMap') }),
    fileIndex: storeRange(define.fileIndex, 'define.fileIndex'),
    ...(define.optIndex === undefined ? {} : { optIndex: storeRange(define.optIndex, 'define.optIndex') }),
    ephemeralStorageMiB: integer(
      define.ephemeralStorageMiB,
      'define.ephemeralStorageMiB',
      1,
      limits.ephemeralStorageMiBMax,
    ),
    ...(define.limits === undefined ? {} : { limits: guestLimits(define.limits) }),
  };
}

function guestLimits(value: unknown): Partial<GuestLimits> {
  const given = record(value, 'define.limits');
  return Object.fromEntries(
    guestLimitNames
      .filter((name) => given[name] !== undefined)
      .map((name) => [name, integer(given[name], `define.limits.${name}`, 1, guestLimitsDefault[name])]),
  );
}

export function decodeCreate(head: unknown): CreateHead {
  const create = record(head, 'create');
  const inheritsFrom = create.inheritsFrom;
  return {
    environmentId: text(create.environmentId, 'create.environmentId'),
    versionKey: text(create.versionKey, 'create.versionKey'),
    logStreamName: text(create.logStreamName, 'create.logStreamName'),
    initializationType: oneOf(create.initializationType, 'create.initializationType', initializationTypes),
    init: oneOf(create.init, 'create.init', ['now', 'deferred']),
    initTimeoutMs: duration(create.initTimeoutMs, 'create.initTimeoutMs'),
    ...(inheritsFrom === undefined ? {} : { inheritsFrom: text(inheritsFrom, 'create.inheritsFrom') }),
    ...optionalText(create, 'bindings', 'create.bindings', limits.bindingsDescriptionBytesMax),
  };
}

export function decodeInvoke(head: unknown): InvokeHead {
  const invoke = record(head, 'invoke');
  const decoded = {
    environmentId: text(invoke.environmentId, 'invoke.environmentId'),
    requestId: text(invoke.requestId, 'invoke.requestId'),
    timeoutMs: duration(invoke.timeoutMs, 'invoke.timeoutMs'),
    invokedFunctionArn: text(invoke.invokedFunctionArn, 'invoke.invokedFunctionArn'),
  };
  const { traceId, clientContextJson, cognitoIdentityJson, answer } = invoke;
  const isPlain = traceId === undefined && clientContextJson === undefined && cognitoIdentityJson === undefined;
  // As nearly always: nothing is put together from parts then.
  if (isPlain && answer === undefined) return decoded;
  return {
    ...decoded,
    ...optionalText(invoke, 'traceId', 'invoke.traceId', nameCharsMax),
    ...optionalText(invoke, 'clientContextJson', 'invoke.clientContextJson', limits.frameHeadBytesMax),
    ...optionalText(invoke, 'cognitoIdentityJson', 'invoke.cognitoIdentityJson', limits.frameHeadBytesMax),
    ...(answer !== undefined && { answer: oneOf(answer, 'invoke.answer', ['streamed']) }),
  };
}

export function decodeAnswerCredit(head: unknown): AnswerCreditHead {
  const { environmentId, requestId, bytes } = record(head, 'answerCredit');
  return {
    environmentId: text(environmentId, 'answerCredit.environmentId'),
    requestId: text(requestId, 'answerCredit.requestId'),
    bytes: integer(bytes, 'answerCredit.bytes', 1, limits.responseStreamWindowBytes),
  };
}

export function decodeDestroy(head: unknown): DestroyHead {
  const destroy = record(head, 'destroy');
  return {
    environmentId: text(destroy.environmentId, 'destroy.environmentId'),
    keepVolume: boolean(destroy.keepVolume, 'destroy.keepVolume'),
  };
}

export function decodePing(head: unknown): PingHead {
  return { sentMs: duration(record(head, 'ping').sentMs, 'ping.sentMs') };
}

function storeRange(value: unknown, path: string): StoreRange {
  const { offset, bytes } = record(value, path);
  return { offset: integer(offset, `${path}.offset`, 0, safe), bytes: integer(bytes, `${path}.bytes`, 0, safe) };
}

function settings(value: unknown): DefineHead['settings'] {
  const from = record(value, 'define.settings');
  return {
    programmingModel: oneOf(from.programmingModel, 'define.settings.programmingModel', ['2014', 'callback', 'promise']),
    runtime: text(from.runtime, 'define.settings.runtime'),
    handler: text(from.handler, 'define.settings.handler'),
    functionName: text(from.functionName, 'define.settings.functionName'),
    functionVersion: text(from.functionVersion, 'define.settings.functionVersion'),
    memorySize: integer(from.memorySize, 'define.settings.memorySize', 1, limits.memoryMiBMax),
    logGroupName: text(from.logGroupName, 'define.settings.logGroupName'),
    logFormat: oneOf(from.logFormat, 'define.settings.logFormat', ['Text', 'JSON']),
    logLevel: text(from.logLevel, 'define.settings.logLevel'),
    environment: texts(from.environment, 'define.settings.environment'),
    entry: entryPoint(from.entry),
    ...(from.clock !== undefined && { clock: oneOf(from.clock, 'define.settings.clock', ['coarse', 'frozen']) }),
  };
}

function entryPoint(value: unknown): EntryPoint {
  const from = record(value, 'define.settings.entry');
  const kind = oneOf(from.kind, 'define.settings.entry.kind', ['bundle', 'error']);
  switch (kind) {
    case 'bundle':
      return {
        kind,
        format: oneOf(from.format, 'define.settings.entry.format', ['cjs', 'esm']),
        file: text(from.file, 'define.settings.entry.file'),
        exportPath: text(from.exportPath, 'define.settings.entry.exportPath'),
        ...(from.builtins === undefined
          ? {}
          : { builtins: list(from.builtins, 'define.settings.entry.builtins', nameCharsMax) }),
        ...(from.importsLate === true && { importsLate: true }),
      };
    case 'error':
      return {
        kind,
        errorType: text(from.errorType, 'define.settings.entry.errorType'),
        errorMessage: text(from.errorMessage, 'define.settings.entry.errorMessage', limits.errorMessageCharsMax),
        stack: list(from.stack, 'define.settings.entry.stack', limits.errorStackCharsMax),
      };
    default:
      return kind satisfies never;
  }
}
