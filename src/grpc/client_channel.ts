/** The caller's end of a connection: made when it is needed, and made again when it is lost. */
import { STATUS_CODES } from "../errors.ts";
import { Connection } from "../http2/connection.ts";
import { HeaderTemplate } from "../http2/hpack_encoder.ts";
import type { Link } from "../http2/link.ts";
import type { Http2Options } from "../http2/options.ts";
import { type CallHandler, type CallLimits, ClientCall } from "./client_call.ts";
import { type HeaderList, localStatus } from "./status.ts";

/** How a channel connects and what it takes. */
export interface ChannelOptions extends Omit<CallLimits, "deadlineMs"> {
  /** Opens the bytes underneath. The signal fires when nobody waits for them any more. */
  readonly connect: (signal: AbortSignal) => Promise<Link>;
  /** How the requests say that they came: `https` under TLS. */
  readonly scheme: "http" | "https";
  /** The host that the requests name. */
  readonly authority: string;
  /** What this side calls itself. */
  readonly userAgent: string;
  /** How long a connection may take, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Limits of the connection. */
  readonly http2?: Http2Options | undefined;
}

/** `failed` is `idle` after a connection that was never there. */
export type ChannelState = "idle" | "connecting" | "ready" | "failed" | "closed";

/** What a call is besides its messages. */
export interface CallStart {
  /** The path: `/package.Service/Method`. */
  readonly path: string;
  /** The metadata to send. */
  readonly metadata: HeaderList;
  /** When the caller gives up, in milliseconds since the epoch; `Infinity` for never. */
  readonly deadlineMs: number;
  /** Whether to wait for a connection, however long it takes. @default {false} */
  readonly waitForReady?: boolean | undefined;
  /** The host to name, if it is not the channel's. */
  readonly authority?: string | undefined;
}

/** As long as a timer can run. */
const NEVER_MS = 2 ** 31 - 1;
/** How long those who are patient wait for the next try, in milliseconds. */
const RETRY_MS = 250;

/** One peer, and one connection to it at a time. */
export class ClientChannel {
  readonly #options: ChannelOptions;
  readonly #templates = new Map<string, HeaderTemplate>();
  readonly #watchers = new Set<() => void>();
  /** Calls that have no connection yet. */
  readonly #waiting = new Set<ClientCall>();
  readonly #connections = new Set<Connection>();
  readonly #closing = new AbortController();
  #state: ChannelState = "idle";
  #connection: Connection | undefined;
  #failure: Error | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** Makes a channel. Nothing is connected yet. */
  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /** The host that the requests name. */
  get authority(): string {
    return this.#options.authority;
  }

  /** What the channel is doing. */
  get state(): ChannelState {
    return this.#state;
  }

  /** Why the last connection is gone, or never came. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Calls back at each change of the state, until the result is called. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  }

  /** Connects, unless that is done or being done. */
  connect(): void {
    if (this.#state === "idle" || this.#state === "failed") void this.#connect();
  }

  /** Connects as well, but not at once if the last try has failed: whoever keeps asking would never rest. */
  connectSoon(): void {
    if (this.#state === "idle") this.connect();
    else if (this.#state === "failed") {
      this.#retry ??= setTimeout(() => this.connect(), RETRY_MS);
    }
  }

  /** Begins a call. Without a connection it waits for one; it fails if there is none to be had. */
  call(start: CallStart, handler: CallHandler): ClientCall {
    const { deadlineMs } = start;
    const { maxReceiveBytes, maxSendBytes, gunzip } = this.#options;
    const call = new ClientCall(handler, {
      deadlineMs,
      maxReceiveBytes,
      maxSendBytes,
      gunzip,
      template: this.#templateOf(start),
      metadata: start.metadata,
      isPatient: start.waitForReady === true,
      channel: this,
    });
    // If its time is up, it needs no stream.
    if (deadlineMs > Date.now()) this.begin(call);
    return call;
  }

  /** Gives a call a stream, as soon as there is a connection. */
  begin(call: ClientCall): void {
    const connection = this.#connection;
    if (connection?.canOpen) return call.open(connection);
    if (this.#state === "closed") {
      // Not before the caller has the call in hand.
      return queueMicrotask(() => call.fail(this.#unavailable()));
    }
    this.#waiting.add(call);
    if (connection === undefined) this.connect();
    else this.#retire(connection);
  }

  /** Ends the connection with all calls, for good. */
  close(reason: Error): void {
    if (this.#state === "closed") return;
    this.#failure = reason;
    this.#move("closed");
    clearTimeout(this.#retry);
    this.#closing.abort(reason);
    this.#failWaiting(() => true);
    for (const connection of [...this.#connections]) connection.destroy();
  }

  async #connect(): Promise<void> {
    this.#move("connecting");
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const limit = new AbortController();
    const timer = setTimeout(
      () => limit.abort(new Error(`no connection within ${this.#options.connectTimeoutMs} ms`)),
      this.#options.connectTimeoutMs,
    );
    const stop = () => limit.abort(this.#closing.signal.reason);
    this.#closing.signal.addEventListener("abort", stop, { once: true });
    try {
      const link = await this.#options.connect(limit.signal);
      if (limit.signal.aborted) {
        link.destroy();
        throw limit.signal.reason;
      }
      this.#use(link);
    } catch (error) {
      this.#lose(undefined, error as Error);
    } finally {
      clearTimeout(timer);
      this.#closing.signal.removeEventListener("abort", stop);
    }
  }

  #use(link: Link): void {
    let isReady = false;
    let isLost = false;
    const lose = (error: Error) => {
      if (isLost) return;
      isLost = true;
      this.#lose(isReady ? connection : undefined, error, isReady);
    };
    const connection: Connection = new Connection("client", link, {
      ready: () => {
        if (isLost || this.#state === "closed") return;
        isReady = true;
        this.#connection = connection;
        this.#move("ready");
        for (const call of [...this.#waiting]) {
          if (!connection.canOpen) return this.#retire(connection);
          this.#waiting.delete(call);
          call.open(connection);
        }
      },
      draining: lose,
      closed: (error) => {
        this.#connections.delete(connection);
        lose(error ?? new Error("the peer closed the connection"));
      },
    }, this.#options.http2);
    // No call before the peer's settings: they say how many it takes at once.
    this.#connections.add(connection);
  }

  /** A connection has used up its ids: it ends behind its calls, and those that wait get another. */
  #retire(connection: Connection): void {
    connection.close(NEVER_MS);
  }

  /** A connection takes no more calls, or there is none. */
  #lose(connection: Connection | undefined, error: Error, wasReady = false): void {
    if (this.#state === "closed" || this.#connection !== connection) return;
    this.#connection = undefined;
    this.#failure = error;
    this.#move(wasReady ? "idle" : "failed");
    // Nobody has tried what waits while there was a connection.
    if (!wasReady) this.#failWaiting(({ isPatient }) => !isPatient);
    if (this.#waiting.size > 0) this.connectSoon();
  }

  #failWaiting(isMeant: (call: ClientCall) => boolean): void {
    for (const call of [...this.#waiting]) {
      if (!isMeant(call) && !call.isOver) continue;
      this.#waiting.delete(call);
      call.fail(this.#unavailable());
    }
  }

  #unavailable() {
    const why = this.#failure?.message ?? "the channel is closed";
    return localStatus(STATUS_CODES.UNAVAILABLE, `No connection: ${why}`, true);
  }

  #templateOf({ path, authority = this.#options.authority }: CallStart): HeaderTemplate {
    const key = authority === this.#options.authority ? path : `${authority} ${path}`;
    let template = this.#templates.get(key);
    if (template === undefined) {
      template = new HeaderTemplate([
        ":method",
        "POST",
        ":scheme",
        this.#options.scheme,
        ":path",
        path,
        ":authority",
        authority,
        "te",
        "trailers",
        "content-type",
        "application/grpc",
        "grpc-accept-encoding",
        "identity,gzip",
        "user-agent",
        this.#options.userAgent,
      ]);
      this.#templates.set(key, template);
    }
    return template;
  }

  #move(state: ChannelState): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    for (const changed of [...this.#watchers]) changed();
  }
}
