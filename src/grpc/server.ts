/** The serving end: connections in, calls out. */
import { STATUS_CODES } from "../errors.ts";
import { Connection } from "../http2/connection.ts";
import { ErrorCode } from "../http2/errors.ts";
import type { ReceivedHeaders } from "../http2/headers.ts";
import { HeaderTemplate } from "../http2/hpack_encoder.ts";
import type { Link } from "../http2/link.ts";
import type { Http2Options } from "../http2/options.ts";
import type { Http2Stream, StreamHandler } from "../http2/stream.ts";
import { type ServedCall, ServerCall, type ServerLimits } from "./server_call.ts";

/** How calls are served. */
export interface ServerOptions extends ServerLimits {
  /** Limits of the connections. */
  readonly http2?: Http2Options | undefined;
}

/**
 * Takes a call; what it returns is told of the rest.
 *
 * @param peer What `serve()` was told of the connection.
 */
export type CallAcceptor = (call: ServerCall, peer: unknown) => ServedCall;

/** What a path leads to, or the HTTP status that refuses the request. */
type Route = CallAcceptor | 405 | 415;

/** Serves calls on connections that somebody else accepts. */
export class GrpcServer {
  readonly #options: ServerOptions;
  readonly #routes = new Map<string, CallAcceptor>();
  readonly #connections = new Set<Connection>();
  #onIdle: (() => void) | undefined;
  #isStopping = false;

  /** Makes a server that serves nothing. */
  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** Serves the calls to a path. */
  route(path: string, accept: CallAcceptor): void {
    this.#routes.set(path, accept);
  }

  /**
   * Serves a connection.
   *
   * @param peer Whatever is to be known of it; those who take its calls get it.
   */
  serve(link: Link, peer?: unknown): void {
    if (this.#isStopping) return link.destroy();
    const connection: Connection = new Connection("server", link, {
      request: (stream, headers) => this.#request(stream, headers, peer),
      closed: () => {
        this.#connections.delete(connection);
        if (this.#connections.size === 0) this.#onIdle?.();
      },
    }, this.#options.http2);
    this.#connections.add(connection);
  }

  /** Takes no more calls, lets those under way end until the limit, and cuts what is left. */
  async stop(limitMs: number): Promise<void> {
    this.#isStopping = true;
    if (this.#connections.size === 0) return;
    const idle = new Promise<void>((resolve) => this.#onIdle = resolve);
    for (const connection of [...this.#connections]) connection.close(limitMs);
    await idle;
  }

  #request(stream: Http2Stream, headers: ReceivedHeaders, peer: unknown): StreamHandler {
    // It was under way when the stop was announced: it can be made again elsewhere.
    if (this.#isStopping) {
      stream.reset(ErrorCode.refusedStream);
      return IGNORANT;
    }
    // The same headers come again and again: they are looked at once.
    headers.memo ??= this.#find(headers);
    const route = headers.memo as Route;
    if (typeof route === "number") return refuse(stream, route);
    const call = new ServerCall(stream, headers, this.#options);
    call.serve(route(call, peer));
    return call;
  }

  #find(headers: ReceivedHeaders): Route {
    if (headers.method !== "POST") return 405;
    const type = headers.get("content-type") ?? "";
    if (!/^application\/grpc($|[+;])/.test(type)) return 415;
    return this.#routes.get(headers.path) ?? unimplemented;
  }
}

/** Answers what is served by nobody. */
function unimplemented(call: ServerCall): ServedCall {
  call.finish(STATUS_CODES.UNIMPLEMENTED, `The method ${call.path} is not served here`, []);
  return DEAF;
}

/** Hears nothing more of a call. */
const DEAF: ServedCall = {
  begin() {},
  message() {},
  requestsEnd() {},
  over() {},
  sent() {},
  drain() {},
};

const REFUSALS = {
  405: new HeaderTemplate([":status", "405"]),
  415: new HeaderTemplate([":status", "415"]),
};

function refuse(stream: Http2Stream, status: keyof typeof REFUSALS): StreamHandler {
  stream.sendHeaders(REFUSALS[status], [], true);
  if (!stream.isReceiveEnded) stream.resetAfterEnd(ErrorCode.noError);
  return IGNORANT;
}

/** Is told of a stream that nobody reads. */
const IGNORANT: StreamHandler = {
  headers() {},
  data() {},
  trailers() {},
  end() {},
  reset() {},
  drain() {},
};
