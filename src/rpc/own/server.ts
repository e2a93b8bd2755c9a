/** The server half of this module's own engine. */
import { GrpcServer } from "../../grpc/server.ts";
import { makeDuplexLink } from "../../http2/duplex_link.ts";
import { GrpcJsHandlers } from "../grpc_js_handlers.ts";
import { Registry } from "../registry.ts";
import { RunningCalls } from "../running_calls.ts";
import { Shutdown } from "../shutdown.ts";
import type { RpcServer, ServerConfig } from "../server.ts";
import { HandlerCall, type HandlerContext } from "./handler_call.ts";
import type { Interception } from "./interception.ts";
import { limitsOf } from "./options.ts";
import { TlsEntrance } from "./tls_server.ts";

/** Makes a server without services. */
export async function createOwnServer(config: ServerConfig): Promise<RpcServer> {
  const server = new GrpcServer({
    ...limitsOf(config.engine?.serverOptions),
    gunzip: (bytes, maxBytes) => config.runtime.gunzip(bytes, maxBytes),
  });
  const { tls, logger } = config;
  const entrance = tls &&
    await TlsEntrance.open(tls, (link, socket) => server.serve(link, socket), logger);
  const registry = new Registry();
  const shutdown = new Shutdown();
  const context: HandlerContext = {
    shutdown,
    logger,
    running: new RunningCalls(),
  };
  const interception = await openInterception(config, context);
  let stopping: Promise<void> | undefined;
  return {
    services: registry.services,
    signal: shutdown.signal,
    register(service, handlers) {
      if (handlers instanceof GrpcJsHandlers) {
        const { grpc, Interception } = handlers;
        const served = interception ?? new Interception(grpc, [], context);
        for (const method of registry.addBare(service)) {
          server.route(method.path, served.serveGrpcJs(method, handlers.of(method.path)));
        }
        return;
      }
      for (const { method, handler } of registry.add(service, handlers)) {
        server.route(
          method.path,
          interception?.serve(method, handler) ??
            ((call) => new HandlerCall(call, method, handler, context)),
        );
      }
    },
    serve(connection) {
      if (stopping !== undefined) connection.destroy();
      else if (entrance !== undefined) entrance.admit(connection);
      else server.serve(makeDuplexLink(connection), connection);
    },
    idle: (service) => context.running.none(service),
    stop(drainTimeoutMs) {
      stopping ??= server.stop(drainTimeoutMs).finally(() => entrance?.close());
      shutdown.abort(new Error("The plugin is shutting down"));
      return stopping;
    },
  };
}

/** What passes calls through the user's interceptors; nothing is loaded without any. */
async function openInterception(
  { engine, runtime }: ServerConfig,
  context: HandlerContext,
): Promise<Interception | undefined> {
  const interceptors = engine?.serverInterceptors ?? [];
  if (interceptors.length === 0) return undefined;
  const [{ Interception }, { loadGrpc }] = await Promise.all([
    import("./interception.ts"),
    import("../grpc_js/grpc.ts"),
  ]);
  return new Interception(await loadGrpc(runtime), interceptors, context);
}
