/** A host's handle on one plugin: start, dispense, ping, kill. */
import { ClientStateError, type ExitStatus, UnknownPluginError } from "../errors.ts";
import { type Broker, BrokerService } from "../rpc/broker.ts";
import { makeClient } from "../rpc/client.ts";
import type { CallOptions } from "../rpc/contract.ts";
import { HEALTH_SERVICE_NAME, HealthService } from "../rpc/health.ts";
import { Interrupt } from "../rpc/interrupt.ts";
import type { ClientContext, Dispensed, NamesOf, PluginSet } from "../rpc/plugin_set.ts";
import { drainStdio, StdioService } from "../rpc/stdio.ts";
import { waitAtMost } from "../runtime/wait.ts";
import type { Address } from "../wire/address.ts";
import {
  type ClientConfig,
  resolveConfig,
  type ResolvedConfig,
  type VersionedPlugins,
} from "./config.ts";
import { killPlugin, type KillResult } from "./kill.ts";
import { type RunningPlugin, startPlugin } from "./start.ts";

/** How long a sink may take for the last of a plugin's output, in milliseconds. */
const LAST_OUTPUT_MS = 1_000;

/** What may end a start early. */
export interface StartOptions {
  /** Ends the start when it fires; the plugin's process is killed. */
  readonly signal?: AbortSignal;
}

/**
 * A host's handle on one plugin, which it starts, talks to and ends. It serves
 * one life of one process: make a new one to start the plugin again.
 *
 * Needs `--allow-run` for the plugin's program; `--allow-net` or, for unix
 * sockets, `--allow-read` and `--allow-write` for their directory besides.
 *
 * @example
 * ```ts ignore
 * await using client = new Client({
 *   handshake,
 *   plugins: { kv: KvService },
 *   command: ["deno", "run", "--allow-net", "--allow-run", "plugin.ts"],
 * });
 * const kv = await client.dispense("kv");
 * await kv.put({ key: "hello", value: new TextEncoder().encode("world") });
 * ```
 *
 * Source: go-plugin `Client`.
 */
export class Client<
  const P extends PluginSet = PluginSet,
  const V extends VersionedPlugins = VersionedPlugins,
> implements AsyncDisposable {
  /** Resolves with how the plugin ended; pending as long as it runs, or if it never started. */
  readonly closed: Promise<ExitStatus>;
  readonly #config: ResolvedConfig;
  readonly #cancel = new Interrupt();
  /** Fires when the plugin has ended. */
  readonly #ended = new AbortController();
  #resolveClosed: (exit: ExitStatus) => void = () => {};
  #starting: Promise<RunningPlugin> | undefined;
  #running: RunningPlugin | undefined;
  #killing: Promise<KillResult> | undefined;

  /**
   * Checks the configuration. Nothing is started yet.
   *
   * @throws {TypeError} If a field is missing or of the wrong kind.
   * @throws {RangeError} If a number is out of its range.
   */
  constructor(config: ClientConfig<P, V>) {
    this.#config = resolveConfig(config);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /**
   * Starts the plugin and connects to it, once; later calls give the same
   * result. If it fails, the process is gone and the error says in
   * {@linkcode PluginError.report} what was known of it.
   *
   * @returns Where the plugin listens.
   * @throws {SpawnError} If the system cannot start the program.
   * @throws {StartTimeoutError} If no handshake line comes in time.
   * @throws {PluginExitedError} If the plugin ends before its handshake line.
   * @throws {HandshakeError} If its first line is no handshake this host can use.
   * @throws {VersionMismatchError} If there is no common protocol version.
   * @throws {CertificateError} If its certificate is missing or cannot be trusted.
   * @throws {ConnectError} If it cannot be reached where it says it is.
   * @throws {ClientStateError} If the client was killed.
   */
  async start(options: StartOptions = {}): Promise<Address> {
    return (await this.#start(options.signal)).handshake.address;
  }

  /**
   * Gives the client of a plugin, and starts the process if it does not run
   * yet. Every plugin of a set shares one process and one connection.
   *
   * @throws {UnknownPluginError} If the set in use has no plugin of that name.
   */
  async dispense<K extends NamesOf<P | V[keyof V]>>(
    name: K,
    options: StartOptions = {},
  ): Promise<Dispensed<P | V[keyof V], K>> {
    const { plugins } = await this.#start(options.signal);
    const plugin = Object.hasOwn(plugins, name) ? plugins[name] : undefined;
    if (plugin === undefined) throw new UnknownPluginError(name, Object.keys(plugins).sort());
    if (plugin.client === undefined) {
      throw new TypeError(`Plugin ${JSON.stringify(name)} has no client side`);
    }
    return await plugin.client(this.#context()) as Dispensed<P | V[keyof V], K>;
  }

  /**
   * Asks the plugin for a sign of life. Any answer will do, as in Go.
   *
   * @throws {RpcError} If there is none.
   */
  async ping(options: CallOptions = {}): Promise<void> {
    const { channel } = await this.#start(options.signal);
    const health = await makeClient(HealthService, channel);
    await health.check({ service: HEALTH_SERVICE_NAME }, options);
  }

  /**
   * Ends the plugin: by the Shutdown call, after `killGraceMs` by SIGTERM, after
   * as long again by SIGKILL. Ends a start that is under way. May be called
   * again and gives the same result.
   *
   * @throws {KillError} If the process survives SIGKILL by some seconds.
   */
  kill(): Promise<KillResult> {
    this.#cancel.fire(new ClientStateError("killed", "Cannot start plugin: the client was killed"));
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  /** Ends the plugin like {@linkcode Client.kill}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  /** The plugin's process id as text; empty while it does not run. */
  get id(): string {
    return this.#running === undefined || this.exited ? "" : String(this.#running.process.pid);
  }

  /** Whether the plugin has ended. */
  get exited(): boolean {
    return this.#running?.process.exit !== undefined;
  }

  /** The protocol version agreed on; 0 before the start. */
  get negotiatedVersion(): number {
    return this.#running?.handshake.protocolVersion ?? 0;
  }

  /** What the plugin speaks: always gRPC here; empty before the start. */
  get protocol(): "grpc" | "" {
    return this.#running === undefined ? "" : "grpc";
  }

  /** Whether the connection is under mutual TLS. */
  get isEncrypted(): boolean {
    return this.#running?.handshake.certificate !== undefined;
  }

  /**
   * The connection as grpc-js's interface, for a generated client:
   * `new KvClient("", credentials.createInsecure(), { channelOverride: client.channel })`.
   *
   * @throws {ClientStateError} Before the start.
   */
  get channel(): ClientContext["channel"] {
    if (this.#running === undefined) {
      throw new ClientStateError("not-started", "Cannot give the channel: start() comes first");
    }
    return this.#running.channel.grpcChannel;
  }

  /**
   * Further connections with the plugin.
   *
   * @throws {ClientStateError} Before the start.
   */
  get broker(): Broker {
    if (this.#running === undefined) {
      throw new ClientStateError("not-started", "Cannot give the broker: start() comes first");
    }
    return this.#running.broker;
  }

  #start(signal: AbortSignal | undefined): Promise<RunningPlugin> {
    this.#starting ??= this.#startOnce(signal);
    return this.#starting;
  }

  async #startOnce(signal: AbortSignal | undefined): Promise<RunningPlugin> {
    const abort = () => this.#cancel.fire(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const running = await startPlugin(this.#config, this.#cancel);
      this.#running = running;
      await this.#watch(running);
      return running;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Opens the two streams that every plugin has, and follows the plugin to its end. */
  async #watch({ process, channel, broker, cleanUp }: RunningPlugin): Promise<void> {
    const { logger, syncStdout: stdout, syncStderr: stderr } = this.#config;
    const [stdio, brokered] = await Promise.all([
      makeClient(StdioService, channel),
      makeClient(BrokerService, channel),
    ]);
    const output = drainStdio(stdio, { stdout, stderr }, logger, this.#ended.signal);
    broker.connect(brokered, this.#ended.signal);
    process.ended.then(async (exit) => {
      const isClean = exit.code === 0 || this.#killing !== undefined;
      logger[isClean ? "info" : "error"]("plugin process exited", { pid: process.pid, ...exit });
      // What has come of the plugin's output is still passed on.
      await waitAtMost(output, LAST_OUTPUT_MS);
      const error = process.exitError(exit);
      channel.close(error);
      this.#ended.abort(error);
      await broker.close();
      await cleanUp();
      this.#resolveClosed(exit);
    });
    // A turn, in which the streams are opened: before any call that prints or dials.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  #context(): ClientContext {
    const { channel, broker } = this.#running as RunningPlugin;
    return {
      broker,
      channel: channel.grpcChannel,
      signal: this.#ended.signal,
      connect: (service) => makeClient(service, channel),
    };
  }

  async #kill(): Promise<KillResult> {
    try {
      await this.#starting;
    } catch {
      // Whoever called start() has the error; the process is gone with it.
    }
    if (this.#running === undefined) return { code: null, signal: null, step: "none" };
    const result = await killPlugin(this.#running, this.#config.killGraceMs, this.#config.logger);
    await this.closed;
    return result;
  }
}
