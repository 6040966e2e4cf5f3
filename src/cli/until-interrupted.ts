/** For commands that go on until somebody ends them: Ctrl-C ends them as it should, a second time at once. */
export function untilInterrupted(): AbortSignal & Disposable {
  const stop = new AbortController();
  const onSignal = (): void => {
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return Object.assign(stop.signal, { [Symbol.dispose]: onSignal });
}
