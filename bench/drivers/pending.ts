/** Calls that wait for the other side's answers, which come in the order of the calls. */
export interface Pending {
  add(): Promise<string>;
  settle(message: { readonly answer?: string; readonly error?: string }): void;
  fail(error: Error): void;
}

export function createPending(): Pending {
  const waiting: PromiseWithResolvers<string>[] = [];
  let failed: Error | undefined;
  return {
    add() {
      const call = Promise.withResolvers<string>();
      if (failed) call.reject(failed);
      else waiting.push(call);
      return call.promise;
    },
    settle({ answer, error }) {
      const call = waiting.shift();
      if (answer === undefined) call?.reject(new Error(error ?? 'no answer'));
      else call?.resolve(answer);
    },
    fail(error) {
      failed = error;
      for (const call of waiting.splice(0)) call.reject(error);
    },
  };
}
