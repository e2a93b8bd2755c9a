/**
 * What the peer has announced over the broker's stream, and who waits for it.
 *
 * Source: go-plugin `grpc_broker.go`: one announcement is kept per id, for
 * five seconds, and a dial waits as long.
 */
import { BrokerError } from "../errors.ts";

/** How long an announcement waits for its dial, and a dial for its announcement, in milliseconds. */
export const BROKER_TIMEOUT_MS = 5_000;

/** A place that the peer has announced. */
export interface Announcement {
  /** The id that the accepting side chose. */
  readonly serviceId: number;
  /** `unix` or `tcp`. */
  readonly network: string;
  /** The place itself. */
  readonly address: string;
}

/** A dial that waits; either call ends the wait and what belongs to it. */
interface Waiter {
  readonly resolve: (announcement: Announcement) => void;
  readonly reject: (reason: unknown) => void;
}

/** Brings announcements and dials together, whichever comes first. */
export class Announcements {
  readonly #early = new Map<
    number,
    { announcement: Announcement; timer: ReturnType<typeof setTimeout> }
  >();
  readonly #waiting = new Map<number, Waiter[]>();
  #closed: Error | undefined;

  /** Takes an announcement. A second one for an id that nobody has dialled yet is dropped. */
  add(announcement: Announcement): void {
    const { serviceId: id } = announcement;
    const waiter = this.#waiting.get(id)?.[0];
    if (waiter !== undefined) waiter.resolve(announcement);
    else if (!this.#early.has(id) && this.#closed === undefined) {
      const timer = setTimeout(() => this.#early.delete(id), BROKER_TIMEOUT_MS);
      this.#early.set(id, { announcement, timer });
    }
  }

  /**
   * Takes the announcement of an id, or waits for it.
   *
   * @throws {BrokerError} If it does not come in time, or the broker closes.
   */
  take(id: number, signal?: AbortSignal): Promise<Announcement> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const early = this.#early.get(id);
    if (early !== undefined) {
      clearTimeout(early.timer);
      this.#early.delete(id);
      return Promise.resolve(early.announcement);
    }
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        const left = (this.#waiting.get(id) ?? []).filter((other) => other !== waiter);
        if (left.length > 0) this.#waiting.set(id, left);
        else this.#waiting.delete(id);
      };
      const waiter: Waiter = {
        resolve: (announcement) => {
          end();
          resolve(announcement);
        },
        reject: (reason) => {
          end();
          reject(reason);
        },
      };
      const abort = () => waiter.reject(signal?.reason);
      const timer = setTimeout(() => waiter.reject(this.#timeout(id)), BROKER_TIMEOUT_MS);
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.set(id, [...this.#waiting.get(id) ?? [], waiter]);
    });
  }

  /** Forgets what was announced and ends all waits. */
  close(reason: Error): void {
    this.#closed ??= reason;
    for (const { timer } of this.#early.values()) clearTimeout(timer);
    this.#early.clear();
    for (const waiter of [...this.#waiting.values()].flat()) waiter.reject(reason);
  }

  #timeout(id: number): BrokerError {
    const others = [...this.#early.keys()].sort((a, b) => a - b);
    return new BrokerError(
      "timeout",
      `Cannot dial id ${id}: timeout waiting for connection info after ${BROKER_TIMEOUT_MS} ms, ` +
        `the peer announced ${others.length === 0 ? "nothing else" : others.join(", ")}`,
      { hint: "The peer has to serve the id, and at most five seconds before it is dialled" },
    );
  }
}
