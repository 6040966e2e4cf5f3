/**
 * The calls of Terraform's AWS provider, in its order, with the fields that it sends and reads, so that `terraform apply` ends and the next
 * `plan` finds nothing to do. Read from hashicorp/terraform-provider-aws, internal/service/lambda: function.go (0156d84), alias.go (029aff9),
 * permission.go (04592f0), function_url.go (05f1478), function_event_invoke_config.go (0160692). Terraform itself is not run here. Where it waits five seconds before it
 * looks again, this looks at once.
 */
import {
  AddPermissionCommand,
  type AddPermissionCommandInput,
  CreateAliasCommand,
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  CreateFunctionUrlConfigCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  DeleteFunctionEventInvokeConfigCommand,
  DeleteFunctionUrlConfigCommand,
  type FunctionConfiguration,
  GetAliasCommand,
  GetFunctionCodeSigningConfigCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  GetFunctionEventInvokeConfigCommand,
  GetFunctionUrlConfigCommand,
  GetPolicyCommand,
  type LambdaClient,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  paginateListVersionsByFunction,
  RemovePermissionCommand,
  ResourceNotFoundException,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import test from 'ava';
import { zip } from '../fixtures/zip.ts';
import { role, servingControl } from './serving-control.ts';

const FunctionName = 'tf';

/** `resourceFunctionRead`: what goes into the state. */
async function readFunction(client: LambdaClient) {
  const {
    Configuration: read = {},
    Code,
    Concurrency,
    Tags,
  } = await client.send(new GetFunctionCommand({ FunctionName }));
  let latest: FunctionConfiguration | undefined;
  for await (const page of paginateListVersionsByFunction({ client, pageSize: 10_000 }, { FunctionName })) {
    // "List is sorted from oldest to latest."
    latest = page.Versions?.at(-1) ?? latest;
  }
  const signing = await client.send(new GetFunctionCodeSigningConfigCommand({ FunctionName }));
  return {
    architectures: read.Architectures,
    arn: read.FunctionArn,
    code_sha256: read.CodeSha256,
    code_signing_config_arn: signing.CodeSigningConfigArn ?? '',
    dead_letter_config: read.DeadLetterConfig?.TargetArn ?? [],
    description: read.Description,
    environment: read.Environment === undefined ? [] : [{ variables: read.Environment.Variables }],
    ephemeral_storage: [{ size: read.EphemeralStorage?.Size }],
    file_system_config: read.FileSystemConfigs ?? [],
    handler: read.Handler,
    image_config: read.ImageConfigResponse ?? [],
    image_uri: Code?.ImageUri ?? '',
    kms_key_arn: read.KMSKeyArn ?? '',
    layers: (read.Layers ?? []).map(({ Arn }) => Arn),
    logging_config: [
      {
        application_log_level: read.LoggingConfig?.ApplicationLogLevel ?? '',
        log_format: read.LoggingConfig?.LogFormat,
        log_group: read.LoggingConfig?.LogGroup,
        system_log_level: read.LoggingConfig?.SystemLogLevel ?? '',
      },
    ],
    memory_size: read.MemorySize,
    package_type: read.PackageType,
    qualified_arn: latest?.FunctionArn,
    reserved_concurrent_executions: Concurrency?.ReservedConcurrentExecutions ?? -1,
    role: read.Role,
    runtime: read.Runtime,
    // flattenSnapStart: none where it applies to nothing.
    snap_start: read.SnapStart?.ApplyOn === 'None' ? [] : [read.SnapStart],
    source_code_size: read.CodeSize,
    source_kms_key_arn: Code?.SourceKMSKeyArn ?? '',
    tags: Tags ?? {},
    timeout: read.Timeout,
    tracing_config: [{ mode: read.TracingConfig?.Mode ?? 'PassThrough' }],
    version: latest?.Version,
    vpc_config: read.VpcConfig?.VpcId === undefined ? [] : [read.VpcConfig],
  };
}

/** `findFunctionByName` and what stands on it: undefined where the answer is ResourceNotFoundException. */
async function found<Answer>(sent: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await sent;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

type Status = () => Promise<string | undefined>;

/** `StateChangeConf`: any status that is neither awaited nor pending is an error. */
async function until(status: Status, pending: readonly string[], target: string | undefined): Promise<void> {
  for (let look = 0; look < 1_000; look += 1) {
    const now = await status();
    if (now === target) return;
    if (!pending.includes(now ?? 'gone')) throw new Error(`unexpected state ${now}, wanted ${target}`);
  }
  throw new Error(`never ${target}`);
}

function waits(client: LambdaClient) {
  const configuration = async () => (await found(client.send(new GetFunctionCommand({ FunctionName }))))?.Configuration;
  return {
    created: () => until(async () => (await configuration())?.State, ['Pending'], 'Active'),
    updated: () => until(async () => (await configuration())?.LastUpdateStatus, ['InProgress'], 'Successful'),
    deleted: () => until(async () => (await configuration())?.State, ['Active', 'Pending', 'Deleting'], undefined),
    /** `waitFunctionConfigurationUpdated`: by qualified ARN and qualifier, and no status counts as in progress. */
    published: (arn: string, Qualifier: string) =>
      until(
        async () => {
          const read = await client.send(new GetFunctionConfigurationCommand({ FunctionName: arn, Qualifier }));
          return read.LastUpdateStatus ?? 'InProgress';
        },
        ['InProgress'],
        'Successful',
      ),
  };
}

test('aws_lambda_function: create, refresh without a difference, update configuration and code, publish, destroy', async (t) => {
  const { client } = await servingControl(t);
  const wait = waits(client);
  const ZipFile = await zip({ 'index.mjs': 'export const handler = async () => 1' });
  const input: CreateFunctionCommandInput = {
    Code: { ZipFile },
    Description: '',
    FunctionName,
    MemorySize: 128,
    PackageType: 'Zip',
    Publish: true,
    Role: role,
    Tags: { team: 'blue' },
    Timeout: 3,
    Architectures: ['x86_64'],
    Environment: { Variables: { COLOUR: 'blue' } },
    EphemeralStorage: { Size: 512 },
    Handler: 'index.handler',
    Runtime: 'nodejs22.x',
    LoggingConfig: {
      LogFormat: 'JSON',
      ApplicationLogLevel: 'INFO',
      SystemLogLevel: 'INFO',
      LogGroup: '/aws/lambda/tf',
    },
    TracingConfig: { Mode: 'PassThrough' },
  };
  await client.send(new CreateFunctionCommand(input));
  await wait.created();
  await client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 10 }));

  const state = await readFunction(client);
  t.deepEqual(state, {
    architectures: ['x86_64'],
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:tf',
    code_sha256: state.code_sha256,
    code_signing_config_arn: '',
    dead_letter_config: [],
    description: '',
    environment: [{ variables: { COLOUR: 'blue' } }],
    ephemeral_storage: [{ size: 512 }],
    file_system_config: [],
    handler: 'index.handler',
    image_config: [],
    image_uri: '',
    kms_key_arn: '',
    layers: [],
    logging_config: [
      { application_log_level: 'INFO', log_format: 'JSON', log_group: '/aws/lambda/tf', system_log_level: 'INFO' },
    ],
    memory_size: 128,
    package_type: 'Zip',
    qualified_arn: 'arn:aws:lambda:us-east-1:000000000000:function:tf:1',
    reserved_concurrent_executions: 10,
    role,
    runtime: 'nodejs22.x',
    snap_start: [],
    source_code_size: ZipFile.byteLength,
    source_kms_key_arn: '',
    tags: { team: 'blue' },
    timeout: 3,
    tracing_config: [{ mode: 'PassThrough' }],
    version: '1',
    vpc_config: [],
  });
  t.deepEqual(await readFunction(client), state, 'the second refresh is the first');

  // One apply that changes settings and code; each field only where it changed.
  await client.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName,
      Description: 'changed',
      Environment: { Variables: {} },
      Handler: 'index.handler',
      Layers: [],
      MemorySize: 256,
      Timeout: 10,
      TracingConfig: { Mode: 'Active' },
      VpcConfig: { Ipv6AllowedForDualStack: false, SecurityGroupIds: [], SubnetIds: [] },
      FileSystemConfigs: [],
      ImageConfig: {},
      DeadLetterConfig: { TargetArn: '' },
      KMSKeyArn: '',
    }),
  );
  await wait.updated();
  const changed = await zip({ 'index.mjs': 'export const handler = async () => 2' });
  await client.send(new UpdateFunctionCodeCommand({ FunctionName, Architectures: ['x86_64'], ZipFile: changed }));
  await wait.updated();
  await client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
  const published = await client.send(new PublishVersionCommand({ FunctionName }));
  await wait.published(published.FunctionArn ?? '', published.Version ?? '');
  const arn = state.arn ?? '';
  await client.send(new UntagResourceCommand({ Resource: arn, TagKeys: ['team'] }));
  await client.send(new TagResourceCommand({ Resource: arn, Tags: { cost: '1' } }));

  const after = await readFunction(client);
  t.deepEqual(after, {
    ...state,
    code_sha256: after.code_sha256,
    description: 'changed',
    environment: [{ variables: {} }],
    memory_size: 256,
    qualified_arn: `${arn}:2`,
    reserved_concurrent_executions: -1,
    source_code_size: changed.byteLength,
    tags: { cost: '1' },
    timeout: 10,
    tracing_config: [{ mode: 'Active' }],
    version: '2',
  });
  t.not(after.code_sha256, state.code_sha256);

  await client.send(new DeleteFunctionCommand({ FunctionName }));
  await wait.deleted();
});

test('aws_lambda_alias: create, refresh, weights and none again, destroy', async (t) => {
  const { client, engine } = await servingControl(t);
  await engine.createFunction({
    functionName: FunctionName,
    code: { source: 'export const handler = async () => 1' },
    publish: true,
  });
  await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description: 'second' }));
  await waits(client).updated();
  await client.send(new PublishVersionCommand({ FunctionName }));
  const of = { FunctionName, Name: 'prod' };
  const read = async () => {
    const { AliasArn, Description, FunctionVersion, Name, RoutingConfig } = await client.send(new GetAliasCommand(of));
    const weights =
      RoutingConfig === undefined ? [] : [{ additional_version_weights: RoutingConfig.AdditionalVersionWeights }];
    return {
      arn: AliasArn,
      description: Description,
      function_version: FunctionVersion,
      name: Name,
      routing_config: weights,
    };
  };

  // An absent routing_config is sent as an empty structure, and must come back as none.
  await client.send(new CreateAliasCommand({ ...of, Description: '', FunctionVersion: '1', RoutingConfig: {} }));
  const state = {
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:tf:prod',
    description: '',
    function_version: '1',
    name: 'prod',
    routing_config: [] as unknown[],
  };
  t.deepEqual(await read(), state);

  const update = { ...of, Description: '', FunctionVersion: '1' };
  await client.send(new UpdateAliasCommand({ ...update, RoutingConfig: { AdditionalVersionWeights: { 2: 0.25 } } }));
  t.deepEqual(await read(), { ...state, routing_config: [{ additional_version_weights: { 2: 0.25 } }] });
  await client.send(
    new UpdateAliasCommand({ ...update, FunctionVersion: '2', RoutingConfig: { AdditionalVersionWeights: {} } }),
  );
  t.deepEqual(await read(), { ...state, function_version: '2' });

  await client.send(new DeleteAliasCommand(of));
  t.is(await found(client.send(new GetAliasCommand(of))), undefined);
});

test('aws_lambda_permission: what was given is read back from the policy, for functions and for aliases', async (t) => {
  const { client, engine } = await servingControl(t);
  await engine.createFunction({
    functionName: FunctionName,
    code: { source: 'export const handler = async () => 1' },
    publish: true,
  });
  await client.send(new CreateAliasCommand({ FunctionName, Name: 'prod', FunctionVersion: '1' }));

  interface Statement {
    readonly Sid: string;
    readonly Action: string;
    readonly Resource: string;
    readonly Principal: string | { readonly AWS?: string; readonly Service?: string };
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  }
  const read = async (sid: string, Qualifier: string | undefined) => {
    const answer = await found(
      client.send(new GetPolicyCommand({ FunctionName, ...(Qualifier !== undefined && { Qualifier }) })),
    );
    const policy = JSON.parse(answer?.Policy ?? '{"Statement":[]}') as { readonly Statement: readonly Statement[] };
    const statement = policy.Statement.find(({ Sid }) => Sid === sid);
    if (statement === undefined) return undefined;
    const { Principal, Condition = {} } = statement;
    return {
      qualifier: /:function:[^:]+:(.+)$/.exec(statement.Resource)?.[1],
      action: statement.Action,
      principal: typeof Principal === 'string' ? Principal : (Principal.AWS ?? Principal.Service),
      source_account: Condition.StringEquals?.['AWS:SourceAccount'],
      source_arn: Condition.ArnLike?.['AWS:SourceArn'],
      event_source_token: Condition.StringEquals?.['lambda:EventSourceToken'],
      principal_org_id: Condition.StringEquals?.['aws:PrincipalOrgID'],
      function_url_auth_type: Condition.StringEquals?.['lambda:FunctionUrlAuthType'],
      invoked_via_function_url: Condition.Bool?.['lambda:InvokedViaFunctionUrl']?.toLowerCase() === 'true',
    };
  };
  const none = {
    qualifier: undefined,
    source_account: undefined,
    source_arn: undefined,
    event_source_token: undefined,
    principal_org_id: undefined,
    function_url_auth_type: undefined,
    invoked_via_function_url: false,
  };
  const inputs: readonly [Omit<AddPermissionCommandInput, 'FunctionName'>, object][] = [
    [
      {
        StatementId: 'bucket',
        Action: 'lambda:InvokeFunction',
        Principal: 's3.amazonaws.com',
        SourceArn: 'arn:aws:s3:::bucket',
        SourceAccount: '000000000000',
      },
      {
        action: 'lambda:InvokeFunction',
        principal: 's3.amazonaws.com',
        source_arn: 'arn:aws:s3:::bucket',
        source_account: '000000000000',
      },
    ],
    [
      { StatementId: 'alias', Action: 'lambda:InvokeFunction', Principal: 'events.amazonaws.com', Qualifier: 'prod' },
      { action: 'lambda:InvokeFunction', principal: 'events.amazonaws.com', qualifier: 'prod' },
    ],
    [
      { StatementId: 'url', Action: 'lambda:InvokeFunctionUrl', Principal: '*', FunctionUrlAuthType: 'NONE' },
      { action: 'lambda:InvokeFunctionUrl', principal: '*', function_url_auth_type: 'NONE' },
    ],
    [
      { StatementId: 'via', Action: 'lambda:InvokeFunction', Principal: '*', InvokedViaFunctionUrl: true },
      { action: 'lambda:InvokeFunction', principal: '*', invoked_via_function_url: true },
    ],
    [
      { StatementId: 'org', Action: 'lambda:GetFunction', Principal: '*', PrincipalOrgID: 'o-1234567890' },
      { action: 'lambda:GetFunction', principal: '*', principal_org_id: 'o-1234567890' },
    ],
    [
      {
        StatementId: 'skill',
        Action: 'lambda:InvokeFunction',
        Principal: 'alexa-appkit.amazon.com',
        EventSourceToken: 'amzn1.ask',
      },
      { action: 'lambda:InvokeFunction', principal: 'alexa-appkit.amazon.com', event_source_token: 'amzn1.ask' },
    ],
  ];
  for (const [input, expected] of inputs) {
    await client.send(new AddPermissionCommand({ FunctionName, ...input }));
    t.deepEqual(
      await read(input.StatementId ?? '', input.Qualifier),
      { ...none, ...expected } as never,
      input.StatementId ?? '',
    );
  }
  for (const [{ StatementId, Qualifier }] of inputs) {
    await client.send(
      new RemovePermissionCommand({ FunctionName, StatementId, ...(Qualifier !== undefined && { Qualifier }) }),
    );
    t.is(await read(StatementId ?? '', Qualifier), undefined);
  }
});

test('aws_lambda_function_url: create with its public permission, refresh, change, destroy', async (t) => {
  const { client, engine } = await servingControl(t);
  await engine.createFunction({ functionName: FunctionName, code: { source: 'export const handler = async () => 1' } });
  const read = async () => {
    const {
      $metadata: _,
      CreationTime,
      LastModifiedTime,
      ...rest
    } = await client.send(new GetFunctionUrlConfigCommand({ FunctionName }));
    t.truthy(CreationTime);
    t.truthy(LastModifiedTime);
    return rest;
  };
  const Cors = {
    AllowCredentials: true,
    AllowHeaders: ['date'],
    AllowMethods: ['*'],
    AllowOrigins: ['*'],
    ExposeHeaders: ['date'],
    MaxAge: 86_400,
  };
  const created = await client.send(
    new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE', InvokeMode: 'BUFFERED', Cors }),
  );
  await client.send(
    new AddPermissionCommand({
      FunctionName,
      Action: 'lambda:InvokeFunctionUrl',
      FunctionUrlAuthType: 'NONE',
      Principal: '*',
      StatementId: 'FunctionURLAllowPublicAccess',
    }),
  );
  const state = {
    AuthType: 'NONE' as const,
    Cors,
    FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:tf',
    FunctionUrl: created.FunctionUrl ?? '',
    InvokeMode: 'BUFFERED' as const,
  };
  t.deepEqual(await read(), state);
  t.deepEqual(await read(), state);
  // The provider takes the id of the URL out of it.
  t.regex(state.FunctionUrl, /^https?:\/\/[a-z0-9]+\.lambda-url\./);

  await client.send(new UpdateFunctionUrlConfigCommand({ FunctionName, AuthType: 'AWS_IAM', Cors: {} }));
  const changed = await read();
  t.is(changed.AuthType, 'AWS_IAM');
  t.deepEqual(
    Object.values(changed.Cors ?? {})
      .flat()
      .filter(Boolean),
    [],
  );
  await client.send(new DeleteFunctionUrlConfigCommand({ FunctionName }));
  t.is(await found(client.send(new GetFunctionUrlConfigCommand({ FunctionName }))), undefined);
});

test('aws_lambda_function_event_invoke_config: create, refresh, replace, destroy, of a function and of an alias', async (t) => {
  const { client, engine } = await servingControl(t);
  const code = { source: 'export const handler = async () => 1' };
  await engine.createFunction({ functionName: 'target', code });
  await engine.createFunction({ functionName: FunctionName, code, publish: true });
  await client.send(new CreateAliasCommand({ FunctionName, Name: 'prod', FunctionVersion: '1' }));
  for (const qualified of [{}, { Qualifier: 'prod' }]) {
    const of = { FunctionName, ...qualified };
    const read = async () => {
      const answer = await found(client.send(new GetFunctionEventInvokeConfigCommand(of)));
      if (answer === undefined) return undefined;
      const { OnFailure, OnSuccess } = answer.DestinationConfig ?? {};
      return {
        on_failure: OnFailure?.Destination,
        on_success: OnSuccess?.Destination,
        maximum_event_age_in_seconds: answer.MaximumEventAgeInSeconds,
        maximum_retry_attempts: answer.MaximumRetryAttempts,
      };
    };
    const Destination = 'arn:aws:lambda:us-east-1:000000000000:function:target';
    await client.send(
      new PutFunctionEventInvokeConfigCommand({
        ...of,
        DestinationConfig: { OnFailure: { Destination }, OnSuccess: { Destination } },
        MaximumRetryAttempts: 2,
        MaximumEventAgeInSeconds: 60,
      }),
    );
    const state = {
      on_failure: Destination,
      on_success: Destination,
      maximum_event_age_in_seconds: 60,
      maximum_retry_attempts: 2,
    };
    t.deepEqual(await read(), state);
    // What is left out of the next apply is gone, because it puts and does not update.
    await client.send(new PutFunctionEventInvokeConfigCommand({ ...of, MaximumRetryAttempts: 0 }));
    t.deepEqual(await read(), {
      on_failure: undefined,
      on_success: undefined,
      maximum_event_age_in_seconds: undefined,
      maximum_retry_attempts: 0,
    });
    await client.send(new DeleteFunctionEventInvokeConfigCommand(of));
    t.is(await read(), undefined);
  }
});
