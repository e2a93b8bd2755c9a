/** The server half of this module's own engine. */
import { ServiceError } from "../../errors.ts";
import { GrpcServer } from "../../grpc/server.ts";
import { makeDuplexLink } from "../../http2/duplex_link.ts";
import { RunningCalls } from "../running_calls.ts";
import { Shutdown } from "../shutdown.ts";
import type { RpcServer, ServerConfig } from "../server.ts";
import type { LoadedService } from "../service.ts";
import { type Handler, HandlerCall, type HandlerContext } from "./handler_call.ts";
import { limitsOf } from "./options.ts";
import { TlsEntrance } from "./tls_server.ts";

/** Makes a server without services. */
export async function createOwnServer(config: ServerConfig): Promise<RpcServer> {
  const server = new GrpcServer({
    ...limitsOf(config.engine?.serverOptions),
    gunzip: (bytes, maxBytes) => config.runtime.gunzip(bytes, maxBytes),
  });
  const { tls, logger } = config;
  const entrance = tls && await TlsEntrance.open(tls, (link) => server.serve(link), logger);
  const services: LoadedService[] = [];
  const shutdown = new Shutdown();
  const context: HandlerContext = {
    shutdown,
    logger,
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
      if (stopping !== undefined) connection.destroy();
      else if (entrance !== undefined) entrance.admit(connection);
      else server.serve(makeDuplexLink(connection));
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
