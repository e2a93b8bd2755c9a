/** The calls that a server is busy with, until the last byte of each is out. */
import { type Listed, Roster } from "./roster.ts";

/** A call that is served. */
export interface RunningCall extends Listed {
  /** The path: `/package.Service/Method`. */
  readonly path: string;
}

/** What somebody waits for. */
interface Waiting {
  readonly service: string | undefined;
  readonly resolve: () => void;
}

/** The calls being served. */
export class RunningCalls {
  readonly #calls = new Roster<RunningCall>();
  readonly #waiting = new Set<Waiting>();

  /** Adds a call. */
  add(call: RunningCall): void {
    this.#calls.add(call);
  }

  /** Removes a call that is over. */
  remove(call: RunningCall): void {
    if (!this.#calls.remove(call) || this.#waiting.size === 0) return;
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
    return !this.#calls.all().some(({ path }) => path.startsWith(`/${service}/`));
  }
}
