/** The client half of this module's own engine. */
import type { ChannelInterface } from "@grpc/grpc-js";
import { BrokerError, ConnectError } from "../../errors.ts";
import type { ClientCall } from "../../grpc/client_call.ts";
import { ClientChannel } from "../../grpc/client_channel.ts";
import type { CallStatus } from "../../grpc/status.ts";
import type { Link } from "../../http2/link.ts";
import { waitAtMost } from "../../runtime/wait.ts";
import type { ChannelConfig, Requests, RpcChannel } from "../channel.ts";
import type { CallOptions, MethodDefinition } from "../contract.ts";
import { serverNameOf } from "../tls.ts";
import { GrpcJsSurface } from "./channel_interface.ts";
import { cancelled, serializeRequest, statusError, unavailable } from "./errors.ts";
import { toFields } from "./metadata.ts";
import { limitsOf } from "./options.ts";
import { ResponseStream, type StreamOwner } from "./response_stream.ts";
import { clientOptions, connectLink } from "./sockets.ts";
import { UnaryCall } from "./unary_call.ts";

/** How long a lost connection waits to hear that the peer's process has ended, in milliseconds. */
const EXIT_NEWS_MS = 250;
const CONNECT_TIMEOUT_MS = 20_000;
const NEVER_MS = 2 ** 31 - 1;
const USER_AGENT = "goplugin-typescript";

/**
 * Makes a channel. It connects when `connect` is called or a call is made.
 *
 * @param open Opens the bytes underneath, TLS included; by default a socket to the address.
 * @throws {TypeError} If its TLS has nobody to trust.
 * @throws {CertificateError} If those to trust cannot be trusted now.
 */
export async function openOwnChannel(
  config: ChannelConfig,
  open = (signal: AbortSignal): Promise<Link> => connectLink(config.peer, config.tls, signal),
): Promise<RpcChannel> {
  if (config.tls !== undefined) await clientOptions(config.tls);
  const options = config.engine?.channelOptions ?? {};
  const channel = new ClientChannel({
    connect: open,
    scheme: config.tls === undefined ? "http" : "https",
    authority: String(options["grpc.default_authority"] ?? serverNameOf(config.tls)),
    userAgent: [options["grpc.primary_user_agent"], USER_AGENT].filter(Boolean).join(" "),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    ...limitsOf(options),
    gunzip: (bytes, maxBytes) => config.runtime.gunzip(bytes, maxBytes),
  });
  return new OwnChannel(channel, config.gone);
}

class OwnChannel implements RpcChannel, StreamOwner {
  readonly #channel: ClientChannel;
  readonly #gone: Promise<Error>;
  readonly #calls = new Set<{ fail(error: unknown): void }>();
  #closed: Error | undefined;

  constructor(channel: ClientChannel, gone: Promise<Error>) {
    this.#channel = channel;
    this.#gone = gone;
  }

  get grpcChannel(): ChannelInterface {
    return new GrpcJsSurface(this.#channel);
  }

  connect(timeoutMs: number): Promise<void> {
    const channel = this.#channel;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        reject(new ConnectError(`Cannot connect to plugin: no answer in ${timeoutMs} ms`));
      }, Math.min(timeoutMs, NEVER_MS));
      const look = () => {
        const { state, failure } = channel;
        if (state === "connecting" || state === "idle") return;
        stop();
        clearTimeout(timer);
        if (state === "ready") return resolve();
        // The broker's own error says more than that there is no connection.
        if (failure instanceof BrokerError) return reject(failure);
        const why = state === "closed" ? "the connection was closed" : failure?.message;
        reject(new ConnectError(`Cannot connect to plugin: ${why}`, { cause: failure }));
      };
      const stop = channel.watch(look);
      channel.connect();
      look();
    });
  }

  unary(
    method: MethodDefinition,
    request: unknown,
    options: CallOptions = {},
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#requireOpen(options.signal);
      const bytes = serializeRequest(method, request);
      const unary = new UnaryCall(this, method, options, resolve, reject);
      unary.call = this.#channel.call(startOf(method, options), unary);
      this.#calls.add(unary);
      unary.listen();
      unary.call.send(bytes, true);
    });
  }

  stream(
    method: MethodDefinition,
    requests: Requests,
    options: CallOptions = {},
  ): AsyncGenerator<unknown, void, undefined> {
    return new ResponseStream(this, method, requests, options);
  }

  begin(method: MethodDefinition, options: CallOptions, stream: ResponseStream): ClientCall {
    this.#requireOpen(options.signal);
    const call = this.#channel.call(startOf(method, options), stream);
    this.#calls.add(stream);
    return call;
  }

  forget(call: { fail(error: unknown): void }): void {
    this.#calls.delete(call);
  }

  async explain(status: CallStatus, signal: AbortSignal | undefined): Promise<unknown> {
    if (signal?.aborted && !status.isLost) return cancelled(signal);
    if (!status.isLost) return statusError(status);
    // The socket closes a moment before the system reports the exit.
    const lost = this.#closed ?? await waitAtMost(this.#gone, EXIT_NEWS_MS);
    return lost === undefined ? statusError(status) : unavailable(lost);
  }

  close(reason: Error): void {
    this.#closed ??= reason;
    for (const call of [...this.#calls]) call.fail(unavailable(this.#closed));
    this.#channel.close(this.#closed);
  }

  #requireOpen(signal: AbortSignal | undefined): void {
    if (this.#closed !== undefined) throw unavailable(this.#closed);
    if (signal?.aborted) throw cancelled(signal);
  }
}

function startOf(method: MethodDefinition, options: CallOptions) {
  return {
    path: method.path,
    metadata: toFields(options.metadata),
    deadlineMs: deadlineOf(options),
  };
}

function deadlineOf({ timeoutMs }: CallOptions): number {
  if (timeoutMs === undefined) return Infinity;
  if (Number.isNaN(timeoutMs)) throw new RangeError("timeoutMs: NaN is no time");
  // What no timer can count is no deadline.
  return timeoutMs > NEVER_MS ? Infinity : Date.now() + timeoutMs;
}
