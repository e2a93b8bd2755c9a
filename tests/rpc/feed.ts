/**
 * A stream that yields what it is given, when it is given, and tells how it is
 * used.
 */
import { Happening } from "./waiting.ts";

export class Feed<T> implements AsyncIterable<T>, AsyncIterator<T, void> {
  /** Comes when whoever reads it leaves before the end. */
  readonly left = new Happening("return() of a stream");
  /** How often `next()` was called. */
  asked = 0;
  readonly #results: Promise<IteratorResult<T, void>>[] = [];
  readonly #waiting: ((result: Promise<IteratorResult<T, void>>) => void)[] = [];

  /** Yields a value. */
  push(value: T): void {
    this.#give(Promise.resolve({ done: false, value }));
  }

  /** Ends the stream. */
  end(): void {
    this.#give(Promise.resolve({ done: true, value: undefined }));
  }

  /** Ends the stream with an error. */
  fail(error: unknown): void {
    const failure = Promise.reject(error);
    failure.catch(() => {}); // It may never be asked for.
    this.#give(failure);
  }

  #give(result: Promise<IteratorResult<T, void>>): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#results.push(result);
    else waiting(result);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, void>> {
    this.asked++;
    return this.#results.shift() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<T, void>> {
    this.left.come();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }
}
