/** The door to the server half of a gRPC engine: services with their handlers, and connections. */
import type { Duplex } from "node:stream";
import type { Logger } from "../logging/logger.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { isGrpcJs } from "./engine_choice.ts";
import type { EngineConfig } from "./engine_options.ts";
import type { LoadedService } from "./service.ts";
import type { ConnectionTls } from "./tls.ts";

/** How to serve. */
export interface ServerConfig {
  /** The system. */
  readonly runtime: Runtime;
  /** Told of errors that handlers did not mean to throw. */
  readonly logger: Logger;
  /** What to show and whom to trust; connections are in clear without it. */
  readonly tls?: ConnectionTls | undefined;
  /** What the user tells the engine, and which it is. */
  readonly engine?: EngineConfig | undefined;
}

/** Services, and the connections they are served on. */
export interface RpcServer {
  /** The services registered so far. */
  readonly services: readonly LoadedService[];
  /** Fires when the server begins to stop. */
  readonly signal: AbortSignal;
  /**
   * Adds a service. All of them must be there before the first connection.
   *
   * @throws {ServiceError} If a method has no handler, or the service is there already.
   */
  register(service: LoadedService, handlers: object): void;
  /** Serves a connection. */
  serve(connection: Duplex): void;
  /** Waits until no call of a service runs, and the last byte of each is out. */
  idle(service: string): Promise<void>;
  /** Ends: handlers see their signal fire, calls may finish until the limit, then all is cut. */
  stop(drainTimeoutMs: number): Promise<void>;
}

/** Loads what servers need, so that it is there when the first is made. */
export async function preloadServers(runtime: Runtime, engine: EngineConfig): Promise<void> {
  if (!isGrpcJs(runtime, engine)) await import("./own/server.ts");
  if (isGrpcJs(runtime, engine) || engine.serverInterceptors?.length) {
    await (await import("./grpc_js/grpc.ts")).loadGrpc(runtime);
  }
}

/** Makes a server without services. */
export async function createServer(config: ServerConfig): Promise<RpcServer> {
  if (isGrpcJs(config.runtime, config.engine)) {
    return await (await import("./grpc_js/server.ts")).createGrpcJsServer(config);
  }
  return (await import("./own/server.ts")).createOwnServer(config);
}
