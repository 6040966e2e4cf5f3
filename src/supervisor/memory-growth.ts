/**
 * Whose the memory is that a sandbox gained since nothing last ran in it. The kernel counts by process; the sandbox says whose code
 * runs, and one whose code does not run cannot grow. What it gains between two looks counts for each environment that ran then:
 * whoever waits for a timer or a peer is cleared, of two that compute it cannot be told.
 */
export class MemoryGrowth {
  readonly #bytes = new Map<string, number>();
  #residentBytes: number | undefined;

  /** A reading. `candidates`: those that may have run since the one before. */
  note(residentBytes: number, candidates: Iterable<string>): void {
    const gained = residentBytes - (this.#residentBytes ?? residentBytes);
    this.#residentBytes = residentBytes;
    if (gained <= 0) return;
    for (const environmentId of candidates) {
      this.#bytes.set(environmentId, (this.#bytes.get(environmentId) ?? 0) + gained);
    }
  }

  /** Nothing runs: what is there now is nobody's. */
  settle(residentBytes: number): void {
    this.#residentBytes = residentBytes;
    if (this.#bytes.size > 0) this.#bytes.clear();
  }

  /** Those of `running` that can have gained most of it; all of them when nothing is known. */
  growers(running: readonly string[]): readonly string[] {
    const most = Math.max(0, ...running.map((environmentId) => this.#bytes.get(environmentId) ?? 0));
    if (most === 0) return running;
    return running.filter((environmentId) => (this.#bytes.get(environmentId) ?? 0) >= most / 2);
  }
}
