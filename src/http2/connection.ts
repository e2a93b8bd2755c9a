/**
 * HTTP/2 (RFC 9113) for one peer over one link: frames, streams, flow control,
 * and the limits that keep a bad peer from costing much. No push, no
 * priorities, no CONNECT.
 */
import type { Http2Error } from "./errors.ts";
import type { ReceivedHeaders } from "./headers.ts";
import type { HeaderTemplate } from "./hpack_encoder.ts";
import type { Link } from "./link.ts";
import type { Http2Options } from "./options.ts";
import type { Http2Stream, StreamHandler } from "./stream.ts";

/** What a connection tells the layer above. An error thrown by any of these ends the connection. */
export interface ConnectionHandler {
  /**
   * Server: a client opened a stream.
   *
   * @returns Who is told of the stream from now on. `end()` is called on it at
   * once if the request has no body.
   */
  request?(stream: Http2Stream, headers: ReceivedHeaders): StreamHandler;
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
export declare class Connection {
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
    options?: Http2Options,
  );
  /** Whether `open()` can open a stream. */
  get canOpen(): boolean;
  /** How many streams are open or wait to be. */
  get streamCount(): number;
  /**
   * Client: opens a stream with a request. If the peer takes no more streams
   * now, it waits; if it will not take any, the handler's `reset` is told soon,
   * with `unprocessed` set.
   *
   * @param extra More fields: name, value, name, value; they leave no trace in the compression.
   * @param endStream Whether the request has no body.
   * @throws {TypeError} If a name or value in `extra` cannot be sent.
   */
  open(
    handler: StreamHandler,
    template: HeaderTemplate,
    extra?: readonly string[],
    endStream?: boolean,
  ): Http2Stream;
  /**
   * Asks the peer for a sign of life.
   *
   * @returns How long it took, in milliseconds.
   * @throws {Http2Error} If the connection is over before.
   */
  ping(): Promise<number>;
  /**
   * Ends the connection when its streams have ended. A server first announces
   * it, so that no request under way is lost. May be called twice.
   *
   * @param limitMs After this the rest is cut off, in milliseconds.
   */
  close(limitMs?: number): void;
  /**
   * Ends the connection now: GOAWAY with this code, and the streams are over.
   * May be called twice.
   *
   * @param reason Text for the peer, in GOAWAY.
   */
  destroy(code?: number, reason?: string): void;
}
