/**
 * The flags that sandboxes run Node with. The runtime builder must use the same list: V8 hashes its flags into every code
 * cache and refuses a cache that was made under others.
 */

/** Heap of the sandbox program itself, without its isolates: queues and buffers of 6 MiB payloads, far below this. */
const hostHeapMiB = 256;

/**
 * V8 compiles with Maglev what was called 400 times, and puts that off for 500 calls whenever a function met new kinds of values. Nothing
 * of ours is called as often in the first hundreds of invocations. With 100: calls 201 to 500 take 200 to 310 us of a sandbox's main
 * thread instead of 340 to 450; what its compiler threads do, 40 ms, comes earlier (busy 2-core machine, 2026-11).
 */
export const earlyCompilingFlags: readonly string[] = [
  '--invocation-count-for-maglev=100',
  '--minimum-invocations-after-ic-update=100',
];

export const sandboxNodeFlags: readonly string[] = [
  // SIGUSR1 would open the inspector.
  '--disable-sigusr1',
  // Bytecode that was not used for a while would be thrown away: a function that is called now and then would stay cold.
  '--no-flush-bytecode',
  // A collection of WebAssembly code that a thread of ours began ended forked sandboxes (Node 26.10). V8 begins one where code is replaced by
  // a higher tier, and interrupts every isolate of the process, also one that waits in Atomics.wait: the watchdog's is woken by
  // FutexWaitListNode::NotifyWake, and there absl's checks of mutexes end the process ("Mutex::Fer while waiting on Condition", "illegal
  // recursion into Mutex code"). The waiter was alive, on a thread of the child's own, and no waiter of the template's was on the list when
  // looked at, so why they fail is not known. With --stress-wasm-code-gc in this flag's place a few requests to a loopback server show it.
  // Of what runs on our threads the compilers interrupt, too, but only the isolate that they compile for; none was seen to end a process.
  // Guests have little such code: that of Node's HTTP parser, and what they are granted.
  '--no-wasm-code-gc',
  ...earlyCompilingFlags,
  `--max-old-space-size=${hostHeapMiB}`,
];

/**
 * For the program that builds runtimes: it looks at Node's library as it is made anew. From Node's own snapshot, of which sandboxes
 * start (half of their start's CPU time would go without it), some names of newer JavaScript are missing there.
 */
export const builderNodeFlags: readonly string[] = ['--no-node-snapshot', '--expose-internals', '--no-warnings'];
