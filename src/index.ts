/** The public API of isotherm: re-exports only. What is not here is not for embedders. */
export { type BindingContext, bindingContext } from './bindings/binding-context.ts';
export { type BindingOptions, defineBinding } from './bindings/define-binding.ts';
export type { BindingsOf } from './bindings/guest-view.ts';
export { createEngine } from './engine/create-engine.ts';
export type {
  BindingsInput,
  CallableFunction,
  Engine,
  EngineLimits,
  EngineOptions,
  EngineStats,
  LogsOption,
} from './engine/engine.ts';
export type {
  AccountUsage,
  AliasInput,
  CodeInput,
  CreateFunctionInput,
  EventInvokeConfigInput,
  FunctionAliases,
  FunctionConcurrency,
  FunctionEventInvokeConfigs,
  FunctionLayers,
  FunctionPolicies,
  FunctionReference,
  FunctionRegistry,
  FunctionTags,
  FunctionUrl,
  FunctionUrls,
  LayerFilter,
  PageInput,
  PermissionInput,
  PublishLayerInput,
  PublishVersionInput,
  QualifiedEventInvokeConfig,
  UpdateAliasInput,
  UpdateCodeInput,
  UpdateConfigurationInput,
  UpdateUrlConfigInput,
  UrlConfigInput,
} from './functions/registry.ts';
export type { FunctionLogs } from './logs/function-logs.ts';
export type {
  LogEvent,
  LogFilter,
  LogGroupSummary,
  LogPage,
  LogPageInput,
  LogStreamPage,
  LogStreamPageInput,
  LogStreamSummary,
  LogTailInput,
  NamePageInput,
} from './logs/log-event.ts';
export type { BucketEventName, BucketNotification, BucketOptions } from './model/bucket.ts';
export { EngineError, type EngineErrorCode, type ThrottleReason } from './model/errors.ts';
export type { EventInvokeConfig } from './model/event-invoke-config.ts';
export type { FunctionAlias } from './model/function-alias.ts';
export type {
  FunctionConfiguration,
  FunctionRecord,
  FunctionState,
  LastUpdateStatus,
} from './model/function-configuration.ts';
export { FunctionError } from './model/function-error.ts';
export type { FunctionUrlConfig, UrlCors } from './model/function-url.ts';
export type {
  HardeningAttempt,
  HardeningLayer,
  HardeningLayerName,
  HardeningLevel,
  HardeningReport,
} from './model/hardening.ts';
export type { HardeningOption } from './model/hardening-demand.ts';
export type {
  InvocationReport,
  InvocationType,
  InvokeInput,
  InvokeResult,
  Phases,
  StreamedEnd,
  StreamedResult,
  StreamInput,
} from './model/invocation.ts';
export type { LayerReference, LayerVersion } from './model/layer-version.ts';
export type { CredentialRule, NetworkConfiguration, NetworkSettings } from './model/network-settings.ts';
export type { PlatformEvent } from './model/platform-event.ts';
export type { PolicyStatement } from './model/policy-statement.ts';
export type { RedisStreamOptions } from './model/redis-stream.ts';
export type { RuntimeIdentifier } from './model/runtime-identifier.ts';
export type { SandboxUserOption } from './model/sandbox-user.ts';
export type { Schedule, ScheduleTarget } from './queue/schedules/schedule.ts';
export type { ScheduleFilter, ScheduleInput, Schedules, ScheduleTargetInput } from './queue/schedules/schedules.ts';
export type { FunctionLoad } from './scheduler/scheduler.ts';
