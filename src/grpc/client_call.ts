/** One call, as its caller sees it. */
import { STATUS_CODES } from "../errors.ts";
import type { Connection } from "../http2/connection.ts";
import { ErrorCode, type Http2Error } from "../http2/errors.ts";
import type { ReceivedHeaders } from "../http2/headers.ts";
import type { HeaderTemplate } from "../http2/hpack_encoder.ts";
import type { Http2Stream, StreamHandler } from "../http2/stream.ts";
import { clearDeadline, type Deadline, setDeadline } from "./deadlines.ts";
import { type MessageLimits, MessageReader, type MessageSink } from "./message_reader.ts";
import { writeMessage } from "./message_writer.ts";
import {
  type CallStatus,
  fromHttp2Error,
  fromHttpStatus,
  type HeaderList,
  localStatus,
} from "./status.ts";
import { decodeStatusMessage } from "./status_message.ts";
import { formatTimeout } from "./timeout.ts";

/** Who is told of a call, in the order of the wire. */
export interface CallHandler {
  /** The peer's leading metadata. Not told if the call ends without any. */
  headers(list: HeaderList): void;
  /** A message. */
  message(bytes: Uint8Array): void;
  /** The end. Nothing is told after it. */
  status(status: CallStatus): void;
  /** There is room for more messages, after `send()` had answered `false`. */
  drain(): void;
}

/** A call's own limits. */
export interface CallLimits extends MessageLimits {
  /** The longest message that is sent, in bytes. */
  readonly maxSendBytes: number;
  /** When the caller gives up, in milliseconds since the epoch; `Infinity` for never. */
  readonly deadlineMs: number;
}

/** What a call is made of, and who makes it. */
export interface CallPlan extends CallLimits {
  /** The header fields that all calls to this method have. */
  readonly template: HeaderTemplate;
  /** The metadata to send. */
  readonly metadata: HeaderList;
  /** Whether to wait for a connection, however long it takes. */
  readonly isPatient: boolean;
  /** Begins the call, or begins it again; the call is told of a connection by `open()`. */
  readonly channel: { begin(call: ClientCall): void };
}

/** A peer may answer an overdue call a moment before this side's timer rings. */
const EARLY_MS = 2;

/** What was asked for before there was a stream. */
type Held =
  | { readonly kind: "message"; readonly bytes: Uint8Array; readonly isLast: boolean }
  | { readonly kind: "end" };

/**
 * A call that was begun. It waits for a stream, which {@linkcode open} gives
 * it, and keeps what is sent until then.
 *
 * If the peer has certainly not seen it, it is made again, once: as long as
 * nothing was sent, or one message that is all there is. Source: gRFC A6,
 * "Transparent Retries".
 */
export class ClientCall implements StreamHandler, MessageSink {
  readonly #handler: CallHandler;
  readonly #plan: CallPlan;
  readonly #reader: MessageReader;
  #connection: Connection | undefined;
  #stream: Http2Stream | undefined;
  #held: Held[] | undefined;
  #deadline: Deadline | undefined;
  #answer: CallStatus | undefined;
  #httpStatus = 0;
  #isOver = false;
  #isHolding = false;
  #owed = 0;
  /** How many messages were sent; the only one, as long as it may be needed again. */
  #sent = 0;
  #only: Uint8Array | undefined;
  #hasEnded = false;
  #isSecondTry = false;

  /** Begins a call; its deadline runs from now on. */
  constructor(handler: CallHandler, plan: CallPlan) {
    this.#handler = handler;
    this.#plan = plan;
    this.#reader = new MessageReader(this, plan);
    if (plan.deadlineMs !== Infinity) {
      this.#deadline = setDeadline(plan.deadlineMs, () => this.#expire());
    }
  }

  /** Whether the status is known. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether it waits for a connection, however long that takes. */
  get isPatient(): boolean {
    return this.#plan.isPatient;
  }

  /** Opens the stream, on a connection that takes one. */
  open(connection: Connection): void {
    if (this.#isOver) return;
    const { deadlineMs, template, metadata } = this.#plan;
    const extra = deadlineMs === Infinity
      ? metadata
      : ["grpc-timeout", formatTimeout(deadlineMs - Date.now()), ...metadata];
    this.#connection = connection;
    this.#stream = connection.open(this, template, extra);
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    for (const step of held) {
      if (step.kind === "end") this.#stream.end();
      else writeMessage(this.#stream, step.bytes, step.isLast);
    }
    // Nobody was told to wait, but may have.
    this.#handler.drain();
  }

  /**
   * Sends a message.
   *
   * @returns Whether there is room for more; if not, `drain` will be told.
   */
  send(bytes: Uint8Array, isLast: boolean): boolean {
    if (this.#isOver) return true;
    const { maxSendBytes } = this.#plan;
    if (bytes.length > maxSendBytes) {
      const found = `trying to send message larger than max (${bytes.length} vs. ${maxSendBytes})`;
      this.cancel(STATUS_CODES.RESOURCE_EXHAUSTED, found);
      return true;
    }
    // Only a call with one message may be made again.
    this.#only = this.#sent === 0 ? bytes : undefined;
    this.#sent++;
    if (isLast) this.#hasEnded = true;
    if (this.#stream !== undefined) return writeMessage(this.#stream, bytes, isLast);
    (this.#held ??= []).push({ kind: "message", bytes, isLast });
    return false;
  }

  /** Says that there are no more messages. */
  endSending(): void {
    if (this.#isOver) return;
    this.#hasEnded = true;
    if (this.#stream !== undefined) this.#stream.end();
    else (this.#held ??= []).push({ kind: "end" });
  }

  /** Ends the call from this side. Does nothing if it is over. */
  cancel(code: number, details: string): void {
    this.#finish(localStatus(code, details));
  }

  /** Ends the call for a reason of the connection's. */
  fail(status: CallStatus): void {
    this.#finish(status);
  }

  /** From now on the peer gets no room for more than what is under way: messages wait to be read. */
  hold(): void {
    this.#isHolding = true;
  }

  /** The messages have been read: the peer may send again. */
  release(): void {
    this.#isHolding = false;
    if (this.#owed === 0) return;
    this.#stream?.consume(this.#owed);
    this.#owed = 0;
  }

  headers(headers: ReceivedHeaders, endStream: boolean): void {
    this.#httpStatus = headers.status;
    this.#only = undefined;
    if (endStream) return this.trailers(headers);
    if (headers.status !== 200) return; // A status of gRPC's may still come in the trailers.
    const type = headers.get("content-type") ?? "";
    if (!type.startsWith("application/grpc")) {
      const details = `The answer is no gRPC: HTTP status 200, content-type ${
        JSON.stringify(type)
      }`;
      return this.#finish(localStatus(STATUS_CODES.UNKNOWN, details));
    }
    this.#reader.encoding = headers.get("grpc-encoding") ?? "identity";
    this.#handler.headers(headers.list);
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    if (this.#httpStatus === 200) this.#reader.push(bytes, start, end);
    if (this.#isOver) return;
    if (this.#isHolding) this.#owed += end - start;
    else this.#stream?.consume(end - start);
  }

  trailers(headers: ReceivedHeaders): void {
    const field = headers.get("grpc-status");
    if (field === undefined) {
      this.#answer = this.#httpStatus === 200
        ? localStatus(STATUS_CODES.INTERNAL, "The answer ended without a status")
        : fromHttpStatus(this.#httpStatus);
      return;
    }
    this.#answer = {
      code: /^\d{1,9}$/.test(field) ? Number(field) : STATUS_CODES.UNKNOWN,
      details: decodeStatusMessage(headers.get("grpc-message") ?? ""),
      trailers: headers.list,
      isLost: false,
    };
  }

  /** The peer has sent its last: what it said in the trailers holds. */
  end(): void {
    const answer = this.#answer;
    if (answer === undefined) {
      this.#finish(
        this.#httpStatus === 200
          ? localStatus(STATUS_CODES.INTERNAL, "The answer ended without a status")
          : fromHttpStatus(this.#httpStatus),
      );
    } else if (answer.code === STATUS_CODES.OK && this.#reader.isPartial) {
      this.#finish(localStatus(STATUS_CODES.INTERNAL, "The answer ended within a message"));
    } else this.#finish(answer);
  }

  reset(error: Http2Error): void {
    // A server resets a call at its own deadline, which is the same one.
    const isLate = error.reason === "reset" && error.code === ErrorCode.cancel &&
      Date.now() >= this.#plan.deadlineMs - EARLY_MS;
    if (isLate) this.#expire();
    else if (error.unprocessed && this.#canStartOver) this.#startOver();
    else if (this.#answer !== undefined) this.end();
    else this.#finish(fromHttp2Error(error, this.#connection?.canOpen === false));
  }

  drain(): void {
    if (!this.#isOver) this.#handler.drain();
  }

  message(bytes: Uint8Array): void {
    if (!this.#isOver) this.#handler.message(bytes);
  }

  fault(code: number, details: string): void {
    this.#finish(localStatus(code, details));
  }

  /** Whether nothing has come yet, and what was sent is still there. */
  get #canStartOver(): boolean {
    if (this.#isOver || this.#isSecondTry || this.#httpStatus !== 0) return false;
    return this.#sent === 0 || (this.#only !== undefined && this.#hasEnded);
  }

  #startOver(): void {
    this.#isSecondTry = true;
    this.#connection = undefined;
    this.#stream = undefined;
    if (this.#only !== undefined) {
      this.#held = [{ kind: "message", bytes: this.#only, isLast: true }];
    } else if (this.#hasEnded) this.#held = [{ kind: "end" }];
    // Not from within the connection that has given it up.
    queueMicrotask(() => {
      if (!this.#isOver) this.#plan.channel.begin(this);
    });
  }

  #expire(): void {
    this.#finish(
      localStatus(STATUS_CODES.DEADLINE_EXCEEDED, "The deadline of the call has passed"),
    );
  }

  #finish(status: CallStatus): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#held = undefined;
    this.#only = undefined;
    if (this.#deadline !== undefined) clearDeadline(this.#deadline);
    const stream = this.#stream;
    // The answer may come before the requests have ended: the peer reads no more of them.
    if (stream !== undefined && !(stream.isSendEnded && stream.isReceiveEnded)) {
      stream.reset(stream.isReceiveEnded ? ErrorCode.noError : ErrorCode.cancel);
    }
    this.#handler.status(status);
  }
}
