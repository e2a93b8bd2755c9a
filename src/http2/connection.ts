/**
 * HTTP/2 (RFC 9113) for one peer over one link: frames, streams, flow control,
 * and the limits that keep a bad peer from costing much. No push, no
 * priorities, no CONNECT.
 */
import { DataReceiver } from "./data_receiver.ts";
import { ErrorCode, type Http2Error } from "./errors.ts";
import { FrameDispatcher } from "./frame_dispatcher.ts";
import { FrameReader } from "./frame_reader.ts";
import { FrameType, PREFACE } from "./frames.ts";
import { HeaderReceiver } from "./header_receiver.ts";
import type { ReceivedHeaders } from "./headers.ts";
import type { HeaderTemplate } from "./hpack_encoder.ts";
import { CLOSE_LIMIT_MS, Lifecycle } from "./lifecycle.ts";
import { FloodGuard } from "./limits.ts";
import type { Link } from "./link.ts";
import { type Http2Options, type ResolvedOptions, resolveOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { Keepalive, Pings } from "./pings.ts";
import { Sender } from "./sender.ts";
import { defaultPeerSettings, ownSettings, type PeerSettings } from "./settings.ts";
import type { Http2Stream, StreamHandler } from "./stream.ts";
import { StreamKeeper } from "./stream_keeper.ts";
import { StreamState } from "./stream_state.ts";
import { StreamTable } from "./stream_table.ts";

/** What a connection tells the layer above. An error thrown by any of these ends the connection. */
export interface ConnectionHandler {
  /**
   * Server: a client opened a stream.
   *
   * @param endStream Whether the request has no body; `end()` follows at once then.
   * @returns Who is told of the stream from now on.
   */
  request?(stream: Http2Stream, headers: ReceivedHeaders, endStream: boolean): StreamHandler;
  /** The peer's SETTINGS have come: it speaks HTTP/2. Once. */
  ready?(): void;
  /**
   * No more streams can be opened, those open go on: the peer said GOAWAY, the
   * ids have run out, or `close()` was called. Once, unless `closed` comes first.
   */
  draining?(error: Http2Error): void;
  /**
   * Nothing more will happen; every stream has been told before. Once.
   *
   * @param error Why; `undefined` after this side's `close()` or `destroy()`,
   * or when the peer closed while there were no streams.
   */
  closed(error: Http2Error | undefined): void;
}

/** One HTTP/2 connection, of a client or of a server. */
export class Connection {
  readonly #isServer: boolean;
  readonly #handler: ConnectionHandler;
  readonly #peer: PeerSettings = defaultPeerSettings();
  readonly #table: StreamTable;
  readonly #out: Outbox;
  readonly #keeper: StreamKeeper;
  readonly #sender: Sender;
  readonly #data: DataReceiver;
  readonly #reader: FrameReader;
  readonly #pings: Pings;
  readonly #lifecycle: Lifecycle;
  readonly #keepalive: Keepalive | undefined;

  /**
   * Starts a connection on a link that is open, and writes its preface.
   *
   * @param role Which side this is.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(
    role: "client" | "server",
    link: Link,
    handler: ConnectionHandler,
    options: Http2Options = {},
  ) {
    const isServer = this.#isServer = role === "server";
    this.#handler = handler;
    const resolved = resolveOptions(options);
    const guard = new FloodGuard(resolved);
    const table = this.#table = new StreamTable(isServer);
    const out = this.#out = new Outbox(link, {
      beforeFlush: () => this.#beforeFlush(),
      afterFlush: () => this.#afterFlush(),
    }, resolved.schedule);
    const peer = this.#peer;
    const shared = { options: resolved, isServer, out, table, guard, peer };
    const keeper = new StreamKeeper({ ...shared, removed: () => this.#streamRemoved() });
    this.#keeper = keeper;
    const sentEnd = (stream: StreamState) => keeper.sentEnd(stream);
    const sender = this.#sender = new Sender({ ...shared, sentEnd });
    const data = this.#data = new DataReceiver({ ...shared, keeper });
    const pings = this.#pings = new Pings(out, resolved.clock);
    const events = this.#lifecycle = new Lifecycle({
      ...shared,
      link,
      keeper,
      sender,
      pings,
      ready: () => handler.ready?.(),
      settingsHold: () => data.settingsAcknowledged(),
      draining: (error) => handler.draining?.(error),
      closed: (error) => this.#closed(error),
    });
    const headers = new HeaderReceiver({
      ...shared,
      keeper,
      requests: {
        mayAccept: () => events.mayAccept(),
        accept: (id, headers, endStream) => this.#accept(id, headers, endStream),
      },
    });
    const dispatcher = new FrameDispatcher({ ...shared, keeper, sender, data, headers, events });
    this.#reader = new FrameReader(dispatcher, { ...resolved, expectPreface: isServer });
    this.#writePreface(role, resolved);
    this.#keepalive = this.#startKeepalive(resolved);
    link.start({
      data: (chunk) => this.#received(chunk),
      drain: () => out.kick(),
      end: () => events.linkEnded(undefined),
      close: (error) => events.linkClosed(error),
    });
  }

  /** Whether `open()` can open a stream, now or when those that wait have been opened. */
  get canOpen(): boolean {
    return !this.#isServer && this.#lifecycle.refusal === undefined && this.#sender.hasIds;
  }

  /** How many streams are open or wait to be. */
  get streamCount(): number {
    return this.#table.size + this.#sender.waitingCount;
  }

  /**
   * Client: opens a stream with a request. If the peer takes no more streams
   * now, it waits; if it will not take any, the handler's `reset` is told soon,
   * with `unprocessed` set.
   *
   * @param extra More fields: name, value, name, value; they leave no trace in the compression.
   * @param endStream Whether the request has no body.
   * @throws {TypeError} If a name or value in `extra` cannot be sent, or this is a server.
   */
  open(
    handler: StreamHandler,
    template: HeaderTemplate,
    extra?: readonly string[],
    endStream = false,
  ): Http2Stream {
    if (this.#isServer) throw new TypeError("Cannot open an HTTP/2 stream: this is a server");
    const stream = this.#newStream();
    stream.handler = handler;
    const refusal = this.#lifecycle.refusal;
    if (refusal === undefined) {
      this.#sender.open(stream, template, extra, endStream);
    } else {
      stream.isClosed = true;
      queueMicrotask(() => handler.reset(refusal));
    }
    return stream;
  }

  /**
   * Asks the peer for a sign of life.
   *
   * @returns How long it took, in milliseconds.
   * @throws {Http2Error} If the connection is over before.
   */
  ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#lifecycle.isClosed) return reject(this.#lifecycle.refusal);
      this.#pings.send((elapsedMs, error) => error ? reject(error) : resolve(elapsedMs));
    });
  }

  /**
   * Ends the connection when its streams have ended. A server first announces
   * it, so that no request under way is lost. May be called twice.
   *
   * @param limitMs After this the rest is cut off, in milliseconds; `Infinity` waits.
   */
  close(limitMs: number = CLOSE_LIMIT_MS): void {
    this.#lifecycle.close(limitMs);
  }

  /**
   * Ends the connection now: GOAWAY with this code, and the streams are over;
   * their handlers and `closed` are told before this returns. May be called twice.
   *
   * @param reason Text for the peer, in GOAWAY.
   */
  destroy(code: number = ErrorCode.noError, reason = ""): void {
    this.#lifecycle.destroy(code, reason);
  }

  #writePreface(role: "client" | "server", options: ResolvedOptions): void {
    const out = this.#out;
    if (role === "client") out.copy(PREFACE, 0, PREFACE.length);
    const settings = ownSettings(role, options);
    out.frame(FrameType.settings, 0, 0, settings.length * 3, settings.length * 3);
    for (let at = 0; at < settings.length; at += 2) {
      out.uint16(settings[at]!);
      out.uint32(settings[at + 1]!);
    }
    this.#data.announceWindow();
  }

  #startKeepalive(options: ResolvedOptions): Keepalive | undefined {
    const { clock, keepaliveMs, keepaliveTimeoutMs } = options;
    if (keepaliveMs === 0) return undefined;
    return new Keepalive({
      clock,
      idleMs: keepaliveMs,
      timeoutMs: keepaliveTimeoutMs,
      ping: () => this.#pings.send(() => {}),
      dead: () => {
        const found = `no answer to PING within ${keepaliveTimeoutMs} ms`;
        this.#lifecycle.die(ErrorCode.noError, "keepalive", found);
      },
    });
  }

  #received(chunk: Uint8Array): void {
    if (this.#lifecycle.isClosed) return;
    this.#keepalive?.heard();
    this.#lifecycle.guarded(() => this.#reader.push(chunk));
  }

  #newStream(): StreamState {
    const stream = new StreamState(this.#keeper, this.#sender, this.#data);
    this.#data.initialize(stream);
    return stream;
  }

  /** Server: a request opens a stream. */
  #accept(id: number, headers: ReceivedHeaders, endStream: boolean): void {
    const stream = this.#newStream();
    stream.sendWindow = this.#peer.initialWindowBytes;
    stream.expectedBytes = headers.contentLength;
    stream.isReceiveEnded = stream.isEndPending = endStream;
    this.#table.add(id, stream);
    const streamHandler = this.#handler.request?.(stream, headers, endStream);
    if (streamHandler === undefined) this.#keeper.cancel(stream, ErrorCode.refusedStream);
    else {
      stream.handler = streamHandler;
      // The answer may have gone out before there was anybody to tell.
      if (stream.hasSentEnd) streamHandler.sentEnd?.();
    }
    if (endStream) this.#keeper.receivedEnd(stream);
  }

  #streamRemoved(): void {
    // Done after the flush, when the stream's handler knows.
    if (this.#sender.waitingCount > 0 || this.#lifecycle.isDraining) this.#out.kick();
  }

  #beforeFlush(): void {
    this.#lifecycle.guarded(() => this.#sender.beforeFlush());
  }

  #afterFlush(): void {
    this.#lifecycle.guarded(() => {
      this.#sender.afterFlush();
      this.#lifecycle.check();
    });
  }

  #closed(error: Http2Error | undefined): void {
    this.#reader.stop();
    this.#keepalive?.stop();
    this.#handler.closed(error);
  }
}
