/**
 * Every number that bounds something, with its unit and where it comes from. `LAMBDA.md` rules are named by their id;
 * quotas are those of https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
 */
const KiB = 1024;
const MiB = 1024 * KiB;

export const limits = {
  /** Function configuration (LAMBDA.md F3). */
  timeoutSecondsMin: 1,
  timeoutSecondsMax: 900,
  timeoutSecondsDefault: 3,
  memoryMiBMin: 128,
  memoryMiBMax: 10_240,
  memoryMiBDefault: 128,
  ephemeralStorageMiBMin: 512,
  ephemeralStorageMiBMax: 10_240,
  ephemeralStorageMiBDefault: 512,
  functionNameLengthMax: 64,
  functionReferenceLengthMax: 140,
  /** The same on operations that only read (C1.2). */
  functionReferenceReadLengthMax: 170,
  qualifierLengthMax: 128,
  functionsPageMax: 50,
  /** Of a published version's number as text, and of an alias; versions beside the main one that an alias may name (C6). */
  versionLengthMax: 1_024,
  aliasNameLengthMax: 128,
  aliasRoutingVersionsMax: 1,
  /** A resource policy (F3), an ARN that is tagged, the id of a statement. */
  policyBytesMax: 20 * KiB,
  tagResourceLengthMax: 256,
  statementIdLengthMax: 100,
  /** Principal, action and other texts of a statement. */
  policyTextLengthMax: 256,
  /** Function URLs: a page of a list; CORS settings as Lambda's API bounds them; seconds that a browser keeps an answer to OPTIONS. */
  functionUrlsPageMax: 50,
  corsListMax: 100,
  corsMethodsMax: 6,
  corsMethodLengthMax: 6,
  corsOriginLengthMax: 253,
  corsHeaderLengthMax: 1_024,
  corsMaxAgeSecondsMax: 86_400,
  /** Of all packages of an account. Told, not enforced: the disk is the user's. */
  codeStorageBytesMax: 75 * 1024 * MiB,
  maxItemsMax: 10_000,
  handlerLengthMax: 128,
  descriptionLengthMax: 256,
  roleLengthMax: 256,
  environmentBytesMax: 4 * KiB,
  trustDomainLengthMax: 128,
  logGroupLengthMax: 512,
  tagsMax: 50,
  tagKeyLengthMax: 128,
  tagValueLengthMax: 256,

  /** Payloads (C4.9, C4.10). */
  requestPayloadBytesMax: 6 * MiB,
  responsePayloadBytesMax: 6 * MiB + 100,
  /** A streamed response: 200 MB since 2025, of which the first 6 MB come as fast as they can wherever a rate holds (C5.3). */
  responseStreamBytesMax: 200 * MiB,
  responseStreamBurstBytes: 6 * MiB,
  /**
   * Bytes of one streamed response on their way between the guest and whoever reads it, which is what it may cost the sandbox and the
   * host together: what hides a round trip of some milliseconds. In frames of at most so much.
   */
  responseStreamWindowBytes: 256 * KiB,
  responseStreamChunkBytesMax: 64 * KiB,
  /** It becomes a header. */
  responseContentTypeCharsMax: 256,
  asyncPayloadBytesMax: 1 * MiB,
  clientContextBytesMax: 3583,

  /**
   * Asynchronous invocations (D1): what may wait, of one function and of all, and the bytes of their events; what a process that keeps
   * them in memory may hold; defaults of options with the same meaning.
   */
  asyncEventsDefault: 2_000_000,
  asyncEventsPerFunctionDefault: 1_000_000,
  asyncBytesDefault: 4 * 1024 * MiB,
  asyncBytesInMemoryDefault: 256 * MiB,
  asyncBytesPerFunctionDefault: 1024 * MiB,
  /** Waits before the retries after an error of the function (D1.2), and after failures that are not its own (D1.3). */
  asyncFirstRetryMs: 60_000,
  asyncSecondRetryMs: 120_000,
  asyncBackoffMsMin: 1_000,
  asyncBackoffMsMax: 300_000,
  /** What a function says about its events, and what holds where it says nothing (D1.2, D1.4). */
  asyncRetriesMax: 2,
  asyncEventAgeSecondsMin: 60,
  asyncEventAgeSecondsMax: 21_600,
  /** ARN of a destination or a dead-letter target. */
  destinationArnLengthMax: 350,
  /** A queue that is a thousand times faster is still told apart from one without any waits. */
  asyncDelayScaleMin: 0.0001,
  /** Deliveries of one function at once, of which one more is begun while all of them use less than this share of the processors. */
  asyncDeliveriesPerFunctionMax: 100,
  asyncProcessorShare: 0.8,
  /** Of the concurrency and the memory of the engine, for deliveries; the rest is for callers that wait. */
  asyncShareOfEngine: 0.5,
  /** Of that, for functions that have a delivery under way already; the rest is for the first delivery of each. */
  asyncShareOfOne: 0.75,
  /** Events of deliveries that are under way. */
  asyncDeliveryBytesMax: 64 * MiB,
  /** Read from the queue, begun, and removed of a deleted function, at once: half a millisecond of the host. */
  asyncPageEvents: 64,
  asyncPurgeEvents: 200,
  /**
   * Destinations: records sent to one target at once, how long an answer may take, how long a record is tried, brackets open at once in an
   * answer that becomes part of one, and a message for a dead-letter target (D1.8).
   */
  destinationPageRecords: 32,
  destinationTimeoutMs: 10_000,
  destinationAgeMsMax: 21_600_000,
  destinationDepthMax: 1_000,
  deadLetterMessageBytesMax: 1 * KiB,
  /** Functions that invoke each other as destinations or through bindings, in a row (C4.14). */
  asyncHopsMax: 16,
  /** A queue on a disk that takes nothing is tried again after so long. */
  queueWriteRetryMs: 1_000,
  logTailBytesMax: 4 * KiB,

  /** Event source mappings (D2.4). */
  eventSourceMappingsMax: 1_000,
  eventSourceArnLengthMax: 1_024,
  mappingsPageMax: 100,
  streamBatchSizeDefault: 100,
  streamBatchSizeMax: 10_000,
  batchingWindowSecondsMax: 300,
  parallelizationFactorMax: 10,
  sourceRetryAttemptsMax: 10_000,
  sourceRecordAgeSecondsMin: 60,
  sourceRecordAgeSecondsMax: 604_800,
  tumblingWindowSecondsMax: 900,
  filtersMax: 10,
  filterPatternLengthMax: 4_096,
  /** Of what a function answers about a batch: 10,000 identifiers of 56 digits are 800 kB. */
  batchAnswerBytesMax: 1 * MiB,
  /**
   * Between attempts with a batch, and with a source that fails: doubles from one to the other. AWS was recorded to make eight
   * attempts within a minute.
   */
  sourceRetryMsMin: 500,
  sourceRetryMsMax: 60_000,
  /** How often it is looked for new shards. */
  sourceShardsIntervalMs: 10_000,
  /** How long one read waits for records; the wait costs nothing. */
  sourceReadWaitMs: 20_000,
  /** Of one read: what Kinesis answers at most. */
  sourceReadRecordsMax: 10_000,
  sourceReadBytesMax: 10 * MiB,
  /** Read and not yet handled, for each shard: enough for the next batch of each lane; bytes are read until they are over it. */
  sourceHeldRecordsMin: 256,
  sourceHeldRecordsMax: 50_000,
  sourceHeldBytesMax: 8 * MiB,

  /** The engine's own streams. Names, keys, records and requests as of Kinesis; numbers of streams and shards are ours. */
  streamsMax: 200,
  streamShardsMax: 200,
  /** Of a stream in on-demand mode, as Kinesis begins. */
  streamShardsOnDemand: 4,
  streamNameLengthMax: 128,
  partitionKeyLengthMax: 256,
  streamRecordBytesMax: 1 * MiB,
  putRecordsMax: 500,
  putRecordsBytesMax: 5 * MiB,
  /** Records are kept for so long, and the oldest go earlier when a stream would be larger. */
  streamRetentionHours: 24,
  streamBytesMax: 1024 * MiB,
  /** The same without a data directory, in memory. */
  streamMemoryBytesMax: 64 * MiB,
  /** How often it is looked for what is too old, and the pause between two parts of removing it. */
  streamExpiryIntervalMs: 60_000,
  streamExpiryPauseMs: 50,
  /** Of an answer that lists. */
  streamsPageMax: 100,
  shardsPageMax: 1_000,

  /**
   * Logs that are kept. Written in batches: after so long, or when so much waits. So much may wait for the disk, in all and of one stream;
   * more is lost, and counted.
   */
  logFlushMs: 100,
  logBatchBytes: 1 * MiB,
  logBytesWaitingMax: 32 * MiB,
  logStreamBytesWaitingMax: 12 * MiB,
  /** Streams in which something was lost and that still wait for the line that says so. */
  logLossMarksMax: 1_000,
  logLossTellMs: 10_000,
  /** What is kept: in files (`logs.keepMiB`), in memory where there is no data directory; one file, and files in all. The oldest go. */
  logBytesKeptMax: 2_048 * MiB,
  logMemoryBytesMax: 16 * MiB,
  logSegmentBytesMax: 8 * MiB,
  logStreamsMax: 50_000,
  logGroupsMax: 10_000,
  logRetentionLookMs: 60_000,
  /** A page of CloudWatch Logs: events, bytes; of groups and streams. */
  logPageEventsMax: 10_000,
  logPageBytesMax: 1 * MiB,
  logNamesPageMax: 50,
  logPatternLengthMax: 1_024,
  /** One page looks through so much, for so long; then it says where to go on. A piece read at once, and all that is held. */
  logSearchBytesMax: 256 * MiB,
  logSearchMsMax: 1_000,
  logSearchChunkBytes: 1 * MiB,
  logSearchBufferBytesMax: 32 * MiB,

  /** Code packages (C3.19). Entry, name and depth limits are ours: a package past them is an attack, not a program. */
  zipBytesMax: 50 * MiB,
  unzippedBytesMax: 262_144_000,
  requestBytesMax: 70_167_211,
  packageEntriesMax: 50_000,
  packagePathLengthMax: 512,
  packagePathDepthMax: 40,
  /**
   * Of one package.json, and of all in one package: the host parses them, and 60 MB of brackets, 58 KB as a zip, took it half a minute
   * and 1.7 GB. The packages of a full 250 MB have some 6 MB.
   */
  packageJsonBytesMax: 1 * MiB,
  packageJsonsBytesMax: 16 * MiB,
  /** Of one function (C3.27). */
  layersMax: 5,
  /** Of a published layer: its name or ARN, that of a version, its licence, the runtimes it says it suits. */
  layerNameLengthMax: 140,
  layerArnLengthMax: 140,
  layerLicenseLengthMax: 512,
  layerRuntimesMax: 15,
  /** The largest entry ratio (unpacked : packed) that is not refused as a bomb; deflate's own limit is 1032. */
  zipRatioMax: 1_100,
  /** Text of one module handed over as `source`: what Lambda's console editor takes (F3). */
  sourceBytesMax: 3 * MiB,
  /** A larger bundle would not fit the heap of the largest function either. */
  bundleBytesMax: 256 * MiB,
  bundleTimeoutMs: 30_000,
  /** Brackets open at once in one file of a package. */
  nestingMax: 50_000,
  /** esbuild uses every core for one bundle; more at once only share them. */
  bundlesAtOnceMax: 2,
  /**
   * Resident memory of esbuild, which takes 10 to 15 MB for each megabyte of usual code and up to 65 of hostile, and the part of the
   * machine's that it may take at most. Over it, or this long after it was told to stop, it is killed.
   */
  bundlerMemoryMiBMax: 2_048,
  bundlerMemoryShareMax: 0.5,
  bundlerLookMs: 25,
  bundlerStopMsMax: 1_000,
  /** Text that the host parses on its own thread: some 60 ms. Larger ones get a thread with so much memory, for files of 15 MB. */
  parsedAtOnceCharsMax: 256 * KiB,
  parserThreadMemoryMiBMax: 1_024,
  /** ES modules of a package that only names computed at run time may lead to, kept in its bundle for them: how many, how much text. */
  lateModulesMax: 200,
  lateModuleCharsMax: 1 * MiB,
  /** Files of one package that are replaced because they cannot be parsed, before bundling gives up. */
  bundleRoundsMax: 12,
  /** Code that nothing refers to stays this long: invocations that resolved it may still start (longest timeout, and init). */
  codeRemovalDelayMs: 960_000,

  /** The HTTP server. A request that changes no code is small; a client that sends too slowly is cut. */
  controlRequestBytesMax: 1 * MiB,
  /** Of services that are named in a header: PutRecords with its records in base64, and room for keys. */
  targetRequestBytesMax: 8 * MiB,
  httpHeaderBytesMax: 64 * KiB,
  httpHeadersTimeoutMs: 20_000,
  /** Headers and body together; 70 MB at 10 Mbit/s take one minute. Waiting for a function does not count. */
  httpRequestTimeoutMs: 120_000,
  /** Longer than what the AWS SDK keeps an idle connection, so that it is the client who closes. */
  httpKeepAliveMs: 75_000,
  /** Of what is streamed to clients, and of what function URLs answer: a client that does not take one piece within that time is cut. That is 4 KB a second. */
  httpPieceBytesMax: 256 * KiB,
  httpPieceTimeoutMs: 60_000,
  httpPathLabelLengthMax: 1_024,
  /** In one request: what Apache takes; the SDKs send about 15. */
  httpHeadersMax: 100,
  /** At once, of all clients: an idle one costs some 10 KB and a descriptor. An SDK opens 50. */
  httpConnectionsMax: 4_096,
  /** Requests that were sent on one connection behind one that is not answered; no SDK sends any. */
  httpPipelinedMax: 16,
  /** Of all requests under way, as they say or, where they do not, as long as they may get. 340 of the largest events. */
  httpBodyBytesMax: 2_048 * MiB,
  /** Of a request's JSON: brackets open at once, and bytes outside texts, which is what costs memory when it is parsed. */
  requestNestingMax: 64,
  requestSyntaxBytesMax: 1 * MiB,

  /**
   * Signatures (AWS Signature Version 4). How far the clocks of client and server may be apart, which is also how long a request can be
   * sent again by who saw it; how long a presigned link may be good; both are AWS's. A link to code is good as long as AWS's.
   */
  signatureSkewMs: 300_000,
  presignedSecondsMax: 604_800,
  codeLinkMs: 600_000,
  /** Access keys of one server, each id (AWS's), and secret: AWS's have 40 characters, shorter than the least can be guessed. */
  accessKeysMax: 1_000,
  accessKeyIdLengthMax: 128,
  secretKeyLengthMin: 16,
  secretKeyLengthMax: 128,
  accessKeyFileBytesMax: 256 * KiB,
  /** Keys made from them for one day and service, which are kept. */
  signingKeysMax: 4_096,
  /** What a client chose, in a message of ours. */
  signatureTextCharsMax: 128,
  /** What runs when the server is told to stop may take this much longer. */
  serveGraceMs: 5_000,

  /**
   * What the command wrote and nobody has read yet: twice the log of the loudest invocation. More is dropped and counted. At the end of
   * `serve` somebody who reads has so long between two looks to take the rest.
   */
  commandOutputBytesWaitingMax: 16 * MiB,
  commandOutputPatienceMs: 1_000,
  /** What a command asks a server: how long one answer may take, how often a follower asks, and a deployment whether it is done. */
  commandRequestMsMax: 60_000,
  commandPollMs: 500,
  deployLookMs: 100,
  /** Functions that `isotherm top` has figures of. */
  functionFiguresMax: 10_000,

  /** Lifecycle (B3.1, B4). */
  initTimeoutMs: 10_000,
  /** Of an environment that is made ahead; a longer timeout of its function counts (B3.2). */
  provisionedInitTimeoutMs: 130_000,
  /** Environments that are made ahead at once, each with an init: of one version, and in all. */
  provisionsOfVersionAtOnceMax: 4,
  provisionsAtOnceMax: 8,
  /** When one cannot be made: the next try, ever later; and where only room is missing. */
  provisionBackoffMsMin: 1_000,
  provisionBackoffMsMax: 300_000,
  provisionRoomRetryMs: 5_000,
  /**
   * After the deadline the sandbox has this long to answer before it is killed (DESIGN.md section 4). With SIGKILL and reaping
   * (6 ms and more) a runaway guest is then gone within 100 ms; a terminated isolate answers within 2 to 24 ms (SECURITY.md 2.1).
   */
  killGraceMs: 75,
  environmentIdleMsDefault: 300_000,
  /** Environments that exist at once in one engine. */
  environmentsMaxDefault: 1_000,
  /** Lambda's account concurrency (F3), and new environments of one function in ten seconds (F4.5). */
  concurrencyDefault: 1_000,
  environmentsPer10sDefault: 1_000,
  /** Lambda's requests a second for each of the concurrency (F3). The command has it; a library's embedder knows who calls. */
  requestsPerConcurrencyServed: 10,
  /** Of which functions with a reserve must leave so many to the others, or a tenth of what a smaller engine has (C7.2). */
  unreservedConcurrencyMin: 100,
  /** Sum of the memory sizes of all environments of one engine. */
  memoryBudgetMiBDefault: 16 * 1024,
  environmentsPerSandboxMax: 200,
  invocationsQueuedMax: 10_000,
  /** How often one invocation is placed anew because its sandbox ended before the guest could see the event. */
  placementMovesMax: 3,
  /** Idle environments and worn sandboxes are looked for this often: a quarter of the idle time, within these bounds. */
  maintenanceIntervalMsMin: 20,
  maintenanceIntervalMsMax: 5_000,

  /** Sandbox processes. */
  sandboxesMaxDefault: 16,
  /** Room that a sandbox made for another trust domain stays free for that one so long; whoever was refused tries again by then. */
  sandboxReservationMsMax: 5_000,
  /**
   * A start may take so long. From then on it is looked at so often, and ends when it ran less than this between two looks, or more than
   * the timeout in all; and whatever it does when the most is over. A start needs 150 ms of a core.
   */
  sandboxStartTimeoutMs: 10_000,
  startLookMs: 2_000,
  startProgressCpuMsMin: 20,
  sandboxStartMsMax: 60_000,
  /** Open files of one; it has about 30, and a few more for each thread of long crypto. */
  sandboxDescriptorsMax: 256,
  /** A sandbox is retired after this long, this many environments or this much memory (DESIGN.md section 5). */
  sandboxAgeMsMax: 3_600_000,
  sandboxEnvironmentsServedMax: 5_000,
  sandboxRssMiBMax: 4_096,
  /** Added to what the kernel reckons when memory runs out, in thousandths of the machine: half of it (SECURITY.md 5.6 rule 7). */
  sandboxOomScore: 500,
  /**
   * Control groups. Beyond what the host's watch allows a group may hold so much more: what the kernel counts to it and not to the
   * process (page tables, sockets, files in the page cache), and room for the watch to be first. Bounds move in steps.
   */
  controlGroupSlackMiB: 64,
  controlGroupStepMiB: 32,
  /** Tasks of one sandbox, which has about 12 threads and some more for each core: generous, V8 ends a process that gets none. */
  sandboxTasksMin: 256,
  sandboxTasksPerCore: 16,
  /** Of the processor when there is too little: half of what its host gets, which all sandboxes wait for. */
  sandboxCpuWeight: 50,
  /**
   * Users of sandboxes whose host is root: nobody's in any distribution (systemd's UIDS-GIDS leaves 1879048192 to 2147483647 unused).
   * As many as one machine may have at once, and more.
   */
  sandboxUserIdFirst: 1_900_000_000,
  sandboxUserIds: 65_536,
  heartbeatIntervalMs: 250,
  /** Missed heartbeats, own lag subtracted, before a sandbox counts as stuck. Guest slices may block it until their deadline. */
  heartbeatsMissedMax: 8,
  /** Crash loop: this many unexpected exits within the window stop new starts for the back-off. */
  crashLoopExitsMax: 5,
  crashLoopWindowMs: 10_000,
  crashBackoffMsMin: 100,
  crashBackoffMsMax: 30_000,
  /**
   * Poison: a function that ended this many sandbox processes within the window is refused for the back-off. The guest's own errors,
   * timeouts and exits, which cost no process, do not count.
   */
  functionProcessesLostMax: 5,
  functionProcessesWindowMs: 60_000,
  functionBackoffMsMin: 1_000,
  functionBackoffMsMax: 300_000,
  /**
   * A hog: guest code that holds a thread for so long without a pause, or whose compiling does (4 MiB of functions that are called where
   * they stand take 0.7 s), or reaches its memory limit, and that so many times within the window while others live in the same
   * sandbox, gets one of its own. A sandbox has a thread more than cores for all its guests.
   */
  hogSliceMsMin: 500,
  hogStrikesMax: 3,
  hogWindowMs: 60_000,
  /** Starts that are tried for one caller before it is told, and that run side by side on many cores: each costs one 150 ms. */
  sandboxStartAttemptsMax: 3,
  sandboxStartsAtOnceMax: 4,
  /**
   * Blank sandboxes kept ready: one, and while some are taken so many more as are taken during a start. Each holds some 70 MB, of which
   * it shares half with the others. The demand is what was taken within the window; at once it is that of the burst.
   */
  sparesMaxDefault: 8,
  spareDemandWindowMs: 10_000,
  spareBurstWindowMs: 1_000,
  /** So many taken within the burst call for a second spare: one that has just started has no isolate prepared yet. */
  spareBurstTakenMin: 4,
  /**
   * Sandboxes that are forked from one template before another takes its place: they have its address layout in common. Making one costs
   * as much as starting a sandbox, so the first is started: a program that calls one function once needs no more.
   */
  templateSeats: 16,
  templateAfterStarts: 1,
  /** For so long a sandbox that nobody waits for waits for a template. */
  templateWaitMsMax: 1_000,
  /** The next template is begun when the one there is has so many seats left. */
  templateSeatsLow: 6,
  /** While it has more than so many, the next one yields the cores to everybody else while it is made. */
  templateSeatsUrgent: 2,
  /** After so many that did not come to life none is tried for the back-off, which grows with each try. Without one sandboxes are started. */
  templateFailuresMax: 3,
  templateBackoffMsMin: 10_000,
  templateBackoffMsMax: 600_000,
  /** A template that forks, or ends a sandbox, does so within 20 ms; one that has not within this is ended, with all that it forked. */
  templateAnswerMsMax: 2_000,
  /** Beyond its init timeout an environment has this long: the isolate itself is made, perhaps behind those of others. */
  createGraceMs: 2_000,
  /** A ping may take this much longer than a short slice: two processes share a busy core. */
  busyMarginMs: 10,
  /** How often a sandbox is looked at while guests run in it, and its memory while none does. */
  watchIntervalMs: 25,
  memoryIntervalMs: 1_000,
  /**
   * Threads and processor time of a sandbox are looked at so often. One that uses more than the share of a core for so long while no guest
   * has anything to do is ended: what a sandbox does by itself takes a second or two.
   */
  exertionIntervalMs: 1_000,
  idleCpuShareMax: 0.5,
  idleBusyMsMax: 10_000,
  /** So near its limit of memory a sandbox is looked at more often: a bomb touches 2 to 4 GB a second. */
  memoryNearMiB: 128,
  memoryNearIntervalMs: 5,
  /** Late by more than this, our own event loop was stuck, and what is overdue gets as much time again, at most a grace (SECURITY.md R21). */
  ownLagMsMax: 20,
  /**
   * Resident memory beyond what its environments may use before a sandbox is killed: code, garbage, queues, and what a bomb
   * allocates between two looks (SECURITY.md 5.6 rule 6 measured 32 MB at 20 ms). So much kept while no guest runs, and it is retired.
   */
  sandboxMemorySlackMiB: 200,
  /**
   * What the file of a sandbox's volumes may hold beyond the sizes of all of them before the sandbox is killed. Volumes never hold more
   * than their sizes: the slack is for what a file system counts besides.
   */
  volumeSlackMiB: 16,
  /** Factor on an environment's memory size: V8 overshoots before it gives up (SECURITY.md 0.2). */
  environmentMemoryFactor: 1.25,
  /** Bytes in the package store of one sandbox, which only grows, before the sandbox is retired. */
  packageStoreMiBMax: 2_048,
  /** Read and written at once when a package is copied into a store. */
  packageCopyBytes: 1 * MiB,
  /** Up to this size copied without giving up the thread: 30 microseconds, where each wait for a thread costs 100 and more. */
  packageSyncBytesMax: 64 * KiB,
  /** A healthy sandbox prints nothing. This much is kept to explain its end, and this much is too much. */
  sandboxOutputTailBytes: 4 * KiB,
  sandboxOutputBytesMax: 1 * MiB,
  /** The part of that which goes into a message. */
  exitDetailCharsMax: 600,
  /** A build costs up to 20 s of processor time; a machine with ten times more to do than it has cores for gives it this late. */
  runtimeBuildTimeoutMs: 300_000,
  /** What is built for this machine stays in the cache as long as it is used, was used lately, or is among the last few of its kind. */
  cacheFoldersKeptMin: 4,
  cacheFolderUnusedMsMin: 86_400_000,
  /** `isotherm doctor` as a whole: two builds of what was never built here, at their slowest, and a sandbox. */
  doctorTimeoutMs: 660_000,
  /** Nothing is built for so long: every program that takes part ends after `runtimeBuildTimeoutMs`. */
  cacheDraftAgeMsMax: 3_600_000,

  /** Protocol frames. A sandbox may never send more than an answer and its head. */
  frameHeadBytesMax: 256 * KiB,
  frameBytesFromSandboxMax: 8 * MiB,
  frameBytesToSandboxMax: 16 * MiB,
  callsPendingMax: 4_096,
  /** Events of guests that a sandbox has not read. What windows allow to be under way is less, but for hundreds of full connections. */
  noticeBytesWaitingMax: 128 * MiB,

  /**
   * What a sandbox may send, in frames and bytes: beyond it nothing is read for the rest of a window. One that was taken over sent 512,000
   * frames a second and took its host's whole thread.
   */
  sandboxFramesPerSecondMax: 131_072,
  sandboxBytesPerSecondMax: 1_024 * MiB,
  sandboxInflowWindowMs: 10,
  /** Told when it was held back for so long, and so seldom. */
  heldBackToldMsMin: 100,
  heldBackTellMs: 10_000,

  /** Host functions offered to a guest (`bindings`). Functions, levels and name lengths of what an embedder offers. */
  bindingFunctionsMax: 1_000,
  bindingTreeDepthMax: 8,
  bindingNameLengthMax: 64,
  /** It goes into the head of the frame that creates an environment. */
  bindingsDescriptionBytesMax: 64 * KiB,
  /** One message: arguments, a result, a value of a stream. What is larger goes as a stream; a string crosses the bridge whole. */
  bindingMessageBytesMax: 4 * MiB,
  bindingArgumentBytesMaxDefault: 1 * MiB,
  bindingResultBytesMaxDefault: 4 * MiB,
  /** Values in one message, and how deep they are nested: the host makes them from what a guest wrote, 0.2 us each. */
  bindingValuesMax: 50_000,
  bindingDepthMax: 64,
  /**
   * Steps that keys of maps and members of sets in one message could take the host. V8 hashes numbers and bigints without a seed, so that
   * a guest can choose some that all collide: each is then compared with all before it (25 ns; a bigint 90 ns, counted as four).
   * 20,000 of them took the host's thread for 5 s, and 18 s as bigints. This is 1,000 numbers in one set, or 500 bigints.
   */
  bindingKeyStepsMax: 500_000,
  bindingTimeoutMsDefault: 30_000,
  bindingTimeoutMsMax: 900_000,
  /** Of one environment: calls that have not ended, and the bytes of their arguments. Others wait in the guest. */
  bindingCallsMax: 100,
  bindingArgumentBytesAtOnceMax: 16 * MiB,
  /** Results over the first number wait on the host while more than the second is on its way to the guest. */
  bindingResultBytesSmall: 64 * KiB,
  bindingResultBytesAtOnceMax: 8 * MiB,
  /** Streams and signals in the arguments, or in the result, of one call. */
  bindingChannelsPerCallMax: 16,
  /** Open at once in one environment: with the window this bounds what waits in a frozen guest, and how many events of it. */
  bindingStreamsMax: 16,
  bindingSignalsMax: 64,
  bindingStreamWindowBytes: 512 * KiB,
  bindingChunkBytesMax: 128 * KiB,

  /** CPU time of one init or invocation: as long as one may last, so none of its own unless an embedder says so. */
  cpuTimeMsDefault: 900_000,
  /** A timer that is due sooner than this is of no use: the clock of an isolate's CPU time is read by the guest's own thread. */
  cpuLookMsMin: 5,

  /** What a guest may produce. */
  logLineBytesMax: 256 * KiB,
  logBytesPerInvocationMax: 8 * MiB,
  /** Notices of output, however short: each costs the host some microseconds. Twice as many, or as many bytes, end the sandbox. */
  logNoticesPerInvocationMax: 131_072,
  /** Lines, however short: each becomes a log event for whoever listens. */
  logLinesPerInvocationMax: 131_072,
  errorMessageCharsMax: 32 * KiB,
  errorStackCharsMax: 64 * KiB,
  /** Type of an error beside its payload: it goes into heads of frames and into REPORT lines. */
  errorTypeCharsMax: 256,
  /** JSON of an error: its message and stack at full length, each character escaped. A runtime that was tampered with may send more. */
  errorPayloadBytesMax: 1 * MiB,
  /** Errors within errors of one log record: more is a cycle, most often. */
  errorsPerRecordMax: 100,
  /** Timers and immediates that wait in one guest: at 250 bytes each, what a small function has of memory. */
  timersMax: 262_144,
  tmpInodesMax: 65_536,
  /** Files of a volume up to this size stay in the sandbox's memory, while all of them together stay under the second number. */
  tmpMemoryFileBytesMax: 16 * KiB,
  tmpMemoryBytesMax: 2 * MiB,
  /** Names, link targets and block maps of one volume, which live in the sandbox's memory whatever the quota. */
  tmpMetadataBytesMax: 16 * MiB,
  /** ext4's largest file with 4 KiB blocks; sparse, so it says nothing about the quota. */
  tmpFileBytesMax: 16 * 1024 * 1024 * MiB - 4 * KiB,
  /** One read or write across the bridge; longer ones are answered short, as POSIX allows, and the guest goes on. */
  fsBytesPerCallMax: 16 * MiB,
  openFilesMax: 1_024,
  /** One value across the bridge to a service; what is longer goes in parts. */
  bridgeStringCharsMax: 4 * MiB,
  bridgeBytesMax: 16 * MiB,
  /** Events that wait for one guest. Each service has less than this under way; a guest past it has found a way around that. */
  eventsWaitingMax: 16_384,
  eventBytesWaitingMax: 128 * MiB,
  /** Bytes of one connection under way each way between a guest and the host: what hides a round trip of some milliseconds. */
  socketWindowBytes: 256 * KiB,
  /** Bytes in one message of a connection, as libuv reads them. */
  socketChunkBytesMax: 64 * KiB,
  /**
   * Lookups, queries and connections of one environment at once, counted together: as many as a process of Lambda has file
   * descriptors. The sandbox refuses more; the host takes more as a sign that the sandbox was taken over.
   */
  networkIdsMax: 1_024,
  /** Names of hosts, as DNS bounds them, with a dot at the end. */
  hostnameCharsMax: 254,
  /** An IPv6 address with an IPv4 tail is 45 long; a zone may follow. */
  addressCharsMax: 64,
  /** Addresses that one lookup gives; more are cut. */
  lookupAddressesMax: 64,
  /** Characters of JSON of the records that one DNS query gives; more is an answer that nobody asked for. */
  dnsRecordsCharsMax: 32 * KiB,
  /** Why something was refused, with names in it that a guest chose. */
  networkReasonCharsMax: 1_024,
  /** Bytes of all connections of one environment that wait in the sandbox, both ways: 128 whole windows. */
  networkBytesWaitingMax: 32 * MiB,
  /** Pieces of one connection that wait for the guest; later ones are put together, so that a frozen one is not flooded. */
  socketEventsWaitingMax: 4,
  /** What a function may be allowed: a table that is searched for each connection. The longest name with many ports. */
  networkRulesMax: 256,
  networkRuleCharsMax: 512,
  /** Headers that the host adds to requests to one host: a few, as long as tokens get. */
  credentialHeadersMax: 16,
  credentialHeaderCharsMax: 8 * KiB,
  /** Requests to which headers are added: what Node's own server takes, and twice that. */
  requestHeadBytesMax: 32 * KiB,
  requestHeadersMax: 256,
  /** Connections at once of one environment, where the function says nothing else; it may say up to `networkIdsMax`. */
  networkConnectionsDefault: 256,
  /** Of all environments of one function, and of all functions: descriptors of the host, and two windows of memory each. */
  networkConnectionsPerFunctionMax: 1_024,
  networkConnectionsMax: 4_096,
  /** Lookups, queries and new connections of one environment; what comes faster waits. A burst is as large as the default above. */
  networkRequestsPerSecondMax: 256,
  networkRequestsBurst: 512,
  /** As long as an invocation may run, what it looked up at its start stays good. */
  networkPinMs: 900_000,
  networkPinsMax: 4_096,
  /** Names that share an address, as customers of one CDN do. */
  networkPinNamesMax: 64,
  networkConnectTimeoutMs: 30_000,
  /** Nothing either way for this long: what AWS's NAT gateway allows. */
  networkIdleMsMax: 350_000,
  /** A connection cannot outlive its sandbox, which is retired after an hour; this is for what forgot to. */
  networkConnectionMsMax: 7_200_000,
  /** What a guest wrote before it closed gets this long to leave. */
  networkLingerMsMax: 5_000,
  /** Of one question to one name server. */
  dnsTimeoutMs: 5_000,
  /** A resolver that asks three servers twice gives up later; a function that waits so long has most often timed out. */
  systemLookupTimeoutMs: 10_000,
  /** Refusals told one by one; the others are counted. */
  networkRefusalsToldPerSecondMax: 2,
  networkRefusalsToldBurst: 20,
  /** Each costs some 50 KiB in OpenSSL. */
  tlsSessionsMax: 512,
  /** Certificates and keys of a session: more than all authorities that Node trusts take. */
  tlsSettingsCharsMax: 1 * MiB,
  /** A pool's connections share one; each server and each set of trusted authorities has its own. */
  tlsContextsMax: 32,
  tlsKeyingMaterialBytesMax: 64 * KiB,
  /**
   * Cryptography. Of one guest: hashes and ciphers that were begun and not finished (a kilobyte or two each), operations started
   * that have not answered, and what those were given.
   */
  cryptoStreamsMax: 1_024,
  cryptoOperationsStartedMax: 1_024,
  cryptoBytesStartedMax: 64 * MiB,
  /** Keys that are kept ready; the guest sends others again. */
  cryptoKeysMax: 256,
  /** Of a key as text; RSA with 16,384 bits has 13 KB. */
  cryptoKeyBytesMax: 64 * KiB,
  /** Of one that is encrypted, as DER: RSA with 8,192 bits and ML-DSA-87 have 5 KB. What is in it OpenSSL works on unseen. */
  cryptoEncryptedKeyBytesMax: 6 * KiB,
  cryptoCertificateBytesMax: 256 * KiB,
  /** RSA, DSA, DH: a signature with 8,192 bits takes 40 milliseconds of the main thread. */
  cryptoModulusBitsMax: 8_192,
  /** RSA, which OpenSSL raises to it at each private operation: what FIPS 186-5 allows. */
  cryptoExponentBitsMax: 256,
  /** Looking for primes takes the longer the longer they are, with luck; these take some seconds. */
  cryptoNewModulusBitsMax: 4_096,
  cryptoPrimeBitsMax: 4_096,
  cryptoSafePrimeBitsMax: 1_024,
  /** Rounds of a test for primes; OpenSSL does 64 of itself, and each takes milliseconds of a long number. */
  cryptoPrimeChecksMax: 512,
  /** One result; what is longer would not fit a message of the bridge. */
  cryptoOutputBytesMax: 15 * MiB,
  /** Of one sandbox: operations on its thread pool, which has four threads, and the memory that they may take together. */
  cryptoThreadsMax: 2,
  cryptoMemoryBytesMax: 160 * MiB,
  /** Threads for long operations that guests wait for, those included whose guest is gone: OpenSSL cannot be interrupted. */
  cryptoLongTasksMax: 4,
  /** pbkdf2, up to 0.4 microseconds each with SHA-256; one with SHA-512 or SHA-3 counts twice. Less than a second, which nothing can stop. OWASP asks for 600,000. The second number is what the main thread may give. */
  cryptoIterationsMax: 2_000_000,
  cryptoIterationsAtOnceMax: 20_000,
  /** scrypt and argon2: memory times passes. Some seconds; and, on the main thread, some milliseconds. */
  cryptoDerivationBytesMax: 2_048 * MiB,
  cryptoDerivationBytesAtOnceMax: 2 * MiB,
  /** scrypt of a key's passphrase, which happens on the main thread: about a second. OpenSSL's own takes 16 MiB. */
  cryptoKeyDerivationBytesMax: 128 * MiB,
  /** Codecs of one environment at once, and what they may use of memory together: a deflate stream takes 268 KiB. */
  zlibCodecsMax: 512,
  zlibMemoryBytesMax: 160 * MiB,
  /** The largest windows: what the default levels and usual files need. A stream could ask for 2 GiB. */
  zlibBrotliWindowBitsMax: 24,
  zlibZstdWindowBitsMax: 25,
  zlibZstdLevelMax: 19,
  /** Compressed ahead of what the guest asked for. */
  zlibOutputBytesMax: 256 * KiB,
  /** Given to an encoder at once: 64 KiB take zlib's best level about 30 ms at worst, brotli's best as long for a quarter. */
  zlibInputBytesMax: 64 * KiB,
  zlibSlowInputBytesMax: 16 * KiB,
  /** Kept for the next stream of the same kind: making one costs more than a kilobyte of work. */
  zlibSparesMax: 4,
  /** Of one environment in the threads that all share. */
  zlibWritesAtOnceMax: 2,
  /** Input of those that wait for their turn; a guest's stream sends 1 MiB at once. */
  zlibWaitingBytesMax: 128 * MiB,
  /** Texts in an encoding that only the sandbox knows, in the middle of a stream. */
  textStreamsMax: 256,
  pathLengthMax: 4_096,
  nameLengthMax: 255,
  symlinksFollowedMax: 40,

  /** Bundles below this compile faster than a cache of them is read; making one would only delay the next cold start. */
  codeCacheBytesMin: 16 * KiB,

  /** Steps of the clock of functions that asked for a coarse one: ten times what a context switch disturbs. */
  coarseClockStepMs: 10,

  /** How long a process stays awake for a message that the last ones let expect at once (base/hot-wait). */
  hotWaitMsMax: 0.3,
  /**
   * A turn of the event loop with nothing to do takes 5 microseconds. One that took longer was kept from the processor, and being awake
   * then costs the share that the next call needs: none is for so long, some eighty calls.
   */
  hotWaitTurnMsMax: 0.1,
  hotWaitRestMs: 20,

  /** A guest slice longer than this takes its environment off the sandbox's main thread for good (see sandbox/lane). */
  shortSliceMsMax: 25,
  /** Invocations whose slices were all short before an environment may run on the main thread. */
  shortInvocationsBeforeMain: 2,
  /** Slices on the main thread that isolated-vm times, before the watchdog does (see sandbox/watchdog). */
  timedSlicesMax: 32,
  /** After so much time of short slices in a row on the main thread, other events of the sandbox come first. */
  mainThreadTurnMsMax: 5,
  /** A sandbox that has waited for work so long is no longer one of many that are started at once. */
  warmUpRestDelayMs: 1_000,
  /**
   * After a cold start the next isolate is prepared when so much time has passed and nothing runs; a sandbox that stays busy is
   * looked at again ever more seldom.
   */
  prepareDelayMsMin: 1,
  prepareDelayMsMax: 64,
  /** Behind the first environment of a sandbox the next isolates wait so long; behind the second they are made at once. */
  prepareAfterFirstMs: 500,
  /**
   * Garbage of an environment is collected once it was quiet for so long after its first answer; larger heaps, which take longer,
   * are left to V8. A call that comes meanwhile waits for it: 3 to 12 milliseconds.
   */
  tidyDelayMs: 1_000,
  tidyHeapBytesMax: 16 * MiB,
  /** Turns of the event loop between an answer and the freeze (LAMBDA.md A3.15). */
  turnsAfterAnswerMax: 16,

  /** Schedules, as EventBridge has them: rules of a bus (300 there), targets of a rule, of a page; texts; the number of a rate is ours. */
  schedulesMax: 1_000,
  scheduleTargetsMax: 5,
  schedulesPageMax: 100,
  scheduleNameLengthMax: 64,
  scheduleDescriptionLengthMax: 512,
  scheduleExpressionLengthMax: 256,
  scheduleInputBytesMax: 8 * KiB,
  scheduleRateMax: 1_000_000,
  scheduleTargetRetriesMax: 185,
  /**
   * How old an event of a schedule may get before it is accepted, also because nothing ran at its instant. EventBridge has the same
   * least and most; its default is the most, and ours what a restart takes.
   */
  scheduleEventAgeSecondsMin: 60,
  scheduleEventAgeSecondsDefault: 300,
  scheduleEventAgeSecondsMax: 86_400,
  /** A wall clock that was set is noticed within it. */
  scheduleLookMsMax: 30_000,
  /** Between attempts to hand an event of a schedule or a bucket over. */
  feedRetryMsMin: 1_000,
  feedRetryMsMax: 60_000,

  /** Buckets of an engine and their notifications (S3 has 100 each), the length of a key in S3; files and directories watched are ours. */
  bucketsMax: 100,
  bucketNotificationsMax: 100,
  bucketKeyBytesMax: 1_024,
  bucketObjectsMax: 100_000,
  bucketDirectoriesMax: 8_192,
  /** Different problems of a bucket that are told, each once. */
  bucketProblemsMax: 16,
  /** Larger ones have an entity tag that is no hash of what is in them. */
  bucketHashBytesMax: 16 * MiB,
  /** Events of a bucket that are handed over at once, and written down together; files that are looked at together. */
  bucketEventsAtOnceMax: 64,
  /** A file is whole when it has not changed for so long. */
  bucketStableMs: 1_000,
  /** Changes are gathered for so long before anybody looks. */
  bucketGatherMs: 50,
  /** Everything is looked at again so often: a kernel that was told of too much at once tells nothing of some. */
  bucketRescanMs: 300_000,

  /** Keys of one Redis stream, each a shard and a connection, and their length; a reply of the server; how long it may take. */
  redisKeysMax: 64,
  redisKeyBytesMax: 512,
  redisReplyBytesMax: 64 * MiB,
  redisAnswerMsMax: 10_000,
  redisKeepAliveMs: 30_000,
  /** Of an entry, before one was read: how many are asked for follows from it. */
  redisEntryBytesGuess: 16 * KiB,
} as const;
