/** Plugins whose handlers are written for grpc-js. */
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import { ServiceError } from "../errors.ts";
import type { ClientOf, ContractOf, GeneratedDefinition, HandlersOf } from "./contract.ts";
import { type GrpcJsHandler, GrpcJsHandlers } from "./grpc_js_handlers.ts";
import type { Plugin, ServerContext } from "./plugin_set.ts";
import { service } from "./service.ts";

/** A method of a definition. */
export type GeneratedMethod = GeneratedDefinition[string];

/** grpc-js's handler of a method; of any kind where the definition does not say which it is. */
export type GrpcJsHandlerOf<M extends GeneratedMethod> = boolean extends M["requestStream"]
  ? UntypedHandleCall
  : M["requestStream"] extends true
    ? M["responseStream"] extends true
      ? handleBidiStreamingCall<ServedRequest<M>, ServedResponse<M>>
    : handleClientStreamingCall<ServedRequest<M>, ServedResponse<M>>
  : M["responseStream"] extends true
    ? handleServerStreamingCall<ServedRequest<M>, ServedResponse<M>>
  : handleUnaryCall<ServedRequest<M>, ServedResponse<M>>;

/** The request of a method, as its handler gets it. */
export type ServedRequest<M extends GeneratedMethod> = ReturnType<M["requestDeserialize"]>;

/** The response of a method, as its handler gives it. */
export type ServedResponse<M extends GeneratedMethod> = Parameters<M["responseSerialize"]>[0];

/** grpc-js's handlers of a definition, under its names for the methods. */
export type GrpcJsHandlersOf<D extends GeneratedDefinition> = {
  readonly [K in keyof D]: GrpcJsHandlerOf<D[K]>;
};

/**
 * Puts handlers in grpc-js's shape, `(call, callback)`, behind a definition of
 * generated code (ts-proto, grpc-tools) or proto-loader, for a plugin's plugin
 * set: what would be given to grpc-js's `server.addService()`, whichever engine
 * serves. The client side is that of `service(definition)`.
 *
 * It loads grpc-js when the plugin starts. A method without a handler answers
 * `UNIMPLEMENTED`. A handler that throws, or returns a promise that rejects,
 * ends its call: an `RpcError` and an error with an integer `code` with their
 * status, anything else with `UNKNOWN` and the error's message. As in grpc-js,
 * `cancelled` comes at every end of a call.
 *
 * @param handlers An object with a function for each method, or a function that
 * makes one when the plugin starts.
 * @throws {TypeError} If the definition is none.
 *
 * @example
 * ```ts
 * import { Buffer } from "node:buffer";
 * import { implementGrpcJs } from "@x/goplugin/plugin";
 * import { testClient } from "@x/goplugin/testing";
 *
 * const write = (text: string) => Buffer.from(text);
 * const read = (bytes: Buffer) => bytes.toString();
 * const GreeterService = { // as generated code has it
 *   greet: {
 *     path: "/greeter.Greeter/Greet",
 *     requestStream: false,
 *     responseStream: false,
 *     requestSerialize: write,
 *     requestDeserialize: read,
 *     responseSerialize: write,
 *     responseDeserialize: read,
 *   },
 * } as const;
 * const greeter = implementGrpcJs(GreeterService, {
 *   greet: (call, callback) => callback(null, `Hello, ${call.request}!`),
 * });
 * await using client = await testClient({ greeter });
 * const { greet } = await client.dispense("greeter");
 * console.log(await greet("world"));
 * ```
 */
export function implementGrpcJs<D extends GeneratedDefinition>(
  definition: D,
  handlers:
    | GrpcJsHandlersOf<D>
    | ((context: ServerContext) => GrpcJsHandlersOf<D> | Promise<GrpcJsHandlersOf<D>>),
): Required<Plugin<ClientOf<ContractOf<D>>>> {
  const served = service(definition);
  return {
    client: (context) => context.connect(served),
    server: async (context) => {
      const made = typeof handlers === "function" ? await handlers(context) : handlers;
      const byPath = bind(definition, made as Readonly<Record<string, unknown>>);
      const [{ loadGrpc }, { loadRuntime }, { Interception }] = await Promise.all([
        import("./grpc_js/grpc.ts"),
        import("../runtime/runtime.ts"),
        import("./own/interception.ts"),
      ]);
      const grpc = await loadGrpc(await loadRuntime());
      const registered: unknown = new GrpcJsHandlers(grpc, Interception, byPath);
      await context.register(served, registered as HandlersOf<ContractOf<D>>);
    },
  };
}

/** A method of proto-loader's; grpc-js takes a handler under this name too. */
interface NamedMethod {
  readonly originalName?: string;
}

function bind(
  definition: GeneratedDefinition,
  handlers: Readonly<Record<string, unknown>>,
): Map<string, GrpcJsHandler> {
  const byPath = new Map<string, GrpcJsHandler>();
  for (const [name, method] of Object.entries(definition)) {
    const { originalName = name } = method as NamedMethod;
    const handler = handlers[name] ?? handlers[originalName];
    if (handler === undefined) continue;
    if (typeof handler !== "function") {
      throw new ServiceError(
        `Cannot serve ${method.path}: the handler ${JSON.stringify(name)} is no function`,
      );
    }
    byPath.set(method.path, handler.bind(handlers) as GrpcJsHandler);
  }
  return byPath;
}
