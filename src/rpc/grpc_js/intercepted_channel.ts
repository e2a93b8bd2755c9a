/** grpc-js's client, for its interceptors, on a channel of another engine. */
import type { ChannelConfig, RpcChannel } from "../channel.ts";
import { GrpcJsChannel } from "./channel.ts";
import { loadGrpc } from "./grpc.ts";

/** Puts the interceptors of a configuration in front of a channel. */
export async function interceptChannel(
  config: ChannelConfig,
  channel: RpcChannel,
): Promise<RpcChannel> {
  const grpc = await loadGrpc(config.runtime);
  const client = new grpc.Client("localhost", grpc.credentials.createInsecure(), {
    channelOverride: channel.grpcChannel,
    interceptors: [...config.engine?.interceptors ?? []],
  });
  const intercepted = new GrpcJsChannel(grpc, client, config.gone);
  return {
    get grpcChannel() {
      return channel.grpcChannel;
    },
    connect: (timeoutMs) => channel.connect(timeoutMs),
    unary: (method, request, options) => intercepted.unary(method, request, options),
    stream: (method, requests, options) => intercepted.stream(method, requests, options),
    close(reason) {
      intercepted.close(reason);
      channel.close(reason);
    },
  };
}
