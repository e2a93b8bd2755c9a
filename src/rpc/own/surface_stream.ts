/**
 * What grpc-js's handlers get of a call, for all four kinds: an event emitter,
 * a stream of requests as far as there is one, and a stream for responses.
 *
 * Source: grpc-js 1.14 `server-call.ts`.
 */
import type { Metadata } from "@grpc/grpc-js";
import { Duplex } from "node:stream";
import { STATUS_CODES } from "../../errors.ts";
import type { BaseCall, GrpcCall, Status } from "./base_call.ts";

/** One call for its handler. */
export class SurfaceStream extends Duplex {
  /** Whether the call is over; grpc-js says so of every end. */
  cancelled = false;
  /** What the caller sent along. */
  readonly metadata: Metadata;
  /** The request of a method that has one. */
  readonly request: unknown;
  readonly #path: string;
  readonly #chain: GrpcCall;
  readonly #base: BaseCall;
  #status: Status = { code: STATUS_CODES.OK, details: "OK" };
  #trailers: Metadata;

  /** Makes the stream of a call, which ends with the trailers, if the handler gives no others. */
  constructor(
    path: string,
    chain: GrpcCall,
    base: BaseCall,
    metadata: Metadata,
    trailers: Metadata,
    input: { readonly request: unknown } | undefined,
  ) {
    // A loop over the requests shall not end the responses: nothing is destroyed before the end.
    const options = { objectMode: true, autoDestroy: false, readable: input === undefined };
    super(options);
    this.#path = path;
    this.#chain = chain;
    this.#base = base;
    this.metadata = metadata;
    this.#trailers = trailers;
    this.request = input?.request;
    this.on("error", (error) => {
      this.#status = statusOf(error);
      this.end();
    });
  }

  /** The address of the caller, or `unknown`. */
  getPeer(): string {
    return this.#chain.getPeer();
  }

  /** Sends leading metadata. */
  sendMetadata(metadata: Metadata): void {
    this.#base.attempt(() => this.#chain.sendMetadata(metadata));
  }

  /** When the caller gives up: a date, milliseconds since the epoch, or `Infinity`. */
  getDeadline(): Date | number {
    return this.#chain.getDeadline();
  }

  /** The path: `/package.Service/Method`. */
  getPath(): string {
    return this.#path;
  }

  /** The host that the caller named. */
  getHost(): string {
    return this.#chain.getHost();
  }

  /** What TLS knows of the caller. */
  getAuthContext(): ReturnType<GrpcCall["getAuthContext"]> {
    return this.#chain.getAuthContext();
  }

  /** Takes what the call has cost. */
  getMetricsRecorder(): ReturnType<GrpcCall["getMetricsRecorder"]> {
    return this.#chain.getMetricsRecorder();
  }

  /** Ends the responses, with trailers if any are given. */
  override end(trailers?: unknown): this {
    if (trailers) this.#trailers = trailers as Metadata;
    return super.end();
  }

  override _read(): void {
    this.#base.attempt(() => this.#chain.startRead());
  }

  override _write(message: unknown, _encoding: string, written: () => void): void {
    this.#base.attempt(() => this.#chain.sendMessage(message, written));
  }

  override _final(ended: () => void): void {
    const metadata = this.#status.metadata ?? this.#trailers;
    this.#base.attempt(() => this.#chain.sendStatus({ ...this.#status, metadata }));
    ended();
  }
}

/** What a handler gave as an error. Only an integer code makes its details count. */
export function statusOf(error: unknown, trailers?: Metadata): Status {
  const { code, details, message, metadata } = (error ?? {}) as {
    readonly code?: unknown;
    readonly details?: unknown;
    readonly message?: unknown;
    readonly metadata?: Metadata;
  };
  const said = message === undefined ? "Unknown Error" : String(message);
  const sent = trailers ?? metadata ?? null;
  if (!Number.isInteger(code)) {
    return { code: STATUS_CODES.UNKNOWN, details: said, metadata: sent };
  }
  return {
    code: code as number,
    details: typeof details === "string" ? details : said,
    metadata: sent,
  };
}
