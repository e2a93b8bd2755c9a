/** Messages on their way into a stream, for as long as the stream is open. */

/** A queue that one side fills and a stream empties. */
export class Outbox<T> implements AsyncIterable<T> {
  readonly #waiting: T[] = [];
  #wake: (() => void) | undefined;
  #isEnded = false;

  /** Whether nothing more can be sent. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Sends a message, unless the stream has ended. */
  send(message: T): void {
    if (this.#isEnded) return;
    this.#waiting.push(message);
    this.#wake?.();
  }

  /** Ends the stream once what was sent is out. */
  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  /** What the stream reads. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    while (true) {
      const message = this.#waiting.shift();
      if (message !== undefined) {
        yield message;
        continue;
      }
      if (this.#isEnded) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
