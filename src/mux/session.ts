/** A session: many streams on one connection. */
import type { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { clearTimeout, setTimeout } from "node:timers";
import { closeConnection } from "./connection.ts";
import {
  type SessionFault,
  YamuxGoAwayError,
  YamuxProtocolError,
  YamuxSessionError,
} from "./errors.ts";
import { FrameWriter } from "./frame_writer.ts";
import {
  FLAG,
  FRAME_TYPE,
  type FrameHeader,
  FrameReader,
  GO_AWAY,
  PROTOCOL_VERSION,
} from "./frames.ts";
import { type ResolvedYamuxOptions, resolveYamuxOptions, type YamuxOptions } from "./options.ts";
import { Pings } from "./pings.ts";
import type { YamuxStream } from "./stream.ts";
import { type StreamHandler, StreamTable } from "./stream_table.ts";

/**
 * One side of a yamux session on a connection, which the session owns from
 * then on: it alone reads and writes it, and ends it.
 *
 * Whatever ends a session, {@linkcode closed} says why, and every stream that
 * was open ends with the same error. What the peer does wrong is answered with
 * a GoAway first.
 *
 * @example
 * ```ts
 * import { connect } from "node:net";
 *
 * async function echoed(path: string): Promise<string> {
 *   await using session = new YamuxSession(connect(path), { role: "client" });
 *   const stream = await session.open();
 *   stream.end("hello");
 *   return (await stream.setEncoding("utf8").toArray()).join("");
 * }
 * ```
 *
 * Source: hashicorp/yamux v0.1.2 `session.go`.
 */
export class YamuxSession {
  /**
   * Resolves with the reason once the session is over and its connection
   * closed. Never rejects.
   */
  readonly closed: Promise<YamuxSessionError>;
  readonly #connection: Duplex;
  readonly #options: ResolvedYamuxOptions;
  readonly #reader = new FrameReader();
  readonly #writer: FrameWriter;
  readonly #pings: Pings;
  readonly #streams: StreamTable;
  readonly #unread: Buffer[] = [];
  #isReading = false;
  #keepAlive: NodeJS.Timeout | undefined;
  #error: YamuxSessionError | undefined;
  #resolveClosed!: (reason: YamuxSessionError) => void;

  /**
   * Starts a session. It sends nothing by itself: a first frame comes with the
   * first stream, or the first keepalive.
   *
   * @throws {RangeError} If a number of the options makes no sense.
   */
  constructor(connection: Duplex, options: YamuxOptions) {
    this.#options = resolveYamuxOptions(options);
    this.#connection = connection;
    this.closed = new Promise((resolve) => this.#resolveClosed = resolve);
    const { writeTimeoutMs, streamOpenTimeoutMs } = this.#options;
    this.#writer = new FrameWriter(
      connection,
      writeTimeoutMs,
      () => this.#fail("write-timeout", `the connection took nothing for ${writeTimeoutMs} ms`),
    );
    this.#pings = new Pings(
      (id) => this.#writer.writeControl(FRAME_TYPE.PING, FLAG.SYN, 0, id),
      writeTimeoutMs,
    );
    this.#streams = new StreamTable(
      this.#options,
      this.#writer,
      () => this.#fail("open-timeout", `a stream was not accepted in ${streamOpenTimeoutMs} ms`),
    );
    // Frames are small and wanted at once. Only TCP knows the word.
    (connection as { setNoDelay?: (on: boolean) => void }).setNoDelay?.(true);
    connection.on("data", this.#onData).on("end", this.#onEnd);
    connection.on("error", this.#onError).on("close", this.#onClose);
    connection.resume();
    if (connection.destroyed || connection.readableEnded) queueMicrotask(this.#onEnd);
    this.#startKeepAlive();
  }

  /** Why the session is over, as soon as it is. */
  get error(): YamuxSessionError | undefined {
    return this.#error;
  }

  /** How many streams there are: open, waiting to be accepted, or ended on one side only. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /**
   * Opens a stream. It does not wait until the peer accepts, as in Go: what is
   * written goes out right behind the opening, so that a request need not wait
   * for a round trip. A peer that refuses resets the stream.
   *
   * The opening has been sent when this returns its promise, unless
   * `acceptBacklog` streams wait to be accepted. The peer would begin to reset
   * there, so it waits until there are fewer; `streamOpenTimeoutMs` ends that
   * wait together with the session.
   *
   * @param signal Ends the wait, with its reason.
   * @throws {YamuxOpenError} If the peer takes no more, or every id is used.
   * @throws {YamuxSessionError} If the session is over.
   */
  open(signal?: AbortSignal): Promise<YamuxStream> {
    return this.#streams.open(signal);
  }

  /**
   * Hands over every stream that the peer opens, the waiting ones first. A
   * stream counts as accepted when the handler returns, or has written; one
   * that it destroys with an error is refused. A handler that throws does that
   * with what it throws. Without a handler, `acceptBacklog` streams wait, and
   * those beyond are reset.
   */
  onStream(handler: StreamHandler | undefined): void {
    this.#streams.accept(handler);
  }

  /**
   * Sends the peer something to answer.
   *
   * @returns How long that took, in milliseconds.
   * @throws {YamuxPingTimeoutError} If no answer comes within `writeTimeoutMs`.
   * @throws {YamuxSessionError} If the session is over.
   */
  async ping(): Promise<number> {
    if (this.#error !== undefined) throw this.#error;
    return await this.#pings.ping();
  }

  /**
   * Tells the peer to open no more streams, and resets those that it opens
   * nevertheless. The streams there are go on, and this side may open others.
   * May be called twice.
   */
  goAway(): void {
    if (this.#streams.isLeaving) return;
    this.#streams.isLeaving = true;
    this.#writer.writeControl(FRAME_TYPE.GO_AWAY, 0, 0, GO_AWAY.NORMAL);
  }

  /**
   * Ends the session at once: closes the connection, and with it every stream.
   * As in Go no GoAway is sent; the end of the connection says the same. May
   * be called twice, and after the session is over.
   */
  async close(): Promise<void> {
    this.#fail("closed", "it was closed on this side");
    await this.closed;
  }

  /** Like {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #startKeepAlive(): void {
    const { keepAliveIntervalMs, writeTimeoutMs } = this.#options;
    if (keepAliveIntervalMs === 0 || this.#error !== undefined) return;
    this.#keepAlive = setTimeout(() => {
      this.#pings.ping().then(
        () => this.#startKeepAlive(),
        () => this.#fail("keep-alive", `no answer to a keepalive in ${writeTimeoutMs} ms`),
      );
    }, keepAliveIntervalMs);
    this.#keepAlive.unref();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#unread.push(chunk);
    // What a frame brings about may make a connection in memory hand over the next chunk.
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      for (let next = this.#unread.shift(); next !== undefined; next = this.#unread.shift()) {
        this.#read(next);
      }
    } finally {
      this.#isReading = false;
    }
  };

  #read(chunk: Buffer): void {
    for (const part of this.#reader.read(chunk)) {
      const fault = "type" in part
        ? this.#receive(part)
        : this.#streams.receiveBody(part, this.#reader.bodyLeft === 0);
      if (fault !== undefined) this.#blame(fault);
      if (this.#error !== undefined) return;
    }
  }

  /** Takes a header; returns what is wrong with it. */
  #receive(header: FrameHeader): string | undefined {
    const { version, type, flags, length } = header;
    if (version !== PROTOCOL_VERSION) return `the peer speaks version ${version}`;
    switch (type) {
      case FRAME_TYPE.DATA:
      case FRAME_TYPE.WINDOW_UPDATE:
        return this.#streams.receiveHeader(header);
      case FRAME_TYPE.PING:
        // At once: a Go peer gives up when it has waited for 10 s.
        if ((flags & FLAG.SYN) === 0) this.#pings.answered(length);
        else this.#writer.writeControl(FRAME_TYPE.PING, FLAG.ACK, 0, length);
        return undefined;
      case FRAME_TYPE.GO_AWAY:
        if (length === GO_AWAY.NORMAL) this.#streams.isPeerLeaving = true;
        else this.#end(new YamuxGoAwayError(length), "flush");
        return undefined;
      default:
        return `the peer sent a frame of type ${type}`;
    }
  }

  /** The peer broke the rules. */
  #blame(what: string): void {
    this.#writer.writeControl(FRAME_TYPE.GO_AWAY, 0, 0, GO_AWAY.PROTOCOL_ERROR);
    this.#end(new YamuxProtocolError(what), "flush");
  }

  readonly #onEnd = (): void => {
    const where = this.#reader.isMidFrame ? " in the middle of a frame" : "";
    this.#fail("ended", `the peer ended the connection${where}`);
  };

  readonly #onError = (cause: Error): void => {
    const message = `the connection failed: ${cause.message}`;
    this.#end(new YamuxSessionError("failed", message, { cause }), "cut");
  };

  readonly #onClose = (): void => {
    this.#fail("failed", "the connection was closed");
  };

  #fail(fault: SessionFault, message: string): void {
    // Who does not answer will not take the last bytes either.
    const isDeaf = fault === "keep-alive" || fault === "write-timeout";
    this.#end(new YamuxSessionError(fault, message), isDeaf ? "cut" : "flush");
  }

  #end(error: YamuxSessionError, how: "flush" | "cut"): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    clearTimeout(this.#keepAlive);
    this.#writer.close();
    this.#pings.close(error);
    this.#unread.length = 0;
    const connection = this.#connection;
    connection.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onClose);
    closeConnection(connection, how).then(() => {
      connection.off("error", this.#onError);
      this.#resolveClosed(error);
    });
    // Last: their users may do anything.
    this.#streams.close(error);
  }
}
