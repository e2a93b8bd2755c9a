/** A number of slots, and a queue for them. */

/** Who waits for a slot. */
interface Waiter {
  readonly enter: () => void;
  readonly fail: (reason: unknown) => void;
}

/** Slots are taken in the order they were asked for. */
export class Slots {
  #free: number;
  readonly #waiting: Waiter[] = [];

  /** @param count How many there are. */
  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a slot, if one is free. */
  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Waits for a slot and takes it. Rejects with the signal's reason, or with that of `close()`. */
  take(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const end = () => {
        signal?.removeEventListener("abort", abort);
        const index = this.#waiting.indexOf(waiter);
        if (index >= 0) this.#waiting.splice(index, 1);
      };
      const waiter: Waiter = {
        enter: () => {
          end();
          resolve();
        },
        fail: (reason) => {
          end();
          reject(reason);
        },
      };
      const abort = () => waiter.fail(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  /** Gives a slot back: to who has waited longest. */
  give(): void {
    const next = this.#waiting[0];
    if (next === undefined) this.#free++;
    else next.enter();
  }

  /** Ends every wait. */
  close(reason: Error): void {
    for (const waiter of [...this.#waiting]) waiter.fail(reason);
  }
}
