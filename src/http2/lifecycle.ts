/** How a connection ends, and what it still does until then. Source: RFC 9113 sections 5.4.1 and 6.8. */
import { ErrorCode, errorCodeName, Http2Error, type Http2Reason } from "./errors.ts";
import type { ConnectionEvents } from "./frame_dispatcher.ts";
import { FrameType, MAX_UINT31 } from "./frames.ts";
import type { Link } from "./link.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Outbox } from "./outbox.ts";
import type { Pings } from "./pings.ts";
import type { Sender } from "./sender.ts";
import type { StreamKeeper } from "./stream_keeper.ts";
import type { StreamTable } from "./stream_table.ts";

/** How long the last bytes of a connection that ended well may take, in milliseconds. */
export const CLOSE_LIMIT_MS = 30_000;
/** More than that, setTimeout does not take. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** As much of a reason as GOAWAY carries. */
const MAX_REASON_LENGTH = 200;

/** What a lifecycle works with. */
export interface LifecycleParts {
  readonly isServer: boolean;
  readonly options: ResolvedOptions;
  readonly link: Link;
  readonly out: Outbox;
  readonly table: StreamTable;
  readonly keeper: StreamKeeper;
  readonly sender: Sender;
  readonly pings: Pings;
  /** The peer's first SETTINGS came. */
  readonly ready: () => void;
  /** Our SETTINGS hold from now on. */
  readonly settingsHold: () => void;
  readonly draining: (error: Http2Error) => void;
  readonly closed: (error: Http2Error | undefined) => void;
}

/** The life of one connection. */
export class Lifecycle implements ConnectionEvents {
  readonly #parts: LifecycleParts;
  #isClosed = false;
  /** Whether `close()` was called. */
  #isClosing = false;
  /** Why no more streams can be opened. */
  #drainError: Http2Error | undefined;
  /** What the peer said in GOAWAY. */
  #peerError: Http2Error | undefined;
  /** Server: whether requests that come now come too late. */
  #hasSaidLast = false;
  #hasSettings = false;
  #isAcknowledged = false;
  #cancelSettingsTimer: () => void;
  #cancelCloseTimer: () => void = () => {};

  /** Begins to wait for the peer's SETTINGS. */
  constructor(parts: LifecycleParts) {
    this.#parts = parts;
    const { settingsTimeoutMs } = parts.options;
    this.#cancelSettingsTimer = this.#startTimer(settingsTimeoutMs, () => {
      const what = this.#hasSettings ? "no acknowledgement of SETTINGS" : "no SETTINGS";
      const found = `${what} within ${settingsTimeoutMs} ms`;
      this.die(ErrorCode.settingsTimeout, "settings-timeout", found);
    });
  }

  /** Whether nothing more happens. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Why no stream can be opened, if so. */
  get refusal(): Http2Error | undefined {
    const error = this.#drainError ?? (this.#isClosed ? closedError() : this.#idsError());
    return error && unprocessed(error);
  }

  /** Client: that the ids have run out, if so. */
  #idsError(): Http2Error | undefined {
    const { isServer, table, options } = this.#parts;
    if (isServer || table.nextId <= options.lastStreamId) return undefined;
    const found = `the last id is ${options.lastStreamId}`;
    return new Http2Error(ErrorCode.noError, "ids", `Cannot open more HTTP/2 streams: ${found}`);
  }

  /** Server: whether one more stream can be opened now. */
  mayAccept(): boolean {
    const { table, options } = this.#parts;
    return !this.#hasSaidLast && table.size < options.maxConcurrentStreams;
  }

  settings(isFirst: boolean): void {
    this.#hasSettings = true;
    if (this.#isAcknowledged) this.#cancelSettingsTimer();
    if (isFirst) this.#parts.ready();
  }

  settingsAcknowledged(): void {
    if (this.#isAcknowledged) return;
    this.#isAcknowledged = true;
    this.#cancelSettingsTimer(); // the peer's own SETTINGS came first
    this.#parts.settingsHold();
  }

  pong(bytes: Uint8Array, start: number): void {
    this.#parts.pings.answered(bytes, start);
  }

  goaway(lastId: number, code: number, text: string): void {
    const found = `the peer said GOAWAY: ${errorCodeName(code)}${text === "" ? "" : ` "${text}"`}`;
    const error = new Http2Error(code, "goaway", `Cannot go on with the HTTP/2 peer: ${found}`);
    // A server is told by it too, but it is the client that opens no more streams.
    if (code !== ErrorCode.noError || this.#peerError === undefined) this.#peerError = error;
    if (this.#parts.isServer) return;
    this.#drain(error);
    const refused = unprocessed(error);
    for (const stream of this.#parts.table.all()) {
      if (stream.id > lastId) this.#parts.keeper.fail(stream, refused);
    }
  }

  /** No more streams are opened from now on. */
  #drain(error: Http2Error): void {
    if (this.#drainError !== undefined) return;
    this.#drainError = error;
    this.#parts.draining(error);
    this.#parts.out.kick();
  }

  /** Looks whether the ids have run out, or what the connection waited for has come. */
  check(): void {
    if (this.#isClosed) return;
    const { isServer, table, sender, keeper } = this.#parts;
    const idsError = this.#idsError();
    if (idsError !== undefined) this.#drain(idsError);
    if (this.#drainError === undefined) return;
    if (this.#drainError.reason !== "closed") {
      const error = unprocessed(this.#drainError);
      for (const stream of sender.takeWaiting()) keeper.fail(stream, error);
    }
    if (isServer && !this.#hasSaidLast) return;
    if (table.size > 0 || sender.waitingCount > 0) return;
    if (!isServer) this.#writeGoaway(ErrorCode.noError, "");
    const error = this.#peerError;
    this.#finish(
      closedError(),
      error === undefined || error.code === ErrorCode.noError ? undefined : error,
      CLOSE_LIMIT_MS,
    );
  }

  /** Whether {@linkcode Lifecycle.check} has something to look for. */
  get isDraining(): boolean {
    return this.#drainError !== undefined;
  }

  /** Ends the connection when its streams have ended, or when the time is over. */
  close(limitMs: number): void {
    if (this.#isClosed || this.#isClosing) return;
    this.#isClosing = true;
    this.#cancelCloseTimer = this.#startTimer(limitMs, () => this.destroy(ErrorCode.noError, ""));
    const { isServer, pings, out } = this.#parts;
    if (isServer && this.#peerError !== undefined) {
      // The client is about to leave, and asks for nothing more.
      this.#hasSaidLast = true;
      this.#writeGoaway(ErrorCode.noError, "");
    } else if (isServer) {
      // Requests may be under way: the last id is said a round trip later.
      this.#writeGoawayFrame(MAX_UINT31, ErrorCode.noError, "");
      pings.send((_, error) => {
        if (error !== undefined) return;
        this.#hasSaidLast = true;
        // What it has to wait for now is only what is open.
        this.#writeGoaway(ErrorCode.noError, "");
        out.kick();
      });
    }
    this.#drain(closedError());
  }

  /** Ends the connection now. */
  destroy(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#writeGoaway(code, reason);
    this.#finish(closedError(), undefined, this.#parts.options.lingerMs);
  }

  /** Runs something that hears the peer or calls the layer above; a fault ends the connection. */
  guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (error instanceof Http2Error && isPeersFault(error.reason)) {
        this.#dieOf(error);
      } else {
        const message = error instanceof Error ? error.message : String(error);
        this.#dieOf(
          new Http2Error(
            ErrorCode.internalError,
            "handler",
            `Cannot go on with HTTP/2: a handler threw: ${message}`,
            { cause: error },
          ),
        );
      }
    }
  }

  /** Ends the connection because of the peer. */
  die(code: number, reason: Http2Reason, found: string): void {
    this.#dieOf(new Http2Error(code, reason, `Cannot go on with the HTTP/2 peer: ${found}`));
  }

  #dieOf(error: Http2Error): void {
    if (this.#isClosed) return;
    const text = error.reason === "handler" ? "" : error.message.replace(/^.*?: /, "");
    this.#writeGoaway(error.code, text);
    this.#finish(error, error, this.#parts.options.lingerMs);
  }

  /** The peer sends no more, or the link is gone. */
  linkEnded(cause: Error | undefined): void {
    if (this.#isClosed) return;
    const { table, sender, options } = this.#parts;
    const error = this.#peerError ?? new Http2Error(
      ErrorCode.internalError,
      "link",
      `Cannot go on with the HTTP/2 peer: the link ${cause ? `failed: ${cause.message}` : "ended"}`,
      cause === undefined ? {} : { cause },
    );
    const isQuiet = table.size === 0 && sender.waitingCount === 0 && cause === undefined &&
      (this.#peerError?.code ?? ErrorCode.noError) === ErrorCode.noError;
    this.#finish(error, isQuiet ? undefined : error, options.lingerMs);
  }

  /** The link is gone, so nothing more need be waited for. */
  linkClosed(cause: Error | undefined): void {
    this.linkEnded(cause);
    this.#cancelCloseTimer();
  }

  /** The end: what is written goes out, everyone is told. */
  #finish(
    streamError: Http2Error,
    closed: Http2Error | undefined,
    lingerMs: number,
  ): void {
    if (this.#isClosed) return; // one who was told of something else ended it
    this.#isClosed = true;
    const { link, out, table, sender, keeper, pings } = this.#parts;
    out.flush();
    out.stop();
    link.end();
    this.#cancelSettingsTimer();
    this.#cancelCloseTimer();
    // A peer that does not read never lets the link end.
    this.#cancelCloseTimer = this.#startTimer(lingerMs, () => link.destroy());
    for (const stream of table.all()) tell(() => keeper.fail(stream, streamError));
    const refused = unprocessed(streamError);
    for (const stream of sender.takeWaiting()) tell(() => keeper.fail(stream, refused));
    pings.fail(streamError);
    tell(() => this.#parts.closed(closed));
  }

  #writeGoaway(code: number, text: string): void {
    const { isServer, table } = this.#parts;
    this.#writeGoawayFrame(isServer ? table.lastId : 0, code, text);
  }

  #writeGoawayFrame(lastId: number, code: number, text: string): void {
    const bytes = new TextEncoder().encode(text.slice(0, MAX_REASON_LENGTH));
    const { out } = this.#parts;
    out.frame(FrameType.goaway, 0, 0, 8 + bytes.length, 8 + bytes.length);
    out.uint32(lastId);
    out.uint32(code);
    out.copy(bytes, 0, bytes.length);
  }

  #startTimer(delayMs: number, callback: () => void): () => void {
    if (delayMs === Infinity) return () => {};
    return this.#parts.options.clock.start(Math.min(delayMs, MAX_TIMER_MS), callback);
  }
}

/** One who throws at the end keeps nobody from being told; what is thrown is nobody's to catch. */
function tell(action: () => void): void {
  try {
    action();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

function isPeersFault(reason: Http2Reason): boolean {
  return reason === "protocol" || reason === "flood";
}

/** The same error for a stream that the peer has certainly not seen to. */
function unprocessed(error: Http2Error): Http2Error {
  const { code, reason, message } = error;
  const cause = "cause" in error ? { cause: error.cause } : {};
  return new Http2Error(code, reason, message, { ...cause, unprocessed: true });
}

function closedError(): Http2Error {
  return new Http2Error(
    ErrorCode.cancel,
    "closed",
    "Cannot go on with HTTP/2: this side closed the connection",
  );
}
