/** What users may tell the gRPC engine, on either side. */
import type { Interceptor, ServerInterceptor } from "@grpc/grpc-js";

/**
 * Options by grpc-js's names. The engine that is grpc-js gets them as they
 * are; this module's own heeds `grpc.max_receive_message_length`,
 * `grpc.max_send_message_length`, `grpc.max_concurrent_streams`,
 * `grpc.keepalive_time_ms`, `grpc.keepalive_timeout_ms`,
 * `grpc.default_authority`, `grpc.primary_user_agent` and
 * `grpc-node.flow_control_window`.
 */
export type EngineOptions = Readonly<Record<string, string | number>>;

/**
 * What a host and a plugin may tell the gRPC engine. It holds for the main
 * connection and for those of the broker.
 *
 * Interceptors see every call, those of go-plugin's own services included, as
 * in Go: `plugin.GRPCBroker`, `plugin.GRPCStdio`, `plugin.GRPCController`,
 * `grpc.health.v1.Health` and reflection. One that turns these away costs what
 * they are for: the broker, the plugin's output, and the quiet end that Shutdown
 * is; a Go host, which brings no metadata of yours, always calls the first three.
 * An interceptor that throws when it is called fails that call, and so do its
 * callbacks on this module's own engine; what they throw, grpc-js does not catch.
 * Interceptors are code for grpc-js, which is loaded where there are any.
 *
 * Source: go-plugin `ClientConfig.GRPCDialOptions`, `ServeConfig.GRPCServer`.
 */
export interface EngineConfig {
  /**
   * What carries the calls: this module's own HTTP/2 and gRPC, or grpc-js, as
   * a reference and a way out. The wire is the same. The environment variable
   * `GOPLUGIN_ENGINE` stands in for a program that says nothing here.
   * @default {"own"}
   */
  readonly engine?: "own" | "grpc-js";
  /** Options for connections made, such as `"grpc.max_receive_message_length"`; they win over ours. */
  readonly channelOptions?: EngineOptions;
  /** Options for connections served; they win over ours. */
  readonly serverOptions?: EngineOptions;
  /**
   * Interceptors of grpc-js for calls made; the first is the first to see a
   * call. A generated client on `client.channel` has its own.
   */
  readonly interceptors?: readonly Interceptor[];
  /** Interceptors of grpc-js for calls served; the first is the first to see a call. */
  readonly serverInterceptors?: readonly ServerInterceptor[];
}
