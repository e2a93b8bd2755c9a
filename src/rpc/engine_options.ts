/** What users may tell the gRPC engine, on either side. */
import type { Interceptor, ServerInterceptor } from "@grpc/grpc-js";

/** Options of grpc-js, passed on as they are. */
export type EngineOptions = Readonly<Record<string, string | number>>;

/**
 * What a host and a plugin may tell the gRPC engine. It holds for the main
 * connection and for those of the broker.
 *
 * Source: go-plugin `ClientConfig.GRPCDialOptions`, `ServeConfig.GRPCServer`.
 */
export interface EngineConfig {
  /**
   * What carries the calls: this module's own HTTP/2 and gRPC, or grpc-js, as
   * a reference and a way out. The wire is the same. @default {"own"}
   */
  readonly engine?: "own" | "grpc-js";
  /** Options for connections made, such as `"grpc.max_receive_message_length"`; they win over ours. */
  readonly channelOptions?: EngineOptions;
  /** Options for connections served; they win over ours. */
  readonly serverOptions?: EngineOptions;
  /** Interceptors of grpc-js for calls made. */
  readonly interceptors?: readonly Interceptor[];
  /** Interceptors of grpc-js for calls served, the services of go-plugin itself included. */
  readonly serverInterceptors?: readonly ServerInterceptor[];
}
