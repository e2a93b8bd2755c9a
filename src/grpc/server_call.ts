/** One call, as it is served. */
import { STATUS_CODES } from "../errors.ts";
import { ErrorCode, type Http2Error } from "../http2/errors.ts";
import type { ReceivedHeaders } from "../http2/headers.ts";
import { HeaderTemplate } from "../http2/hpack_encoder.ts";
import type { Http2Stream, Release, StreamHandler } from "../http2/stream.ts";
import { clearDeadline, type Deadline, setDeadline } from "./deadlines.ts";
import { type MessageLimits, MessageReader, type MessageSink } from "./message_reader.ts";
import { writeMessage } from "./message_writer.ts";
import type { HeaderList } from "./status.ts";
import { encodeStatusMessage } from "./status_message.ts";
import { parseTimeout } from "./timeout.ts";

/** Who serves a call. */
export interface ServedCall {
  /** The call begins: whatever comes of it comes after this. */
  begin(): void;
  /** A request. */
  message(bytes: Uint8Array): void;
  /** There are no more requests. */
  requestsEnd(): void;
  /** Nobody waits for the answer any more: the caller left, its time is up, or it broke the protocol. */
  over(code: number, details: string): void;
  /** The status has been handed to the connection's link, behind everything else, or will never be. */
  sent(): void;
  /** There is room for more responses, after `send()` had answered `false`. */
  drain(): void;
}

/** A server's own limits. */
export interface ServerLimits extends MessageLimits {
  /** The longest message that is sent, in bytes. */
  readonly maxSendBytes: number;
}

const RESPONSE_FIELDS = [
  "content-type",
  "application/grpc",
  "grpc-accept-encoding",
  "identity,gzip",
];
const RESPONSE = new HeaderTemplate([":status", "200", ...RESPONSE_FIELDS]);
const OK = new HeaderTemplate(["grpc-status", "0"]);
const NOTHING = new HeaderTemplate([]);

/** A call that came. What is done after its end does nothing. */
export class ServerCall implements StreamHandler, MessageSink {
  /** The path: `/package.Service/Method`. */
  readonly path: string;
  /** The host that the caller named. */
  readonly authority: string;
  /** What the caller sent along, the protocol's own fields among it. */
  readonly metadata: HeaderList;
  /** When the caller gives up, in milliseconds since the epoch; `Infinity` for never. */
  readonly deadlineMs: number;
  readonly #stream: Http2Stream;
  readonly #limits: ServerLimits;
  readonly #reader: MessageReader;
  #served: ServedCall | undefined;
  #deadline: Deadline | undefined;
  #hasHeaders = false;
  #isOver = false;
  #isHolding = false;
  #owed = 0;

  /** Reads the head of a call. */
  constructor(stream: Http2Stream, headers: ReceivedHeaders, limits: ServerLimits) {
    this.#stream = stream;
    this.#limits = limits;
    this.#reader = new MessageReader(this, limits);
    this.#reader.encoding = headers.get("grpc-encoding") ?? "identity";
    this.path = headers.path;
    this.authority = headers.authority;
    this.metadata = headers.list;
    const timeout = headers.get("grpc-timeout");
    const timeoutMs = timeout === undefined ? undefined : parseTimeout(timeout);
    this.deadlineMs = timeoutMs === undefined ? Infinity : Date.now() + timeoutMs;
  }

  /** Whether the status is out or nobody waits for it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Says who serves the call. Comes before anything else. */
  serve(served: ServedCall): void {
    this.#served = served;
    if (this.deadlineMs !== Infinity && !this.#isOver) {
      this.#deadline = setDeadline(this.deadlineMs, () => {
        const details = "The deadline of the call has passed";
        this.#abandon(STATUS_CODES.DEADLINE_EXCEEDED, details);
      });
    }
    served.begin();
  }

  /**
   * Sends leading metadata; without it, it goes out with the first message.
   *
   * @throws {TypeError} If a field cannot be sent.
   */
  sendHeaders(metadata: HeaderList): void {
    if (this.#isOver || this.#hasHeaders) return;
    this.#stream.sendHeaders(RESPONSE, metadata);
    this.#hasHeaders = true;
  }

  /**
   * Sends a response.
   *
   * @param release Gets the bytes back once nobody needs them, if that is known.
   * @returns Whether there is room for more; if not, `drain` will be told.
   */
  send(bytes: Uint8Array, release?: Release): boolean {
    if (this.#isOver) return true;
    const { maxSendBytes } = this.#limits;
    if (bytes.length > maxSendBytes) {
      const found = `trying to send message larger than max (${bytes.length} vs. ${maxSendBytes})`;
      this.finish(STATUS_CODES.RESOURCE_EXHAUSTED, found, []);
      return true;
    }
    if (!this.#hasHeaders) this.sendHeaders([]);
    return writeMessage(this.#stream, bytes, false, release);
  }

  /**
   * Ends the call with a status.
   *
   * @throws {TypeError} If a field cannot be sent.
   */
  finish(code: number, details: string, trailers: HeaderList): void {
    if (this.#isOver) return;
    this.#sendStatus(code, details, trailers);
    this.#end();
  }

  /** From now on the caller gets no room for more than what is under way: requests wait to be read. */
  hold(): void {
    this.#isHolding = true;
  }

  /** The requests have been read: the caller may send again. */
  release(): void {
    this.#isHolding = false;
    if (this.#owed === 0) return;
    this.#stream.consume(this.#owed);
    this.#owed = 0;
  }

  /** A server gets no response headers. */
  headers(): void {}

  data(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#isOver) this.#reader.push(bytes, start, end);
    if (this.#isHolding && !this.#isOver) this.#owed += end - start;
    else this.#stream.consume(end - start);
  }

  /** gRPC has no trailers of requests. */
  trailers(): void {}

  end(): void {
    if (this.#isOver) return;
    if (this.#reader.isPartial) {
      return this.fault(STATUS_CODES.INTERNAL, "The requests ended within a message");
    }
    this.#served?.requestsEnd();
  }

  reset(error: Http2Error): void {
    // The status was on its way; nobody waits for it any more.
    if (this.#isOver) return this.#served?.sent();
    this.#end();
    const details = error.reason === "reset"
      ? "The caller has cancelled the call"
      : `The caller is gone: ${error.message}`;
    this.#served?.over(STATUS_CODES.CANCELLED, details);
  }

  sentEnd(): void {
    this.#served?.sent();
  }

  drain(): void {
    if (!this.#isOver) this.#served?.drain();
  }

  message(bytes: Uint8Array): void {
    if (!this.#isOver) this.#served?.message(bytes);
  }

  fault(code: number, details: string): void {
    this.#abandon(code, details);
  }

  /** Ends the call for a reason that its handler does not know yet. */
  #abandon(code: number, details: string): void {
    if (this.#isOver) return;
    this.#sendStatus(code, details, []);
    this.#end();
    this.#served?.over(code, details);
  }

  #sendStatus(code: number, details: string, trailers: HeaderList): void {
    const isOk = code === STATUS_CODES.OK && details === "";
    const fields = isOk
      ? trailers
      : ["grpc-status", String(code), "grpc-message", encodeStatusMessage(details), ...trailers];
    if (this.#hasHeaders) this.#stream.end(isOk ? OK : NOTHING, fields);
    else this.#stream.sendHeaders(RESPONSE, isOk ? ["grpc-status", "0", ...fields] : fields, true);
    // The caller may have more to send: nobody reads it (RFC 9113, 8.1).
    if (!this.#stream.isReceiveEnded) this.#stream.resetAfterEnd(ErrorCode.noError);
  }

  #end(): void {
    this.#isOver = true;
    if (this.#deadline !== undefined) clearDeadline(this.#deadline);
  }
}
