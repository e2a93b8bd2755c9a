/** A stream as the parts of a connection see it. */
import { ErrorCode } from "./errors.ts";
import type { Fifo } from "./fifo.ts";
import type { HeaderTemplate } from "./hpack_encoder.ts";
import type { Http2Stream, Release, StreamHandler } from "./stream.ts";

/** Who ends streams. */
interface StreamCanceller {
  /** Ends the stream with RST_STREAM. */
  cancel(stream: StreamState, code: number): void;
}

/** Who sends for streams. */
interface StreamSender {
  /** Sends or queues a header block. */
  sendHeaders(
    stream: StreamState,
    template: HeaderTemplate,
    extra: readonly string[] | undefined,
    endStream: boolean,
  ): void;
  /** Sends or queues DATA. */
  sendData(
    stream: StreamState,
    head: Uint8Array | undefined,
    body: Uint8Array,
    endStream: boolean,
    release?: Release,
  ): boolean;
}

/** Who keeps the windows of what comes. */
interface StreamCreditor {
  /** Gives a part of the window back to the peer. */
  credit(stream: StreamState, bytes: number): void;
}

/** Something that waits to be sent on a stream. */
export interface QueuedItem {
  /** A header block, or `undefined` for DATA. */
  readonly template: HeaderTemplate | undefined;
  readonly extra: readonly string[] | undefined;
  /** What comes before the body, a copy. */
  readonly head: Uint8Array | undefined;
  readonly body: Uint8Array;
  /** Gets the body back when it has been written. */
  readonly release: Release | undefined;
  /** How much of head and body has been sent. */
  sent: number;
  readonly endStream: boolean;
}

/** What the layer above has not been asked for yet. */
const NOBODY: StreamHandler = {
  headers() {},
  data() {},
  trailers() {},
  end() {},
  reset() {},
  drain() {},
};
const NOTHING = new Uint8Array(0);
const MAX_HEAD_BYTES = 64;

/** One stream: two windows, a queue, and how far either side is. */
export class StreamState implements Http2Stream {
  id = 0;
  handler: StreamHandler = NOBODY;
  isSendEnded = false;
  isReceiveEnded = false;
  isClosed = false;
  queuedBytes = 0;

  /** What the peer takes; below 0 if it changed its mind. */
  sendWindow = 0;
  /** What the peer may send. */
  receiveWindow = 0;
  /** What has been consumed and not yet given back. */
  owedBytes = 0;
  /** What has come and not been consumed. */
  unconsumedBytes = 0;
  /** What waits to be sent. */
  queue: Fifo<QueuedItem> | undefined;
  /** Whether it stands in the round of those that may send. */
  isInRound = false;
  /** Whether `drain` has been promised. */
  owesDrain = false;
  /** Whether END_STREAM is on the wire, not only queued. */
  hasSentEnd = false;
  /** Whether END_STREAM came and the handler's `end` is still to be called. */
  isEndPending = false;
  /** Client: whether the response headers have come. */
  hasResponse = false;
  /** What content-length still promises; -1 if there was none. */
  expectedBytes = -1;
  resetCodeAfterEnd: number | undefined;
  readonly #canceller: StreamCanceller;
  readonly #sender: StreamSender;
  readonly #creditor: StreamCreditor;

  /** Makes a stream that has no id yet. */
  constructor(canceller: StreamCanceller, sender: StreamSender, creditor: StreamCreditor) {
    this.#canceller = canceller;
    this.#sender = sender;
    this.#creditor = creditor;
  }

  /** Whether something waits to be sent. */
  get hasQueue(): boolean {
    return this.queue !== undefined && this.queue.size > 0;
  }

  sendHeaders(template: HeaderTemplate, extra?: readonly string[], endStream = false): void {
    if (this.isClosed || this.isSendEnded) return;
    this.#sender.sendHeaders(this, template, extra, endStream);
  }

  write(data: Uint8Array, endStream = false): boolean {
    if (this.isClosed || this.isSendEnded) return true;
    return this.#sender.sendData(this, undefined, data, endStream);
  }

  writePair(head: Uint8Array, body: Uint8Array, endStream = false, release?: Release): boolean {
    if (head.length > MAX_HEAD_BYTES) {
      throw new RangeError(
        `Cannot write: the head has ${head.length} bytes, not ${MAX_HEAD_BYTES}`,
      );
    }
    if (this.isClosed || this.isSendEnded) return true;
    return this.#sender.sendData(this, head, body, endStream, release);
  }

  end(trailers?: HeaderTemplate, extra?: readonly string[]): void {
    if (this.isClosed || this.isSendEnded) return;
    if (trailers === undefined) this.#sender.sendData(this, undefined, NOTHING, true);
    else this.#sender.sendHeaders(this, trailers, extra, true);
  }

  resetAfterEnd(code: number): void {
    if (this.isClosed || this.isReceiveEnded) return;
    if (this.hasSentEnd) this.#canceller.cancel(this, code);
    else this.resetCodeAfterEnd = code;
  }

  consume(bytes: number): void {
    if (bytes > this.unconsumedBytes) {
      throw new RangeError(
        `Cannot consume ${bytes} bytes of a stream: ${this.unconsumedBytes} were left`,
      );
    }
    this.unconsumedBytes -= bytes;
    if (!this.isClosed) this.#creditor.credit(this, bytes);
  }

  reset(code: number = ErrorCode.cancel): void {
    if (!this.isClosed) this.#canceller.cancel(this, code);
  }
}
