/** The pings that wait for their answers. */
import { YamuxPingTimeoutError } from "./errors.ts";
import { Limit } from "./limit.ts";

/** A ping on its way. */
interface Ping {
  readonly answer: () => void;
  readonly fail: (reason: Error) => void;
}

/** Sends pings and matches the answers. */
export class Pings {
  readonly #send: (id: number) => void;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, Ping>();
  #nextId = 0;

  /** @param send Sends a ping that carries this number. */
  constructor(send: (id: number) => void, timeoutMs: number) {
    this.#send = send;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Pings.
   *
   * @returns How long the answer took, in milliseconds.
   * @throws {YamuxPingTimeoutError} If there is none in time.
   */
  ping(): Promise<number> {
    const id = this.#nextId;
    this.#nextId = (id + 1) >>> 0;
    const start = performance.now();
    return new Promise((resolve, reject) => {
      const end = () => {
        limit.end();
        this.#waiting.delete(id);
      };
      const ping: Ping = {
        answer: () => {
          end();
          resolve(performance.now() - start);
        },
        fail: (reason) => {
          end();
          reject(reason);
        },
      };
      const limit = new Limit(
        this.#timeoutMs,
        () => ping.fail(new YamuxPingTimeoutError(this.#timeoutMs)),
      );
      this.#waiting.set(id, ping);
      this.#send(id);
    });
  }

  /** Takes an answer; one that nobody waits for, or no more, is nothing. */
  answered(id: number): void {
    this.#waiting.get(id)?.answer();
  }

  /** Ends every wait. */
  close(reason: Error): void {
    for (const ping of [...this.#waiting.values()]) ping.fail(reason);
  }
}
