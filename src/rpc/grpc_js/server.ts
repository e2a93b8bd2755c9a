/** The server half of the engine that is grpc-js. */
import type {
  sendUnaryData,
  Server,
  ServerUnaryCall,
  ServiceDefinition as GrpcDefinition,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import { waitAtMost } from "../../runtime/wait.ts";
import type { MethodDefinition } from "../contract.ts";
import { GrpcJsHandlers } from "../grpc_js_handlers.ts";
import { callHandler } from "./call_handler.ts";
import { loadGrpc } from "./grpc.ts";
import { type HandledMethod, Registry } from "../registry.ts";
import { RunningCalls } from "../running_calls.ts";
import { adaptHandler, type HandlerContext } from "./handlers.ts";
import { Shutdown } from "../shutdown.ts";
import type { RpcServer, ServerConfig } from "../server.ts";
import { serverTls } from "./credentials.ts";
import { toBuffer } from "../to_buffer.ts";
import { Entrance } from "./entrance.ts";
import { guarded, refuseOthers } from "./interceptors.ts";

/** What all of grpc-js's server calls have. */
type AnyCall = ServerUnaryCall<unknown, unknown>;

const OPTIONS = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  "grpc.enable_channelz": 0,
};

/** Makes a server without services. */
export async function createGrpcJsServer(config: ServerConfig): Promise<RpcServer> {
  const grpc = await loadGrpc(config.runtime);
  const { serverOptions, serverInterceptors = [] } = config.engine ?? {};
  const secure = () => serverTls(grpc, config.tls);
  const tls = secure();
  const guards = tls.trust === undefined ? [] : refuseOthers(grpc, tls.trust);
  const server = new grpc.Server({
    ...OPTIONS,
    ...serverOptions,
    interceptors: [
      ...guards,
      ...serverInterceptors.map((interceptor) => guarded(grpc, interceptor, config.logger)),
    ],
  });
  const entrance = new Entrance(server, tls, secure, config.logger);
  const registry = new Registry();
  const shutdown = new Shutdown();
  const context: HandlerContext = {
    grpc,
    shutdown,
    logger: config.logger,
    running: new RunningCalls(),
  };
  let stopping: Promise<void> | undefined;
  return {
    services: registry.services,
    signal: shutdown.signal,
    register(service, handlers) {
      if (handlers instanceof GrpcJsHandlers) {
        addGrpcJs(server, registry.addBare(service), handlers, context);
      } else addService(server, registry.add(service, handlers), context);
    },
    serve(connection) {
      if (stopping === undefined) entrance.admit(connection);
      else connection.destroy();
    },
    idle: (service) => context.running.none(service),
    stop(drainTimeoutMs) {
      stopping ??= drain(server, entrance, context.running, drainTimeoutMs);
      shutdown.abort(new Error("The plugin is shutting down"));
      return stopping;
    },
  };
}

function addService(
  server: Server,
  methods: readonly HandledMethod[],
  context: HandlerContext,
): void {
  const definition: Record<string, unknown> = {};
  const implementation: Record<string, ReturnType<typeof adaptHandler>> = {};
  for (const { name, method, handler } of methods) {
    definition[name] = withBuffers(method);
    implementation[name] = adaptHandler(method, handler, context);
  }
  server.addService(definition as GrpcDefinition, implementation);
}

/** Adds a service whose handlers are grpc-js's own. */
function addGrpcJs(
  server: Server,
  methods: readonly MethodDefinition[],
  handlers: GrpcJsHandlers,
  { grpc, logger, running }: HandlerContext,
): void {
  const definition: Record<string, unknown> = {};
  const implementation: Record<string, UntypedHandleCall> = {};
  for (const method of methods) {
    const { path } = method;
    const handler = handlers.of(path);
    definition[path] = withBuffers(method);
    const serve = (call: AnyCall, callback?: sendUnaryData<unknown>) => {
      running.add(call, path);
      // grpc-js says so of every call once it is over.
      call.once("cancelled", () => running.remove(call));
      callHandler({
        handler,
        call,
        callback,
        path,
        logger,
        grpc,
      });
    };
    implementation[path] = serve as UntypedHandleCall;
  }
  server.addService(definition as GrpcDefinition, implementation);
}

/** grpc-js wants Buffers where generated code may give plain arrays. */
function withBuffers(method: MethodDefinition) {
  return {
    path: method.path,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    requestSerialize: (value: unknown) => toBuffer(method.requestSerialize(value)),
    requestDeserialize: (bytes: Uint8Array) => method.requestDeserialize(bytes),
    responseSerialize: (value: unknown) => toBuffer(method.responseSerialize(value)),
    responseDeserialize: (bytes: Uint8Array) => method.responseDeserialize(bytes),
  };
}

/** Takes no more calls, waits for those that run, and cuts those that are not over in time. */
async function drain(
  server: Server,
  entrance: Entrance,
  running: RunningCalls,
  limitMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  // On Deno 2.9 a session says that it is closed while its calls still run.
  const over = Promise.all([closed, running.none()]);
  if (await waitAtMost(over, limitMs) !== undefined) return;
  // Without channelz, forceShutdown() does not know the connections.
  entrance.drain(0);
  await new Promise((resolve) => setTimeout(resolve, 0)); // behind the timer that cuts them
}
