/** The life of a plugin: version, listen, identity, services, line, serve, shut down. */
import type { Duplex } from "node:stream";
import type { Logger } from "../logging/logger.ts";
import { AnnouncedMeeting } from "../rpc/announced_meeting.ts";
import { BrokerService, GrpcBroker } from "../rpc/broker.ts";
import { ControllerService } from "../rpc/controller.ts";
import { healthHandlers, HealthService } from "../rpc/health.ts";
import { OutputBuffer } from "../rpc/output_buffer.ts";
import { type PluginSet, registerOn, type ServerContext } from "../rpc/plugin_set.ts";
import { reflectionHandlers, reflectionServices } from "../rpc/reflection.ts";
// Loaded with the rest, which takes less time than by itself; it is what most plugins serve by.
import "../rpc/own/server.ts";
import { createServer, preloadServers, type RpcServer } from "../rpc/server.ts";
import type { Service } from "../rpc/service.ts";
import { stdioHandlers, StdioService } from "../rpc/stdio.ts";
import type { ConnectionTls } from "../rpc/tls.ts";
import { isPrivateDirectory, type Runtime } from "../runtime/runtime.ts";
import { nextTurn, waitAtMost } from "../runtime/wait.ts";
import { listen, type Listener, type ListenOptions } from "../transport/listen.ts";
import { type Address, formatAddress } from "../wire/address.ts";
import type { PluginEnvironment } from "../wire/environment.ts";
import { chooseVersion, pluginOffer } from "../wire/negotiation.ts";
import type { ServeConfig } from "./config.ts";
import { tlsFor } from "./identity.ts";
import type { ShutdownRequest } from "./shutdown.ts";

/** How long a host may take to read the last of the output before Shutdown is answered, in milliseconds. */
const LAST_OUTPUT_MS = 500;

/** The services that every plugin has. */
const OWN_SERVICES: readonly Service<unknown>[] = [
  ControllerService,
  StdioService,
  BrokerService,
  HealthService,
  ...reflectionServices,
];

/** A plugin that can be connected to. */
export interface ServedPlugin {
  /** The version of the application's protocol. */
  readonly version: number;
  /** Where it listens. */
  readonly address: Address;
  /** What it shows and trusts; in clear without it. */
  readonly tls: ConnectionTls | undefined;
}

/** What surrounds a plugin: a host that started it, or a test. */
export interface Surroundings {
  /** The system. */
  readonly runtime: Runtime;
  /** Takes what the module logs. */
  readonly logger: Logger;
  /** What the host told the plugin. */
  readonly environment: PluginEnvironment;
  /** Gives the TCP ports to try. */
  readonly ports: ListenOptions["ports"];
  /** Ends the plugin's life. */
  readonly shutdown: ShutdownRequest;
  /** Whether what the program prints goes to the host. */
  readonly capturesOutput: boolean;
  /** Tells whoever waits that the plugin is ready. */
  announce(plugin: ServedPlugin): void | Promise<void>;
}

/** The protocol version that will do, and what is served under it. */
interface Agreement {
  readonly version: number;
  readonly plugins: PluginSet;
}

/** One life of one plugin. */
export class PluginLife {
  readonly #config: ServeConfig;
  readonly #around: Surroundings;
  readonly #output: OutputBuffer;

  /** Prepares it; nothing happens before `run`. */
  constructor(config: ServeConfig, around: Surroundings) {
    this.#config = config;
    this.#around = around;
    this.#output = new OutputBuffer((bytes) =>
      around.logger.warn("output was dropped: no host had come to read it", { bytes })
    );
  }

  /** Serves until the shutdown is asked for and the last call is over. */
  async run(): Promise<void> {
    const agreed = this.#negotiate();
    const { runtime, logger, environment, ports } = this.#around;
    const place: ListenOptions = {
      runtime,
      logger,
      network: this.#config.network ?? "auto",
      socketDirectory: environment.socketDirectory,
      socketGroup: environment.socketGroup,
      ports,
    };
    // Begun before the socket: it is other threads that work on it.
    const tls = tlsFor(runtime, this.#config, environment.clientCertificate);
    tls.catch(() => {}); // Heard of behind the socket's own errors.
    const listener = await listen(place);
    try {
      await this.#serveOn(listener, place, agreed, tls);
    } finally {
      await listener.close();
      this.#leaveDirectory();
    }
  }

  /**
   * Removes the directory that a host of this module made for the sockets, if
   * nothing else is in it: a host that has ended without a word cannot.
   */
  #leaveDirectory(): void {
    const { runtime, environment: { socketDirectory } } = this.#around;
    if (socketDirectory === undefined || !isPrivateDirectory(socketDirectory)) return;
    try {
      runtime.removeSync(socketDirectory);
    } catch {
      // The host still has sockets in it, and will remove it itself.
    }
  }

  #negotiate(): Agreement {
    const { versions, invalidVersions } = this.#around.environment;
    if (invalidVersions.length > 0) {
      this.#around.logger.warn("the host offers versions that are no numbers", { invalidVersions });
    }
    const protocolVersion = this.#config.handshake.protocolVersion ?? 0;
    const offer = pluginOffer({ ...this.#config, protocolVersion });
    const version = chooseVersion(offer.keys(), versions, protocolVersion);
    return { version, plugins: offer.get(version) ?? {} };
  }

  async #serveOn(
    listener: Listener,
    place: ListenOptions,
    { version, plugins }: Agreement,
    choosingTls: Promise<ConnectionTls | undefined>,
  ): Promise<void> {
    const { runtime, logger, environment, shutdown, capturesOutput } = this.#around;
    const drainTimeoutMs = this.#config.drainTimeoutMs ?? 1_000;
    const engine = this.#config;
    const [tls] = await Promise.all([
      choosingTls,
      preloadServers(runtime, engine),
      ...OWN_SERVICES.map((service) => service.load()),
    ]);
    const server = await createServer({ runtime, logger, tls, engine });
    const host = environment.wantsMultiplexing
      ? new (await import("./multiplex.ts")).MultiplexedHost(logger, shutdown)
      : undefined;
    const meeting = host?.meeting ?? new AnnouncedMeeting(place);
    const broker = new GrpcBroker({ runtime, logger, meeting, tls, engine, drainTimeoutMs });
    const { address } = listener;
    try {
      await this.#register(server, broker, plugins);
      logger.debug("plugin address", {
        network: address.network,
        address: formatAddress(address),
      });
      await this.#around.announce({ version, address, tls });
    } catch (error) {
      // Those that were registered hear of the end by their signal.
      await Promise.all([server.stop(0), broker.close()]);
      throw error;
    }
    const releaseOutput = capturesOutput ? runtime.captureOutput(this.#output) : () => {};
    const serve = (connection: Duplex) => server.serve(connection);
    if (host === undefined) listener.accept(serve);
    else host.accept(listener, serve);
    const reason = await shutdown.made;
    logger.debug("plugin is shutting down", { reason });
    const stopping = Promise.all([server.stop(drainTimeoutMs), broker.close()]);
    // A turn for what handlers print as their signal fires.
    await nextTurn();
    releaseOutput();
    this.#output.close();
    await waitAtMost(server.idle(StdioService.name), LAST_OUTPUT_MS);
    shutdown.answer();
    await stopping;
    await host?.close();
  }

  async #register(server: RpcServer, broker: GrpcBroker, plugins: PluginSet): Promise<void> {
    const context: ServerContext = {
      broker,
      signal: server.signal,
      register: async (service, handlers) => server.register(await service.load(), handlers),
    };
    await context.register(ControllerService, this.#around.shutdown.handlers);
    await context.register(StdioService, stdioHandlers(this.#output));
    await context.register(BrokerService, broker.handlers);
    await context.register(HealthService, healthHandlers);
    const reflection = reflectionHandlers(server.services);
    for (const service of reflectionServices) await context.register(service, reflection);
    for (const [name, plugin] of Object.entries(plugins)) {
      await registerOn(context, name, plugin);
    }
  }
}
