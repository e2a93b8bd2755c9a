/** Calls that pass through grpc-js's interceptors, or end at its kind of handler. */
import type { ServerInterceptor, ServerMethodDefinition } from "@grpc/grpc-js";
import type { CallAcceptor } from "../../grpc/server.ts";
import type { MethodDefinition } from "../contract.ts";
import type { Grpc } from "../grpc_js/grpc.ts";
import { guarded } from "../grpc_js/interceptors.ts";
import type { GrpcJsHandler } from "../grpc_js_handlers.ts";
import type { Handler } from "../registry.ts";
import {
  BaseCall,
  type BaseContext,
  type GrpcCall,
  type Listener,
  type Method,
} from "./base_call.ts";
import type { HandlerContext } from "./handler_call.ts";
import { InterceptedHandler } from "./intercepted_handler.ts";
import { SurfaceHandler } from "./surface_handler.ts";

/** Puts interceptors in front of handlers, the first the first to see a call. */
export class Interception {
  readonly #interceptors: readonly ServerInterceptor[];
  readonly #context: BaseContext;

  /** Takes the interceptors, which may be none. */
  constructor(grpc: Grpc, interceptors: readonly ServerInterceptor[], context: HandlerContext) {
    const { shutdown, logger, running } = context;
    this.#context = { shutdown, logger, running, grpc };
    this.#interceptors = interceptors.map((interceptor) => guarded(grpc, interceptor, logger));
  }

  /** Serves a method with a contract's handler. */
  serve(method: MethodDefinition, handler: Handler): CallAcceptor {
    return this.#accept(
      method,
      (chain, base, method) => new InterceptedHandler(chain, base, method, handler, this.#context),
    );
  }

  /** Serves a method with a handler of grpc-js's kind. */
  serveGrpcJs(method: MethodDefinition, handler: GrpcJsHandler): CallAcceptor {
    return this.#accept(
      method,
      (chain, base, method) => new SurfaceHandler(chain, base, method, handler, this.#context),
    );
  }

  #accept(
    { path, requestStream, responseStream, requestDeserialize, responseSerialize }:
      MethodDefinition,
    listen: (chain: GrpcCall, base: BaseCall, method: Method) => Listener,
  ): CallAcceptor {
    const method: Method = {
      path,
      requestStream,
      responseStream,
      requestDeserialize,
      responseSerialize,
    };
    const described = method as ServerMethodDefinition<unknown, unknown>;
    const run = (base: BaseCall) => {
      const chain = this.#interceptors.reduce<GrpcCall>(
        (call, interceptor) => interceptor(described, call),
        base,
      );
      chain.start(listen(chain, base, method));
    };
    return (call, peer) => new BaseCall(call, peer, method, this.#context, run);
  }
}
