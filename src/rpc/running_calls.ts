/** The calls that a server is busy with, until the last byte of each is out. */

/** What somebody waits for. */
interface Waiting {
  readonly service: string | undefined;
  readonly resolve: () => void;
}

/** The calls being served. */
export class RunningCalls {
  readonly #calls = new Map<object, string>();
  readonly #waiting = new Set<Waiting>();

  /** Adds a call by its path. */
  add(call: object, path: string): void {
    this.#calls.set(call, path);
  }

  /** Removes a call that is over. */
  remove(call: object): void {
    if (!this.#calls.delete(call) || this.#waiting.size === 0) return;
    for (const waiting of [...this.#waiting]) {
      if (!this.#isNone(waiting.service)) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  /** Waits until there are none, of a service or at all. */
  async none(service?: string): Promise<void> {
    if (this.#isNone(service)) return;
    await new Promise<void>((resolve) => this.#waiting.add({ service, resolve }));
  }

  #isNone(service: string | undefined): boolean {
    if (service === undefined) return this.#calls.size === 0;
    return ![...this.#calls.values()].some((path) => path.startsWith(`/${service}/`));
  }
}
