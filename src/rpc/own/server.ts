/** The server half of this module's own engine. */
import type { Duplex } from "node:stream";
import { ServiceError } from "../../errors.ts";
import { GrpcServer } from "../../grpc/server.ts";
import { makeDuplexLink } from "../../http2/duplex_link.ts";
import { RunningCalls } from "../running_calls.ts";
import type { RpcServer, ServerConfig } from "../server.ts";
import type { LoadedService } from "../service.ts";
import { type Handler, HandlerCall, type HandlerContext } from "./handler_call.ts";
import { secureServer } from "./sockets.ts";

/** Makes a server without services. */
export async function createOwnServer(config: ServerConfig): Promise<RpcServer> {
  const options = config.engine?.serverOptions ?? {};
  const limit = (name: string) => {
    const value = Number(options[name] ?? -1);
    return value < 0 ? Infinity : value;
  };
  const server = new GrpcServer({
    maxReceiveBytes: limit("grpc.max_receive_message_length"),
    maxSendBytes: limit("grpc.max_send_message_length"),
    gunzip: (bytes, maxBytes) => config.runtime.gunzip(bytes, maxBytes),
  });
  const serve = config.tls === undefined
    ? (connection: Duplex) => server.serve(makeDuplexLink(connection))
    : await secureServer(config.tls, (link) => server.serve(link));
  const services: LoadedService[] = [];
  const shutdown = new AbortController();
  const context: HandlerContext = {
    shutdown: shutdown.signal,
    logger: config.logger,
    running: new RunningCalls(),
  };
  let stopping: Promise<void> | undefined;
  return {
    services,
    signal: shutdown.signal,
    register(service, handlers) {
      if (services.some(({ name }) => name === service.name)) {
        throw new ServiceError(
          `Cannot serve ${service.name}: it is registered twice`,
        );
      }
      addService(server, service, handlers, context);
      services.push(service);
    },
    serve(connection) {
      if (stopping === undefined) serve(connection);
      else connection.destroy();
    },
    idle: (service) => context.running.none(service),
    stop(drainTimeoutMs) {
      stopping ??= server.stop(drainTimeoutMs);
      shutdown.abort(new Error("The plugin is shutting down"));
      return stopping;
    },
  };
}

function addService(
  server: GrpcServer,
  service: LoadedService,
  handlers: object,
  context: HandlerContext,
): void {
  for (const [name, method] of service.methods) {
    const handler = (handlers as Record<string, unknown>)[name];
    if (typeof handler !== "function") {
      throw new ServiceError(
        `Cannot serve ${service.name}: no handler for its method ${JSON.stringify(name)}`,
      );
    }
    const bound = handler.bind(handlers) as Handler;
    server.route(method.path, (call) => new HandlerCall(call, method, bound, context));
  }
}
