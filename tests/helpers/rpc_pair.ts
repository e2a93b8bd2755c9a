/** A server and a channel to it in this process, over a real socket. */
import process from "node:process";
import { openChannel, type RpcChannel } from "../../src/rpc/channel.ts";
import { makeClient } from "../../src/rpc/client.ts";
import type { ClientOf } from "../../src/rpc/contract.ts";
import type { Plugin } from "../../src/rpc/plugin_set.ts";
import { createServer, type RpcServer } from "../../src/rpc/server.ts";
import type { Service } from "../../src/rpc/service.ts";
import type { ConnectionTls, PinnedTls } from "../../src/rpc/tls.ts";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { listen, type Listener } from "../../src/transport/listen.ts";
import type { Address } from "../../src/wire/address.ts";
import { generateIdentity } from "../../src/wire/certificate.ts";
import { AnnouncedMeeting } from "../../src/rpc/announced_meeting.ts";
import { GrpcBroker } from "../../src/rpc/broker.ts";
import type { EngineConfig } from "../../src/rpc/engine_options.ts";
import { isGrpcJs } from "./engine.ts";
import { type RecordedEntry, recordLogs } from "./logs.ts";
import { isDeno } from "./program.ts";

/** How the two are connected. */
export interface Transport {
  /** For the name of a test. */
  readonly title: string;
  readonly network: "unix" | "tcp";
  readonly autoMtls: boolean;
  /** @default {as for any program} */
  readonly engine?: EngineName | undefined;
}

/** What carries the calls. */
export type EngineName = "own" | "grpc-js";

/**
 * The engines that what has to hold on either is tested on: both on Node. On
 * Deno, `node:http2` can end the whole test process at a goodbye
 * (denoland/deno#36788), so grpc-js is there only when it is what is tested.
 */
export const ENGINES: readonly EngineName[] = isDeno && !isGrpcJs ? ["own"] : ["own", "grpc-js"];

const TCP: Transport = { title: "tcp", network: "tcp", autoMtls: false };

/** The transports that calls are tested on. */
export const TRANSPORTS: readonly Transport[] = process.platform === "win32"
  ? [TCP, { title: "tcp with AutoMTLS", network: "tcp", autoMtls: true }]
  : [
    TCP,
    { title: "unix", network: "unix", autoMtls: false },
    { title: "unix with AutoMTLS", network: "unix", autoMtls: true },
  ];

function engineConfig(engine: EngineName | EngineConfig | undefined): EngineConfig {
  return typeof engine === "string" ? { engine } : engine ?? {};
}

/** A server on a listener. */
export class ServedServer {
  readonly server: RpcServer;
  readonly listener: Listener;
  /** What the server has logged. */
  readonly log: readonly RecordedEntry[];

  constructor(server: RpcServer, listener: Listener, log: readonly RecordedEntry[]) {
    this.server = server;
    this.listener = listener;
    this.log = log;
  }

  get address(): Address {
    return this.listener.address;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop(0);
    await this.listener.close();
  }
}

/** Serves plugins: what `implement()` makes. */
export async function openServer(
  plugins: readonly Plugin[],
  options: {
    readonly network?: "unix" | "tcp";
    readonly tls?: ConnectionTls | undefined;
    readonly engine?: EngineName | EngineConfig | undefined;
  } = {},
): Promise<ServedServer> {
  const runtime = await loadRuntime();
  const { logger, entries } = recordLogs();
  const { tls } = options;
  const engine = engineConfig(options.engine);
  const server = await createServer({ runtime, logger, tls, engine });
  const ports = () => ({ min: 0, max: 0 });
  const broker = new GrpcBroker({
    runtime,
    logger,
    tls: options.tls,
    engine,
    meeting: new AnnouncedMeeting({ runtime, logger, network: "tcp", ports }),
    drainTimeoutMs: 0,
  });
  for (const plugin of plugins) {
    await plugin.server?.({
      broker,
      signal: server.signal,
      register: async (service, handlers) => server.register(await service.load(), handlers),
    });
  }
  const listener = await listen({
    runtime,
    logger,
    network: options.network ?? "tcp",
    ports,
  });
  listener.accept((connection) => server.serve(connection));
  return new ServedServer(server, listener, entries);
}

/** A channel that is closed at the end of its block. */
export interface OpenedChannel extends RpcChannel, AsyncDisposable {
  /** Makes the typed client of a service. */
  client<T>(service: Service<T>): Promise<ClientOf<T>>;
  /** Tells the channel that its peer is gone for good. */
  lose(reason: Error): void;
}

/** A test that takes longer is cut off, so that what it waits for fails. */
const LIMIT_MS = 60_000;

/** Opens a channel. */
export async function connectTo(
  address: Address,
  tls?: ConnectionTls,
  name?: EngineName | EngineConfig,
): Promise<OpenedChannel> {
  let lose: (reason: Error) => void = () => {};
  const gone = new Promise<Error>((resolve) => lose = resolve);
  const runtime = await loadRuntime();
  const engine = engineConfig(name);
  const channel = await openChannel({ runtime, peer: address, tls, gone, engine });
  const limit = setTimeout(() => channel.close(new Error("The test took too long")), LIMIT_MS);
  return {
    get grpcChannel() {
      return channel.grpcChannel;
    },
    connect: (timeoutMs) => channel.connect(timeoutMs),
    unary: (method, request, options) => channel.unary(method, request, options),
    stream: (method, requests, options) => channel.stream(method, requests, options),
    close: (reason) => channel.close(reason),
    client: (service) => makeClient(service, channel),
    lose,
    [Symbol.asyncDispose]: () => {
      clearTimeout(limit);
      channel.close(new Error("The test is over"));
      return Promise.resolve();
    },
  };
}

let identities: Promise<{ readonly server: PinnedTls; readonly channel: PinnedTls }> | undefined;

/** A server and a channel that trust each other's certificate. */
export function pinnedTls(): Promise<{ readonly server: PinnedTls; readonly channel: PinnedTls }> {
  return identities ??= Promise.all([generateIdentity(), generateIdentity()]).then(
    ([server, channel]) => ({
      server: { identity: server, peerCertificate: channel.certificate },
      channel: { identity: channel, peerCertificate: server.certificate },
    }),
  );
}

/** A server with a channel to it. */
export interface RpcPair extends AsyncDisposable {
  readonly served: ServedServer;
  readonly channel: OpenedChannel;
  /** Makes the typed client of a service. */
  client<T>(service: Service<T>): Promise<ClientOf<T>>;
}

/** Serves plugins and connects to them. */
export async function openPair(
  plugins: readonly Plugin[],
  { network, autoMtls, engine }: Transport = TCP,
): Promise<RpcPair> {
  const tls = autoMtls ? await pinnedTls() : undefined;
  const served = await openServer(plugins, { network, tls: tls?.server, engine });
  const channel = await connectTo(served.address, tls?.channel, engine);
  return {
    served,
    channel,
    client: (service) => channel.client(service),
    async [Symbol.asyncDispose]() {
      await channel[Symbol.asyncDispose]();
      await served[Symbol.asyncDispose]();
    },
  };
}
