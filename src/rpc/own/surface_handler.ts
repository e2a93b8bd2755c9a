/** grpc-js's handlers on this module's engine, called as grpc-js calls them. */
import type { Metadata, sendUnaryData } from "@grpc/grpc-js";
import { STATUS_CODES } from "../../errors.ts";
import { callHandler } from "../grpc_js/call_handler.ts";
import type { GrpcJsHandler } from "../grpc_js_handlers.ts";
import type { BaseCall, BaseContext, GrpcCall, Listener, Method } from "./base_call.ts";
import { statusOf, SurfaceStream } from "./surface_stream.ts";

/** One call with its handler. */
export class SurfaceHandler implements Listener {
  readonly #chain: GrpcCall;
  readonly #base: BaseCall;
  readonly #method: Method;
  readonly #handler: GrpcJsHandler;
  readonly #context: BaseContext;
  #metadata: Metadata | undefined;
  #input: { readonly request: unknown } | undefined;
  #stream: SurfaceStream | undefined;

  /**
   * Puts a handler behind interceptors.
   *
   * @param chain The outermost of them, or the call itself.
   */
  constructor(
    chain: GrpcCall,
    base: BaseCall,
    method: Method,
    handler: GrpcJsHandler,
    context: BaseContext,
  ) {
    this.#chain = chain;
    this.#base = base;
    this.#method = method;
    this.#handler = handler;
    this.#context = context;
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#metadata = metadata;
    if (this.#method.requestStream) this.#begin();
    else this.#chain.startRead();
  }

  onReceiveMessage(request: unknown): void {
    if (this.#method.requestStream) return void this.#stream?.push(request);
    if (this.#input !== undefined) return this.#refuse("More than one request in this call");
    this.#input = { request };
    this.#chain.startRead();
  }

  onReceiveHalfClose(): void {
    if (this.#method.requestStream) this.#stream?.push(null);
    else if (this.#input === undefined) this.#refuse("No request in this call");
    else this.#begin();
  }

  onCancel(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    stream.cancelled = true;
    stream.emit("cancelled", "cancelled");
    stream.destroy();
  }

  #begin(): void {
    const { grpc, logger } = this.#context;
    const { path, responseStream } = this.#method;
    const stream = this.#stream = new SurfaceStream(
      path,
      this.#chain,
      this.#base,
      this.#metadata ?? new grpc.Metadata(),
      new grpc.Metadata(),
      this.#input,
    );
    const callback = responseStream ? undefined : this.#answer;
    callHandler({ handler: this.#handler, call: stream, callback, path, logger, grpc });
  }

  readonly #answer: sendUnaryData<unknown> = (error, response, trailers) => {
    if (error) return this.#end(statusOf(error, trailers));
    this.#base.attempt(() =>
      this.#chain.sendMessage(response, () =>
        this.#end({
          code: STATUS_CODES.OK,
          details: "OK",
          metadata: trailers ?? null,
        }))
    );
  };

  #refuse(details: string): void {
    this.#end({ code: STATUS_CODES.INTERNAL, details });
  }

  #end(status: Parameters<GrpcCall["sendStatus"]>[0]): void {
    this.#base.attempt(() => this.#chain.sendStatus(status));
  }
}
