/** The server half of this module's own engine. */
import { GrpcServer } from "../../grpc/server.ts";
import { Registry } from "../registry.ts";
import { RunningCalls } from "../running_calls.ts";
import { Shutdown } from "../shutdown.ts";
import type { RpcServer, ServerConfig } from "../server.ts";
import { HandlerCall, type HandlerContext } from "./handler_call.ts";
import { limitsOf } from "./options.ts";
import { linkOf } from "./sockets.ts";
import { TlsEntrance } from "./tls_server.ts";

/** Makes a server without services. */
export async function createOwnServer(config: ServerConfig): Promise<RpcServer> {
  const server = new GrpcServer({
    ...limitsOf(config.engine?.serverOptions),
    gunzip: (bytes, maxBytes) => config.runtime.gunzip(bytes, maxBytes),
  });
  const { tls, logger } = config;
  const entrance = tls && await TlsEntrance.open(tls, (link) => server.serve(link), logger);
  const registry = new Registry();
  const shutdown = new Shutdown();
  const context: HandlerContext = {
    shutdown,
    logger,
    running: new RunningCalls(),
  };
  let stopping: Promise<void> | undefined;
  return {
    services: registry.services,
    signal: shutdown.signal,
    register(service, handlers) {
      for (const { method, handler } of registry.add(service, handlers)) {
        server.route(method.path, (call) => new HandlerCall(call, method, handler, context));
      }
    },
    serve(connection) {
      if (stopping !== undefined) connection.destroy();
      else if (entrance !== undefined) entrance.admit(connection);
      else server.serve(linkOf(connection));
    },
    idle: (service) => context.running.none(service),
    stop(drainTimeoutMs) {
      stopping ??= server.stop(drainTimeoutMs);
      shutdown.abort(new Error("The plugin is shutting down"));
      return stopping;
    },
  };
}
