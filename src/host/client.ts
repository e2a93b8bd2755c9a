/** A host's handle on one plugin: start, dispense, ping, kill. */
import { ClientStateError, type ExitStatus, UnknownPluginError } from "../errors.ts";
import { type Broker, BrokerService } from "../rpc/broker.ts";
import { makeClient } from "../rpc/client.ts";
import type { CallOptions } from "../rpc/contract.ts";
import { HEALTH_SERVICE_NAME, HealthService } from "../rpc/health.ts";
import { Interrupt } from "../rpc/interrupt.ts";
import type { ClientContext, Dispensed, NamesOf, PluginSet } from "../rpc/plugin_set.ts";
import { drainStdio, StdioService } from "../rpc/stdio.ts";
import { isPinned } from "../rpc/tls.ts";
import { loadRuntime, type Runtime } from "../runtime/runtime.ts";
import { turns, waitAtMost } from "../runtime/wait.ts";
import type { Address } from "../wire/address.ts";
import { encodePem } from "../wire/pem.ts";
import type { ReattachConfig } from "../wire/reattach.ts";
import {
  type ClientConfig,
  resolveConfig,
  type ResolvedConfig,
  type VersionedPlugins,
} from "./config.ts";
import type { RunningPlugin } from "./connection.ts";
import { killPlugin, type KillResult } from "./kill.ts";
import { manage } from "./managed.ts";
import { startPlugin } from "./start.ts";

/** How long a sink may take for the last of a plugin's output, in milliseconds. */
const LAST_OUTPUT_MS = 1_000;
/** How many turns later the beginning of a stream is on its way: grpc-js takes two. */
const TURNS_TO_OPEN = 3;

/** What may end a start early. */
export interface StartOptions {
  /** Ends the start when it fires; the plugin's process is killed. */
  readonly signal?: AbortSignal;
}

/** What a reattach configuration is to hold. */
export interface ReattachOptions {
  /**
   * Whether it holds the certificates of AutoMTLS and this host's private key,
   * without which nobody else can call the plugin. Keep it as you keep a
   * password. @default {false}
   */
  readonly withPrivateKey?: boolean;
}

/**
 * A host's handle on one plugin, which it starts, talks to and ends. It serves
 * one life of one process: make a new one to start the plugin again.
 *
 * Needs `--allow-run=PROGRAM`, and `--allow-net=127.0.0.1` for a plugin on TCP;
 * for one on a unix socket, as in Go, `--allow-net`, and `--allow-read` and
 * `--allow-write` for the temporary directory. See docs/permissions.md.
 *
 * @example
 * ```ts ignore
 * import { Client, denoPlugin } from "@x/goplugin/host";
 * import { handshake, KvService } from "./kv.ts";
 *
 * await using client = new Client({
 *   handshake,
 *   plugins: { kv: KvService },
 *   command: denoPlugin("plugin.ts", { handshake }),
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
  #runtime: Runtime | undefined;
  #unmanage: () => void = () => {};

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
   * @throws {MultiplexError} If it is to multiplex and cannot.
   * @throws {VersionMismatchError} If there is no common protocol version.
   * @throws {CertificateError} If its certificate is missing or cannot be trusted.
   * @throws {ConnectError} If it cannot be reached where it says it is.
   * @throws {PermissionError} If permissions are missing: found before anything
   * is started, and never asked for.
   * @throws {ClientStateError} If the client was killed.
   */
  async start(options: StartOptions = {}): Promise<Address> {
    return (await this.#start(options.signal)).address;
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
   * A plugin attached to in test mode is left running; only the connection ends.
   *
   * @throws {KillError} If the process survives SIGKILL by some seconds.
   */
  kill(): Promise<KillResult> {
    this.#cancel.fire(killedError());
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  /** Ends the plugin like {@linkcode Client.kill}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  /** The plugin's process id as text, or what its runner calls it; empty while it does not run. */
  get id(): string {
    return this.#running === undefined || this.exited ? "" : this.#running.process.id;
  }

  /** Whether the plugin has ended. */
  get exited(): boolean {
    return this.#running?.process.exit !== undefined;
  }

  /** The protocol version agreed on; 0 before the start. */
  get negotiatedVersion(): number {
    return this.#running?.protocolVersion ?? 0;
  }

  /** What the plugin speaks: always gRPC here; empty before the start. */
  get protocol(): "grpc" | "" {
    return this.#running === undefined ? "" : "grpc";
  }

  /** Whether the connection is under TLS. */
  get isEncrypted(): boolean {
    return this.#running?.tls !== undefined;
  }

  /**
   * How another host finds this plugin, to attach to it with
   * {@linkcode ReattachSource.reattach}. {@linkcode formatReattach} makes the
   * JSON that Go's tools exchange.
   *
   * A plugin outlives its host if that ends without {@linkcode Client.kill}.
   *
   * @throws {ClientStateError} Before the start.
   *
   * Source: go-plugin `Client.ReattachConfig`.
   */
  reattachConfig(options: ReattachOptions = {}): ReattachConfig {
    const running = this.#require("the reattach configuration");
    const { address, protocolVersion, process: { pid = 0 }, isForeign, tls } = running;
    const startTime = pid === 0 ? undefined : this.#runtime?.startTimeOf(pid);
    return {
      protocol: "grpc",
      protocolVersion,
      address,
      pid,
      ...(startTime !== undefined && { startTime }),
      test: isForeign,
      ...(options.withPrivateKey === true && tls !== undefined && isPinned(tls) && {
        tls: {
          peerCertificate: encodePem("CERTIFICATE", tls.peerCertificate),
          certificate: tls.identity.certificatePem,
          privateKey: tls.identity.privateKeyPem,
        },
      }),
    };
  }

  /**
   * The connection as grpc-js's interface, for a generated client:
   * `new KvClient("", credentials.createInsecure(), { channelOverride: client.channel })`.
   * Interceptors are that client's own. Closing it leaves the plugin's connection open.
   *
   * @throws {ClientStateError} Before the start.
   */
  get channel(): ClientContext["channel"] {
    return this.#require("the channel").channel.grpcChannel;
  }

  /**
   * Further connections with the plugin.
   *
   * @throws {ClientStateError} Before the start.
   */
  get broker(): Broker {
    return this.#require("the broker").broker;
  }

  #require(what: string): RunningPlugin {
    if (this.#running !== undefined) return this.#running;
    throw new ClientStateError("not-started", `Cannot give ${what}: start() comes first`);
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
      const runtime = await loadRuntime();
      this.#runtime = runtime;
      const running = await startPlugin(this.#config, this.#cancel, this.#manage(runtime));
      this.#running = running;
      await this.#watch(running);
      return running;
    } catch (error) {
      this.#unmanage();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** A managed plugin is one from its start on; as soon as it has a process, that can be ended. */
  #manage(runtime: Runtime): (endNow: () => void) => void {
    const { managed, source } = this.#config;
    // One in test mode belongs to somebody else.
    if (!managed || source.reattach?.test) return () => {};
    let endNow = () => {};
    this.#unmanage = manage(runtime, { kill: () => this.kill(), endNow: () => endNow() });
    return (end) => {
      endNow = end;
    };
  }

  /** Opens the two streams that every plugin has, and follows the plugin to its end. */
  async #watch(running: RunningPlugin): Promise<void> {
    const { process, channel, broker } = running;
    const { logger, syncStdout: stdout, syncStderr: stderr } = this.#config;
    const [stdio, brokered] = await Promise.all([
      makeClient(StdioService, channel),
      makeClient(BrokerService, channel),
    ]);
    const output = drainStdio(stdio, { stdout, stderr }, logger, this.#ended.signal);
    broker.connect(brokered, this.#ended.signal);
    process.ended.then(async (exit) => {
      const isClean = exit.code === 0 || this.#killing !== undefined;
      logger[isClean ? "info" : "error"]("plugin process exited", { id: process.id, ...exit });
      // What has come of the plugin's output is still passed on.
      await waitAtMost(output, LAST_OUTPUT_MS);
      await this.#leave(running, process.exitError(exit));
      this.#unmanage();
      this.#resolveClosed(exit);
    });
    // The streams are opened before any call that prints or dials.
    await turns(TURNS_TO_OPEN);
  }

  /** Ends everything that stood between this host and the plugin. */
  async #leave({ channel, broker, hangUp, cleanUp }: RunningPlugin, reason: Error): Promise<void> {
    channel.close(reason);
    this.#ended.abort(reason);
    await broker.close(reason);
    await hangUp();
    await cleanUp();
  }

  #context(): ClientContext {
    const { channel, broker } = this.#running as RunningPlugin;
    return {
      broker,
      // One for each client that takes it: closing one leaves the others.
      get channel() {
        return channel.grpcChannel;
      },
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
    const running = this.#running;
    if (running === undefined || (running.isForeign && !this.exited)) {
      running?.process.detach();
      if (running !== undefined) await this.#leave(running, killedError());
      return { code: null, signal: null, step: "none" };
    }
    const result = await killPlugin(running, this.#config.killGraceMs, this.#config.logger);
    await this.closed;
    return result;
  }
}

function killedError(): ClientStateError {
  return new ClientStateError("killed", "Cannot use plugin: the client was killed");
}
