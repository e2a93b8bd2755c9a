/**
 * A call on this module's engine as grpc-js's interceptors and handlers know
 * it: the innermost of those that a server's interceptors wrap.
 *
 * Source: grpc-js 1.14 `server-interceptors.ts`, `ServerInterceptingCallInterface`.
 */
import type { Metadata, ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { STATUS_CODES } from "../../errors.ts";
import type { ServedCall, ServerCall as WireCall } from "../../grpc/server_call.ts";
import type { HeaderList } from "../../grpc/status.ts";
import type { MethodDefinition } from "../contract.ts";
import type { Grpc } from "../grpc_js/grpc.ts";
import { fromGrpcMetadata, toGrpcMetadata } from "./grpc_js_metadata.ts";
import type { HandlerContext } from "./handler_call.ts";
import { authContextOf, connectionOf, DEAF_RECORDER, peerOf } from "./peer_socket.ts";

/** Any call of grpc-js's servers, the user's interceptors among them. */
export type GrpcCall = ServerInterceptingCallInterface;
/** Who is told of a call. */
export type Listener = Parameters<GrpcCall["start"]>[0];
/** A status that ends a call. */
export type Status = Parameters<GrpcCall["sendStatus"]>[0];
/** A method, as far as serving it goes. */
export type Method = Omit<MethodDefinition, "requestSerialize" | "responseDeserialize">;

/** What all such calls of a server share. */
export interface BaseContext extends HandlerContext {
  /** grpc-js. */
  readonly grpc: Grpc;
}

/** Told of a call's end, whatever interceptors make of it. */
export type Ended = (code: number, details: string) => void;

/** One call. After its end everything asked of it does nothing, as in grpc-js. */
export class BaseCall implements GrpcCall, ServedCall {
  readonly #wire: WireCall;
  readonly #peer: unknown;
  readonly #method: Method;
  readonly #context: BaseContext;
  readonly #run: (call: BaseCall) => void;
  /** Requests, and `undefined` for their end. */
  readonly #requests: (Uint8Array | undefined)[] = [];
  #listener: Listener | undefined;
  #ended: Ended | undefined;
  /** Told when there is room for more responses. */
  #written: (() => void)[] = [];
  #isWanted = false;
  #isDelivering = false;
  #isEnded = false;

  /**
   * Takes a call.
   *
   * @param peer The socket that the call came on.
   * @param run Puts interceptors and a handler on it.
   */
  constructor(
    wire: WireCall,
    peer: unknown,
    method: Method,
    context: BaseContext,
    run: (call: BaseCall) => void,
  ) {
    this.#wire = wire;
    this.#peer = peer;
    this.#method = method;
    this.#context = context;
    this.#run = run;
    context.running.add(this, wire.path);
  }

  /** Has somebody told of the end. */
  onEnd(ended: Ended): void {
    this.#ended = ended;
  }

  /** Does what may call code of the user's; what that throws fails the call. */
  attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends the call because an interceptor has failed. */
  fail(error: unknown): void {
    const { message, stack } = (error ?? {}) as Partial<Error>;
    this.#context.logger.error("an interceptor failed", {
      method: this.#wire.path,
      error: stack ?? String(error),
    });
    this.#wire.fault(STATUS_CODES.UNKNOWN, String(message ?? error).toWellFormed());
  }

  begin(): void {
    this.attempt(() => this.#run(this));
  }

  message(bytes: Uint8Array): void {
    this.#requests.push(bytes);
    this.#deliver();
    if (this.#requests.length > 0) this.#wire.hold();
  }

  requestsEnd(): void {
    this.#requests.push(undefined);
    this.#deliver();
  }

  over(code: number, details: string): void {
    this.#end(code, details);
  }

  sent(): void {
    // A call that its deadline ends is told so behind this.
    queueMicrotask(() => this.#end(STATUS_CODES.CANCELLED, "An interceptor has ended the call"));
  }

  drain(): void {
    const written = this.#written;
    this.#written = [];
    for (const callback of written) this.attempt(callback);
  }

  start(listener: Listener): void {
    if (this.#wire.isOver) return;
    this.#listener = listener;
    listener.onReceiveMetadata(toGrpcMetadata(this.#context.grpc.Metadata, this.#wire.metadata));
  }

  sendMetadata(metadata: Metadata): void {
    this.#wire.sendHeaders(fromGrpcMetadata(metadata));
  }

  sendMessage(message: unknown, callback: () => void): void {
    const wire = this.#wire;
    if (wire.isOver) return;
    let bytes: Uint8Array;
    try {
      bytes = this.#method.responseSerialize(message);
    } catch (error) {
      const details = `The response cannot be written: ${(error as Error).message}`;
      return wire.finish(STATUS_CODES.INTERNAL, details.toWellFormed(), []);
    }
    const hasRoom = wire.send(bytes);
    if (wire.isOver) return; // It was too long.
    if (hasRoom) queueMicrotask(() => this.attempt(callback));
    else this.#written.push(callback);
  }

  sendStatus({ code, details, metadata }: Status): void {
    const trailers: HeaderList = metadata ? fromGrpcMetadata(metadata) : [];
    // What grpc-js says with every OK says nothing.
    const isPlain = code === STATUS_CODES.OK && details === "OK";
    this.#wire.finish(code, isPlain ? "" : String(details ?? "").toWellFormed(), trailers);
  }

  startRead(): void {
    if (this.#wire.isOver) return;
    this.#isWanted = true;
    this.#deliver();
  }

  getPeer(): string {
    return peerOf(this.#peer);
  }

  getDeadline(): number {
    return this.#wire.deadlineMs;
  }

  getHost(): string {
    return this.#wire.authority;
  }

  getAuthContext(): ReturnType<GrpcCall["getAuthContext"]> {
    return authContextOf(this.#peer);
  }

  getConnectionInfo(): ReturnType<GrpcCall["getConnectionInfo"]> {
    return connectionOf(this.#peer);
  }

  /** What is recorded is not sent: `grpc.server_call_metric_recording` is not heeded here. */
  getMetricsRecorder(): ReturnType<GrpcCall["getMetricsRecorder"]> {
    return DEAF_RECORDER;
  }

  /** One request for each time that one was asked for. In a loop: who gets one asks for the next. */
  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    while (this.#isWanted && this.#requests.length > 0 && !this.#wire.isOver) {
      this.#isWanted = false;
      const bytes = this.#requests.shift();
      this.#deliverOne(bytes);
    }
    this.#isDelivering = false;
    if (this.#requests.length === 0) this.#wire.release();
  }

  #deliverOne(bytes: Uint8Array | undefined): void {
    const listener = this.#listener;
    if (bytes === undefined) return this.attempt(() => listener?.onReceiveHalfClose());
    let message: unknown;
    try {
      message = this.#method.requestDeserialize(bytes);
    } catch (error) {
      const details = `The request cannot be read: ${(error as Error).message}`;
      return this.#wire.fault(STATUS_CODES.INTERNAL, details.toWellFormed());
    }
    this.attempt(() => listener?.onReceiveMessage(message));
  }

  /** grpc-js tells of every end as if the caller had cancelled, and never at once. */
  #end(code: number, details: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#requests.length = 0;
    this.#written = [];
    this.#context.running.remove(this);
    this.#ended?.(code, details);
    queueMicrotask(() => this.attempt(() => this.#listener?.onCancel()));
  }
}
