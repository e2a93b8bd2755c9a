/** The door to the client half of a gRPC engine: a connection on which calls are made. */
import type { ChannelInterface } from "@grpc/grpc-js";
import type { Runtime } from "../runtime/runtime.ts";
import type { CallOptions, MethodDefinition } from "./contract.ts";
import { isGrpcJs } from "./engine_choice.ts";
import type { EngineConfig } from "./engine_options.ts";
import type { Peer } from "./peer.ts";
import type { ConnectionTls } from "./tls.ts";

/** Where to connect and how. */
export interface ChannelConfig {
  /** The system. */
  readonly runtime: Runtime;
  /** Where the peer listens, or what opens a stream to it. */
  readonly peer: Peer;
  /** Whom to trust and what to show; the connection is in clear without it. */
  readonly tls?: ConnectionTls | undefined;
  /** Resolves with the reason when the peer is known to be gone for good. */
  readonly gone: Promise<Error>;
  /** What the user tells the engine, and which it is. */
  readonly engine?: EngineConfig | undefined;
}

/** A request stream, or the request of a call that takes one. */
export type Requests = AsyncIterable<unknown> | Iterable<unknown>;

/** A connection on which calls are made. */
export interface RpcChannel {
  /** The same connection for generated grpc-js clients, one each: closing it leaves the rest. */
  readonly grpcChannel: ChannelInterface;
  /**
   * Waits for the connection.
   *
   * @throws {ConnectError} With what the transport said, at the first failure.
   */
  connect(timeoutMs: number): Promise<void>;
  /** Makes a call with one request and one response. */
  unary(
    method: MethodDefinition,
    request: unknown,
    options?: CallOptions,
  ): Promise<unknown>;
  /** Makes any other call. It starts when the responses are first asked for. */
  stream(
    method: MethodDefinition,
    requests: Requests,
    options?: CallOptions,
  ): AsyncGenerator<unknown, void, undefined>;
  /** Ends the connection; calls in flight and later ones fail with the reason as cause. */
  close(reason: Error): void;
}

/** Loads what channels need, so that it is there when the first is made. */
export async function preloadChannels(runtime: Runtime, engine: EngineConfig): Promise<void> {
  if (isGrpcJs(runtime, engine)) await (await import("./grpc_js/grpc.ts")).loadGrpc(runtime);
  else await import("./own/channel.ts");
}

/** Makes a channel. It connects when `connect` is called or a call is made. */
export async function openChannel(config: ChannelConfig): Promise<RpcChannel> {
  if (isGrpcJs(config.runtime, config.engine)) {
    return await (await import("./grpc_js/channel.ts")).openGrpcJsChannel(config);
  }
  const channel = await (await import("./own/channel.ts")).openOwnChannel(config);
  if (!config.engine?.interceptors?.length) return channel;
  // Interceptors are code for grpc-js: its client calls them, and then this channel.
  return await (await import("./grpc_js/intercepted_channel.ts")).interceptChannel(config, channel);
}
