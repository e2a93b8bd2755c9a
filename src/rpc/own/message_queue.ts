/** Messages between the wire, which pushes, and a loop, which asks. */

/** What the queue tells the call that fills it. */
export interface Flow {
  /** Messages wait: the peer should not send more. */
  hold(): void;
  /** None waits any more. */
  release(): void;
}

/** Somebody who asked before there was an answer. */
interface Asking<Message> {
  readonly resolve: (result: IteratorResult<Message, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** A stream of messages, read one at a time. */
export class MessageQueue<Message = Uint8Array> {
  readonly #flow: Flow;
  readonly #messages: Message[] = [];
  readonly #asking: Asking<Message>[] = [];
  #first = 0;
  #end: { readonly error?: unknown; readonly isError: boolean } | undefined;

  /** Makes an empty queue. */
  constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** Adds a message. */
  push(message: Message): void {
    if (this.#end !== undefined) return;
    const asking = this.#asking.shift();
    if (asking !== undefined) return asking.resolve({ done: false, value: message });
    this.#messages.push(message);
    if (this.#messages.length - this.#first === 1) this.#flow.hold();
  }

  /** Ends the stream behind what was pushed. Only the first end counts. */
  end(): void {
    this.#finish({ isError: false });
  }

  /** Ends the stream with an error behind what was pushed; one that asks later gets the plain end. */
  fail(error: unknown): void {
    this.#finish({ isError: true, error });
  }

  /** Drops what was pushed and ends the stream. */
  abandon(): void {
    this.#messages.length = 0;
    this.#first = 0;
    this.#end = { isError: false };
    for (const { resolve } of this.#asking.splice(0)) resolve(DONE);
  }

  /** The next message. */
  next(): Promise<IteratorResult<Message, undefined>> {
    if (this.#first < this.#messages.length) {
      const message = this.#messages[this.#first] as Message;
      this.#first++;
      if (this.#first === this.#messages.length) {
        this.#messages.length = 0;
        this.#first = 0;
        this.#flow.release();
      }
      return Promise.resolve({ done: false, value: message });
    }
    const end = this.#end;
    if (end === undefined) {
      return new Promise((resolve, reject) => this.#asking.push({ resolve, reject }));
    }
    this.#end = { isError: false };
    return end.isError ? Promise.reject(end.error) : Promise.resolve(DONE);
  }

  #finish(end: { readonly error?: unknown; readonly isError: boolean }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    const [first, ...others] = this.#asking.splice(0);
    if (first === undefined) return;
    this.#end = { isError: false };
    if (end.isError) first.reject(end.error);
    else first.resolve(DONE);
    for (const { resolve } of others) resolve(DONE);
  }
}
