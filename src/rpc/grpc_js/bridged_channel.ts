/** A channel of grpc-js's whose connections go on as streams. */
import type { ChannelInterface } from "@grpc/grpc-js";
import { BrokerError, ConnectError } from "../../errors.ts";
import type { Requests, RpcChannel } from "../channel.ts";
import type { CallOptions, MethodDefinition } from "../contract.ts";
import type { Bridge } from "./bridge.ts";

/** A channel and the bridge that it stands on, which ends with it. */
export class BridgedChannel implements RpcChannel {
  readonly #channel: RpcChannel;
  readonly #bridge: Bridge;

  /** Takes over both. */
  constructor(channel: RpcChannel, bridge: Bridge) {
    this.#channel = channel;
    this.#bridge = bridge;
  }

  get grpcChannel(): ChannelInterface {
    return this.#channel.grpcChannel;
  }

  async connect(timeoutMs: number): Promise<void> {
    try {
      await this.#channel.connect(timeoutMs);
    } catch (error) {
      // grpc-js only saw the connection end.
      const { failure } = this.#bridge;
      if (failure === undefined || failure instanceof BrokerError) throw failure ?? error;
      throw new ConnectError(`Cannot connect to plugin: ${failure.message}`, { cause: failure });
    }
  }

  unary(method: MethodDefinition, request: unknown, options?: CallOptions): Promise<unknown> {
    return this.#channel.unary(method, request, options);
  }

  stream(
    method: MethodDefinition,
    requests: Requests,
    options?: CallOptions,
  ): AsyncGenerator<unknown, void, undefined> {
    return this.#channel.stream(method, requests, options);
  }

  close(reason: Error): void {
    this.#channel.close(reason);
    this.#bridge.close().catch(() => {}); // Whatever is left goes with the process.
  }
}
