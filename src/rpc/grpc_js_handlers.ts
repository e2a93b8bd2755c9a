/** Handlers in grpc-js's shape, as a server takes them in place of a contract's. */
import type { sendUnaryData } from "@grpc/grpc-js";
import { RpcError } from "../errors.ts";
import type { Grpc } from "./grpc_js/grpc.ts";
import type { Interception } from "./own/interception.ts";

/** A handler of any kind, bound to its object. */
export type GrpcJsHandler = (call: object, callback?: sendUnaryData<unknown>) => unknown;

/** Handlers of a service, with what an engine needs to call them. */
export class GrpcJsHandlers {
  /** grpc-js. */
  readonly grpc: Grpc;
  /** What puts them on this module's own engine. */
  readonly Interception: typeof Interception;
  readonly #handlers: ReadonlyMap<string, GrpcJsHandler>;

  /** @param handlers The handlers by the path of their method. */
  constructor(
    grpc: Grpc,
    interception: typeof Interception,
    handlers: ReadonlyMap<string, GrpcJsHandler>,
  ) {
    this.grpc = grpc;
    this.Interception = interception;
    this.#handlers = handlers;
  }

  /** The handler of a method; without one, as in grpc-js, it answers UNIMPLEMENTED. */
  of(path: string): GrpcJsHandler {
    return this.#handlers.get(path) ?? (() => {
      const name = path.slice(path.lastIndexOf("/") + 1);
      throw new RpcError("UNIMPLEMENTED", `The server does not implement the method ${name}`);
    });
  }
}
