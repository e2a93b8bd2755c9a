import { type Listed, Roster } from "./roster.ts";

/** A wait that has not ended. */
interface Wait extends Listed {
  readonly reject: (reason: unknown) => void;
}

/**
 * One event that ends whatever is being waited for. Unlike racing against a
 * promise that lives as long as the call, it holds on to nothing once a wait
 * is over, however many waits a stream has.
 */
export class Interrupt {
  readonly #waiting = new Roster<Wait>();
  #reason: unknown;
  #fired = false;

  /** Whether it has happened. */
  get fired(): boolean {
    return this.#fired;
  }

  /** Ends all waits, present and future, with this reason. Only the first call counts. */
  fire(reason: unknown): void {
    if (this.#fired) return;
    this.#fired = true;
    this.#reason = reason;
    for (const wait of this.#waiting.all()) {
      this.#waiting.remove(wait);
      wait.reject(reason);
    }
  }

  /** Waits for the promise or the interrupt, whichever is first. */
  guard<T>(promise: Promise<T>): Promise<T> {
    if (this.#fired) {
      promise.catch(() => {}); // Nobody waits for it any more.
      return Promise.reject(this.#reason);
    }
    return new Promise<T>((resolve, reject) => {
      const wait = { place: -1, reject };
      this.#waiting.add(wait);
      promise.then((value) => {
        this.#waiting.remove(wait);
        resolve(value);
      }, (error) => {
        this.#waiting.remove(wait);
        reject(error);
      });
    });
  }
}

/**
 * Yields what the iterator yields until the interrupt fires, which then
 * throws its reason. The iterator is told to end in either case; it is not
 * waited for, since it may be waiting for something that never comes.
 */
export async function* interruptible<T>(
  iterator: AsyncIterator<T> | Iterator<T>,
  interrupt: Interrupt,
): AsyncGenerator<T, void, undefined> {
  let finished = false;
  try {
    while (true) {
      const result = await interrupt.guard(Promise.resolve(iterator.next()));
      if (result.done) {
        finished = true;
        return;
      }
      yield result.value;
    }
  } catch (error) {
    finished = !interrupt.fired;
    throw error;
  } finally {
    if (!finished) {
      // What it throws while it ends concerns nobody any more.
      Promise.resolve(iterator.return?.()).catch(() => {});
    }
  }
}

/** The iterator of a stream, given as anything that can be iterated. */
export function iteratorOf<T>(
  source: AsyncIterable<T> | Iterable<T>,
): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in source
    ? source[Symbol.asyncIterator]()
    : source[Symbol.iterator]();
}

/** Waits until a Node stream takes more. */
export function drained(
  stream: { once(event: "drain", listener: () => void): unknown },
): Promise<void> {
  return new Promise((resolve) => void stream.once("drain", () => resolve()));
}
