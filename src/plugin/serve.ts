/** The life of a plugin, from the check of the cookie to the end of the last call. */
import { MagicCookieError } from "../errors.ts";
import type { Logger } from "../logging/logger.ts";
import { BrokerService, GrpcBroker } from "../rpc/broker.ts";
import { ControllerService } from "../rpc/controller.ts";
import { loadGrpc } from "../rpc/grpc.ts";
import { healthHandlers, HealthService } from "../rpc/health.ts";
import { type PluginSet, registerOn, type ServerContext } from "../rpc/plugin_set.ts";
import { reflectionHandlers, reflectionServices } from "../rpc/reflection.ts";
import { createServer, type RpcServer } from "../rpc/server.ts";
import { OutputBuffer } from "../rpc/output_buffer.ts";
import { stdioHandlers, StdioService } from "../rpc/stdio.ts";
import { createLogger } from "../runtime/standard_logger.ts";
import { loadRuntime, type Runtime } from "../runtime/runtime.ts";
import { listen, type Listener, type ListenOptions } from "../transport/listen.ts";
import { formatAddress } from "../wire/address.ts";
import {
  parseEnvironment,
  parsePortRange,
  type PluginEnvironment,
  pluginVariables,
} from "../wire/environment.ts";
import { formatHandshake } from "../wire/handshake.ts";
import { checkMagicCookie } from "../wire/magic_cookie.ts";
import { chooseVersion, pluginOffer } from "../wire/negotiation.ts";
import type { ServeConfig } from "./config.ts";
import { pinHost } from "./identity.ts";
import { ShutdownRequest } from "./shutdown.ts";

/**
 * Serves plugins to the host that started this process, until the host asks
 * for the end or SIGTERM comes. Resolves when the last call is over; what
 * stands behind it in the program still runs.
 *
 * Without the magic cookie it tells the person who ran the program so, and
 * ends the process with exit code 1. Nothing may be printed to stdout before:
 * the first line there is the handshake.
 *
 * Needs `--allow-net=127.0.0.1` for TCP, or `--allow-read` and `--allow-write`
 * for the directory of its socket besides `--allow-net`; and `--allow-env` for
 * the variables of go-plugin, or `--allow-run=env` in its place.
 *
 * @throws {CertificateError} If the host's certificate cannot be trusted.
 * @throws {ListenError} If nothing can be bound.
 * @throws {PermissionError} If the environment cannot be read.
 * @throws {ServiceError} If a plugin cannot be registered.
 *
 * Source: go-plugin `server.go`, `Serve`.
 */
export async function serve(config: ServeConfig): Promise<void> {
  const runtime = await loadRuntime();
  const get = await runtime.readEnvironment(pluginVariables(config.handshake));
  const environment = parseEnvironment(config.handshake, get);
  requireCookie(config, environment, runtime);
  const logger = config.logger ?? createLogger({ format: "json" });
  try {
    await new PluginLife(config, environment, runtime, logger).run(() => parsePortRange(get));
  } catch (error) {
    logger.error("plugin init error", { error });
    throw error;
  }
}

function requireCookie(
  { handshake }: ServeConfig,
  { magicCookie }: PluginEnvironment,
  runtime: Runtime,
): void {
  try {
    checkMagicCookie(handshake, magicCookie);
  } catch (error) {
    if (!(error instanceof MagicCookieError)) throw error;
    runtime.writeStderr(`${error.message}\n`);
    runtime.exit(1);
  }
}

/** The protocol version that will do, and what is served under it. */
interface Agreement {
  readonly version: number;
  readonly plugins: PluginSet;
}

class PluginLife {
  readonly #config: ServeConfig;
  readonly #environment: PluginEnvironment;
  readonly #runtime: Runtime;
  readonly #logger: Logger;
  readonly #shutdown = new ShutdownRequest();
  readonly #output: OutputBuffer;

  constructor(
    config: ServeConfig,
    environment: PluginEnvironment,
    runtime: Runtime,
    logger: Logger,
  ) {
    this.#config = config;
    this.#environment = environment;
    this.#runtime = runtime;
    this.#logger = logger;
    this.#output = new OutputBuffer((bytes) =>
      logger.warn("output was dropped: no host had come to read it", { bytes })
    );
  }

  async run(ports: () => { min: number; max: number }): Promise<void> {
    const agreed = this.#negotiate();
    const place: ListenOptions = {
      runtime: this.#runtime,
      logger: this.#logger,
      network: this.#config.network ?? "auto",
      socketDirectory: this.#environment.socketDirectory,
      ports,
    };
    const listener = await listen(place);
    try {
      await this.#serveOn(listener, place, agreed);
    } finally {
      await listener.close();
    }
  }

  #negotiate(): Agreement {
    const { versions, invalidVersions } = this.#environment;
    if (invalidVersions.length > 0) {
      this.#logger.warn("the host offers versions that are no numbers", { invalidVersions });
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
  ): Promise<void> {
    const drainTimeoutMs = this.#config.drainTimeoutMs ?? 1_000;
    const { clientCertificate, knowsMultiplexing } = this.#environment;
    const [tls] = await Promise.all([
      clientCertificate === undefined ? undefined : pinHost(this.#runtime, clientCertificate),
      loadGrpc(this.#runtime),
    ]);
    const server = await createServer({ runtime: this.#runtime, logger: this.#logger, tls });
    const broker = new GrpcBroker({ ...place, tls, drainTimeoutMs });
    await this.#register(server, broker, plugins);
    const { address } = listener;
    this.#logger.debug("plugin address", {
      network: address.network,
      address: formatAddress(address),
    });
    // Before the line: whoever reads it may send a signal at once.
    const ignoreSignals = this.#shutdown.listenToSignals(this.#runtime, this.#logger);
    await this.#runtime.writeStdout(
      formatHandshake({
        protocolVersion: version,
        address,
        certificate: tls?.identity.certificate,
        // The answer to a host that can multiplex: this plugin cannot.
        multiplex: knowsMultiplexing ? false : undefined,
      }) + "\n",
    );
    const releaseOutput = this.#runtime.captureOutput(this.#output);
    listener.accept((connection) => server.serve(connection));
    const reason = await this.#shutdown.made;
    this.#logger.debug("plugin is shutting down", { reason });
    const stopping = Promise.all([server.stop(drainTimeoutMs), broker.close()]);
    // A turn for what handlers print as their signal fires.
    await new Promise((resolve) => setTimeout(resolve, 0));
    releaseOutput();
    this.#output.close();
    await stopping;
    ignoreSignals();
  }

  async #register(server: RpcServer, broker: GrpcBroker, plugins: PluginSet): Promise<void> {
    const context: ServerContext = {
      broker,
      signal: server.signal,
      register: async (service, handlers) => server.register(await service.load(), handlers),
    };
    await context.register(ControllerService, this.#shutdown.handlers);
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
