/** The client half of the engine that is grpc-js. */
import type {
  CallOptions as GrpcCallOptions,
  ChannelInterface,
  Client,
  ClientDuplexStream,
  Interceptor,
  ServiceError as GrpcError,
} from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { ConnectError, RpcError, statusName } from "../../errors.ts";
import { waitAtMost } from "../../runtime/wait.ts";
import { type Address, formatAddress } from "../../wire/address.ts";
import type { ChannelConfig, Requests, RpcChannel } from "../channel.ts";
import type { CallOptions, MethodDefinition } from "../contract.ts";
import { type Call, CallListener } from "./call_listener.ts";
import { SharedChannel } from "./shared_channel.ts";
import type { EngineOptions } from "../engine_options.ts";
import { openBridge } from "./bridge.ts";
import { BridgedChannel } from "./bridged_channel.ts";
import { type Grpc, loadGrpc } from "./grpc.ts";
import { drained, Interrupt, interruptible, iteratorOf } from "../interrupt.ts";
import { fromMetadata, toMetadata } from "./metadata.ts";
import { channelCredentials } from "./credentials.ts";
import { serverNameOf, sniOf } from "../tls.ts";
import { toBuffer } from "../to_buffer.ts";

/** How long a lost connection waits to hear that the peer's process has ended, in milliseconds. */
const EXIT_NEWS_MS = 250;
const ONE_MEBIBYTE = 1024 * 1024;
const NEVER_MS = 2 ** 31 - 1;

const OPTIONS: EngineOptions = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  "grpc-node.flow_control_window": ONE_MEBIBYTE,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.client_idle_timeout_ms": NEVER_MS,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_http_proxy": 0,
  "grpc.enable_retries": 0,
  "grpc.enable_channelz": 0,
};

/** Makes a channel. It connects when `connect` is called or a call is made. */
export async function openGrpcJsChannel(config: ChannelConfig): Promise<RpcChannel> {
  const { peer, runtime } = config;
  if (typeof peer !== "function") return await openTo(peer, config);
  const bridge = await openBridge(runtime, peer);
  try {
    return new BridgedChannel(await openTo(bridge.address, config), bridge);
  } catch (error) {
    await bridge.close();
    throw error;
  }
}

async function openTo(address: Address, config: ChannelConfig): Promise<GrpcJsChannel> {
  const grpc = await loadGrpc(config.runtime);
  const { channelOptions, interceptors } = config.engine ?? {};
  const client = new grpc.Client(
    targetOf(address),
    await channelCredentials(grpc, config.tls),
    {
      ...OPTIONS,
      "grpc.default_authority": serverNameOf(config.tls),
      "grpc.ssl_target_name_override": sniOf(config.tls),
      ...channelOptions,
      ...(interceptors !== undefined && { interceptors: [...interceptors] }),
    },
  );
  return new GrpcJsChannel(grpc, client, config.gone);
}

/** The address as grpc-js names it. */
function targetOf(address: Address): string {
  if (address.network === "unix") return `unix:${address.path}`;
  if (address.host.includes(":")) return `ipv6:${formatAddress(address)}`;
  const scheme = /^[0-9.]+$/.test(address.host) ? "ipv4" : "dns";
  return `${scheme}:${formatAddress(address)}`;
}

/** A channel of grpc-js, or one that looks like it. */
export class GrpcJsChannel implements RpcChannel {
  readonly #channel: ChannelInterface;
  readonly #grpc: Grpc;
  readonly #client: Client;
  readonly #gone: Promise<Error>;
  readonly #calls = new Set<Call>();
  #closed: Error | undefined;

  /** Makes calls by a client. */
  constructor(grpc: Grpc, client: Client, gone: Promise<Error>) {
    this.#grpc = grpc;
    this.#client = client;
    this.#gone = gone;
    this.#channel = client.getChannel();
  }

  get grpcChannel(): ChannelInterface {
    return new SharedChannel(this.#grpc, this.#channel);
  }

  async connect(timeoutMs: number): Promise<void> {
    const { connectivityState } = this.#grpc;
    const deadline = Date.now() + timeoutMs;
    while (true) {
      const state = this.#channel.getConnectivityState(true);
      if (state === connectivityState.READY) return;
      if (state === connectivityState.TRANSIENT_FAILURE) {
        throw new ConnectError(`Cannot connect to plugin: ${await this.#failure()}`);
      }
      if (state === connectivityState.SHUTDOWN) {
        throw new ConnectError("Cannot connect to plugin: the connection was closed", {
          cause: this.#closed,
        });
      }
      await new Promise<void>((resolve, reject) => {
        this.#channel.watchConnectivityState(state, deadline, (error) => {
          if (error === undefined) return resolve();
          reject(new ConnectError(`Cannot connect to plugin: no answer in ${timeoutMs} ms`));
        });
      });
    }
  }

  /** Why there is no connection: the channel tells it only to a call. */
  #failure(): Promise<string> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        "/grpc.health.v1.Health/Check",
        () => Buffer.alloc(0),
        (bytes) => bytes,
        undefined,
        new this.#grpc.Metadata(),
        { deadline: Date.now() + 1000, interceptors: [this.#passOn] },
        (error) => resolve(error?.details ?? "the connection was lost at once"),
      );
    });
  }

  /** In place of the user's interceptors. */
  readonly #passOn: Interceptor = (options, nextCall) =>
    new this.#grpc.InterceptingCall(nextCall(options));

  unary(
    method: MethodDefinition,
    request: unknown,
    options: CallOptions = {},
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#requireOpen(options.signal);
      const call = this.#client.makeUnaryRequest(
        method.path,
        (value) => toBuffer(method.requestSerialize(value)),
        (bytes) => method.responseDeserialize(bytes),
        request,
        toMetadata(this.#grpc, options.metadata),
        deadlineOf(options),
        (error, response) => {
          this.#leave(call, listening);
          // A turn later: grpc-js tells of the trailers only after this.
          queueMicrotask(() => {
            if (listening.thrown !== undefined) reject(listening.thrown.error);
            else if (error === null) resolve(response);
            else this.#explain(error, options.signal).then(reject);
          });
        },
      );
      const listening = this.#listen(call, options);
    });
  }

  stream(
    method: MethodDefinition,
    requests: Requests,
    options: CallOptions = {},
  ): AsyncGenerator<unknown, void, undefined> {
    const leaving = new Interrupt();
    const responses = this.#responses(method, requests, options, leaving);
    const end = responses.return.bind(responses);
    // A generator that waits for a message would otherwise go on waiting for it.
    responses.return = (value) => {
      leaving.fire(undefined);
      return end(value);
    };
    return responses;
  }

  async *#responses(
    method: MethodDefinition,
    requests: Requests,
    options: CallOptions,
    leaving: Interrupt,
  ): AsyncGenerator<unknown, void, undefined> {
    this.#requireOpen(options.signal);
    const call = this.#client.makeBidiStreamRequest(
      method.path,
      (value) => toBuffer(method.requestSerialize(value)),
      (bytes) => method.responseDeserialize(bytes),
      toMetadata(this.#grpc, options.metadata),
      deadlineOf(options),
    );
    const listening = this.#listen(call, options);
    // Leaving the loop cancels the call, which reports an error nobody waits for.
    call.on("error", () => {});
    const over = new Interrupt();
    let requestError: { error: unknown } | undefined;
    const sending = sendAll(call, requests, over).catch((error) => {
      if (over.fired) return;
      requestError = { error };
      call.cancel();
    });
    const messages = (call as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    try {
      yield* interruptible(messages, leaving);
      if (listening.thrown !== undefined) throw listening.thrown.error;
    } catch (error) {
      if (leaving.fired) return;
      if (listening.thrown !== undefined) throw listening.thrown.error;
      if (requestError !== undefined) throw requestError.error;
      throw await this.#explain(error as GrpcError, options.signal);
    } finally {
      this.#leave(call, listening);
      over.fire(undefined);
      call.cancel();
      await sending;
    }
  }

  close(reason: Error): void {
    this.#closed ??= reason;
    // grpc-js would let them go on for as long as they like.
    for (const call of this.#calls) call.cancel();
    this.#client.close();
  }

  #requireOpen(signal: AbortSignal | undefined): void {
    if (this.#closed !== undefined) throw unavailable(this.#closed);
    if (signal?.aborted) throw cancelled(signal);
  }

  /** Follows a call to its end. */
  #listen(call: Call, options: CallOptions): CallListener {
    this.#calls.add(call);
    return new CallListener(this.#grpc, call, options);
  }

  #leave(call: Call, listening: CallListener): void {
    listening.stop();
    this.#calls.delete(call);
  }

  /** Turns grpc-js's error into ours and finds out whether the peer's end is behind it. */
  async #explain(
    error: GrpcError,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    // What grpc-js makes of a compressed message without an encoding.
    if (typeof error.code !== "number") {
      return new RpcError("INTERNAL", "The answer cannot be read", { cause: error });
    }
    const status = statusName(error.code);
    if (status === "CANCELLED" && signal?.aborted) return cancelled(signal);
    const lost = this.#closed ?? await this.#lossOf(status);
    if (lost !== undefined) return unavailable(lost);
    return new RpcError(status, error.details, {
      cause: error,
      metadata: fromMetadata(error.metadata),
    });
  }

  async #lossOf(status: string): Promise<Error | undefined> {
    const isLoss = ["UNAVAILABLE", "CANCELLED", "INTERNAL"].includes(status);
    const { READY } = this.#grpc.connectivityState;
    if (!isLoss || this.#channel.getConnectivityState(false) === READY) {
      return undefined;
    }
    // The socket closes a moment before the system reports the exit.
    return await waitAtMost(this.#gone, EXIT_NEWS_MS);
  }
}

async function sendAll(
  call: ClientDuplexStream<unknown, unknown>,
  requests: Requests,
  over: Interrupt,
): Promise<void> {
  for await (const message of interruptible(iteratorOf(requests), over)) {
    if (!call.write(message)) await over.guard(drained(call));
  }
  call.end();
}

function deadlineOf(options: CallOptions): GrpcCallOptions {
  const { timeoutMs } = options;
  if (timeoutMs === undefined) return {};
  if (Number.isNaN(timeoutMs)) throw new RangeError("timeoutMs: NaN is no time");
  // What no timer can count is no deadline; grpc-js would fail on it.
  return timeoutMs > NEVER_MS ? {} : { deadline: Date.now() + timeoutMs };
}

function unavailable(reason: Error): RpcError {
  return new RpcError("UNAVAILABLE", reason.message, { cause: reason });
}

function cancelled(signal: AbortSignal): RpcError {
  return new RpcError("CANCELLED", "The call was cancelled by its signal", {
    cause: signal.reason,
  });
}
