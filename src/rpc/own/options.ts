/** grpc-js's names for options, as this module's engine understands them. */
import type { Http2Options } from "../../http2/options.ts";
import type { EngineOptions } from "../engine_options.ts";

/** As many calls at once as Go's servers take. */
const MAX_STREAMS = 2 ** 32 - 1;

/** The limits of messages and connections that options ask for. */
export interface EngineLimits {
  /** The longest message that is taken, in bytes. */
  readonly maxReceiveBytes: number;
  /** The longest message that is sent, in bytes. */
  readonly maxSendBytes: number;
  /** The connection's. */
  readonly http2: Http2Options;
}

/** Reads options. -1 means no limit, and so does an option that is left out. */
export function limitsOf(options: EngineOptions = {}): EngineLimits {
  const limit = (name: string) => {
    const value = Number(options[name] ?? -1);
    return value < 0 ? Infinity : value;
  };
  const given = (name: string) => options[name] === undefined ? undefined : Number(options[name]);
  const keepaliveMs = given("grpc.keepalive_time_ms");
  const keepaliveTimeoutMs = given("grpc.keepalive_timeout_ms");
  const streamWindowBytes = given("grpc-node.flow_control_window");
  return {
    maxReceiveBytes: limit("grpc.max_receive_message_length"),
    maxSendBytes: limit("grpc.max_send_message_length"),
    http2: {
      maxConcurrentStreams: given("grpc.max_concurrent_streams") ?? MAX_STREAMS,
      ...(keepaliveMs !== undefined && { keepaliveMs }),
      ...(keepaliveTimeoutMs !== undefined && { keepaliveTimeoutMs }),
      ...(streamWindowBytes !== undefined && { streamWindowBytes }),
    },
  };
}
