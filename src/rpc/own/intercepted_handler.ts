/** A contract's handler behind interceptors: for it, they are what carries the call. */
import type { Metadata } from "@grpc/grpc-js";
import { STATUS_CODES } from "../../errors.ts";
import type { HeaderList } from "../../grpc/status.ts";
import type { Handler } from "../registry.ts";
import type { BaseCall, BaseContext, GrpcCall, Listener, Method } from "./base_call.ts";
import { fromGrpcMetadata, toGrpcMetadata } from "./grpc_js_metadata.ts";
import { type CallCarrier, HandlerCall, type ServedMethod } from "./handler_call.ts";

const same = (message: unknown) => message;

/** One call. The handler is not called before the metadata has come through. */
export class InterceptedHandler implements Listener, CallCarrier<unknown> {
  readonly path: string;
  readonly deadlineMs: number;
  metadata: HeaderList = [];
  readonly #chain: GrpcCall;
  readonly #base: BaseCall;
  readonly #method: ServedMethod<unknown>;
  readonly #handler: Handler;
  readonly #context: BaseContext;
  #served: HandlerCall<unknown> | undefined;
  /** Interceptors get one response at a time, and the status behind the last. */
  #isSending = false;
  #status: (() => void) | undefined;
  #isFinished = false;
  #isHolding = false;

  /**
   * Puts a handler behind interceptors.
   *
   * @param chain The outermost of them.
   */
  constructor(
    chain: GrpcCall,
    base: BaseCall,
    { path, requestStream, responseStream }: Method,
    handler: Handler,
    context: BaseContext,
  ) {
    this.path = path;
    this.deadlineMs = base.getDeadline();
    this.#chain = chain;
    this.#base = base;
    // Messages are read and written where the wire is.
    this.#method = {
      requestStream,
      responseStream,
      requestDeserialize: same,
      responseSerialize: same,
    };
    this.#handler = handler;
    this.#context = context;
    base.onEnd((code, details) => {
      if (this.#isFinished) this.#served?.sent();
      else this.#served?.over(code, details);
    });
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.metadata = fromGrpcMetadata(metadata);
    this.#served = new HandlerCall<unknown>(this, this.#method, this.#handler, this.#context);
    this.#served.begin();
    this.#read();
  }

  onReceiveMessage(message: unknown): void {
    this.#served?.message(message);
    if (!this.#isHolding) this.#read();
  }

  onReceiveHalfClose(): void {
    this.#served?.requestsEnd();
  }

  /** The end is known from the base, which says why. */
  onCancel(): void {}

  sendHeaders(metadata: HeaderList): void {
    const sent = this.#toMetadata(metadata);
    this.#base.attempt(() => this.#chain.sendMetadata(sent));
  }

  send(message: unknown): boolean {
    this.#isSending = true;
    this.#base.attempt(() => this.#chain.sendMessage(message, () => this.#wasSent()));
    return !this.#isSending;
  }

  finish(code: number, details: string, trailers: HeaderList): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    const isOk = code === STATUS_CODES.OK;
    // As grpc-js has it where there is one response and no trailers.
    const isBare = isOk && trailers.length === 0 && !this.#method.responseStream;
    const status = {
      code,
      details: isOk && details === "" ? "OK" : details,
      metadata: isBare ? null : this.#toMetadata(trailers),
    };
    const send = () => this.#base.attempt(() => this.#chain.sendStatus(status));
    if (this.#isSending) this.#status = send;
    else send();
  }

  fault(code: number, details: string): void {
    this.finish(code, details, []);
    this.#served?.over(code, details);
  }

  hold(): void {
    this.#isHolding = true;
  }

  release(): void {
    if (!this.#isHolding) return;
    this.#isHolding = false;
    this.#read();
  }

  #wasSent(): void {
    this.#isSending = false;
    if (this.#status === undefined) return this.#served?.drain();
    this.#status();
    this.#status = undefined;
  }

  #read(): void {
    this.#base.attempt(() => this.#chain.startRead());
  }

  #toMetadata(list: HeaderList): Metadata {
    return toGrpcMetadata(this.#context.grpc.Metadata, list);
  }
}
