/** The start of a plugin: from a configuration to a connection, or to an error that explains itself. */
import {
  CertificateError,
  HandshakeError,
  PluginError,
  PluginExitedError,
  type StartPhase,
  StartTimeoutError,
} from "../errors.ts";
import { GrpcBroker } from "../rpc/broker.ts";
import { type ChannelConfig, openChannel, type RpcChannel } from "../rpc/channel.ts";
import { loadGrpc } from "../rpc/grpc.ts";
import type { Interrupt } from "../rpc/interrupt.ts";
import type { PluginSet } from "../rpc/plugin_set.ts";
import { requireMtlsSupport } from "../runtime/mtls_support.ts";
import { loadRuntime, type Runtime } from "../runtime/runtime.ts";
import { waitAtMost } from "../runtime/wait.ts";
import { formatAddress } from "../wire/address.ts";
import { generateIdentity, type Identity } from "../wire/certificate.ts";
import { type Handshake, parseHandshake, requireGrpc } from "../wire/handshake.ts";
import { acceptVersion } from "../wire/negotiation.ts";
import { checkPeerCertificate } from "../wire/x509.ts";
import type { ResolvedConfig } from "./config.ts";
import { hintFor } from "./diagnosis.ts";
import { childEnvironment, makeSocketDirectory } from "./environment.ts";
import { PluginProcess } from "./process.ts";
import { attachReport } from "./report.ts";

/** A plugin that has started. */
export interface RunningPlugin {
  /** Its process. */
  readonly process: PluginProcess;
  /** What it said of itself. */
  readonly handshake: Handshake;
  /** The plugins it serves in the version that was agreed on. */
  readonly plugins: PluginSet;
  /** The connection to it. */
  readonly channel: RpcChannel;
  /** Further connections with it. */
  readonly broker: GrpcBroker;
  /** Removes what was made for it outside its process. */
  readonly cleanUp: () => Promise<void>;
}

/** How long a process may take to go after SIGKILL, in milliseconds. */
export const SIGKILL_LIMIT_MS = 5_000;

/**
 * Starts a plugin and connects to it. On failure nothing is left: no process,
 * no file, no connection.
 *
 * @param cancel Ends the start at whatever stage it is.
 */
export async function startPlugin(
  config: ResolvedConfig,
  cancel: Interrupt,
): Promise<RunningPlugin> {
  const attempt = new StartAttempt(config, await loadRuntime(), cancel);
  try {
    return await attempt.run();
  } catch (error) {
    throw await attempt.fail(error);
  }
}

/** One start; keeps track of what has to be undone and told if it fails. */
class StartAttempt {
  readonly #config: ResolvedConfig;
  readonly #runtime: Runtime;
  readonly #cancel: Interrupt;
  #phase: StartPhase = "identity";
  #process: PluginProcess | undefined;
  #channel: RpcChannel | undefined;
  #directory: string | undefined;
  #line: string | undefined;

  constructor(config: ResolvedConfig, runtime: Runtime, cancel: Interrupt) {
    this.#config = config;
    this.#runtime = runtime;
    this.#cancel = cancel;
  }

  async run(): Promise<RunningPlugin> {
    const config = this.#config;
    if (config.autoMtls) requireMtlsSupport(this.#runtime);
    const identity = config.autoMtls ? await generateIdentity() : undefined;
    this.#phase = "spawn";
    const process = await this.#spawn(identity);
    // Loaded while the plugin starts. An error shows when it is used.
    loadGrpc(this.#runtime).catch(() => {});
    this.#phase = "handshake";
    const line = await this.#readLine(process);
    const handshake = parseHandshake(line);
    const plugins = acceptVersion(handshake.protocolVersion, config.offer);
    requireGrpc(handshake, line);
    const tls = pin(identity, handshake);
    config.logger.debug("using plugin", { version: handshake.protocolVersion });
    this.#phase = "connect";
    const channel = await this.#connect(process, { address: handshake.address, tls });
    const broker = new GrpcBroker({
      runtime: this.#runtime,
      logger: config.logger,
      tls,
      // A plugin on TCP may lack the rights for unix sockets.
      network: handshake.address.network === "tcp" ? "tcp" : "auto",
      socketDirectory: this.#directory,
      ports: () => ({ min: 0, max: 0 }),
      drainTimeoutMs: 1_000,
    });
    return { process, handshake, plugins, channel, broker, cleanUp: () => this.#cleanUp() };
  }

  async #spawn(identity: Identity | undefined): Promise<PluginProcess> {
    const { command: [program, ...args], logger, stdin } = this.#config;
    this.#directory = await makeSocketDirectory(this.#runtime, this.#config);
    logger.debug("starting plugin", { path: program, args });
    // Not interruptible: a process that nobody waits for would be left behind.
    const child = await this.#runtime.spawn({
      program,
      args,
      cwd: this.#config.cwd,
      inheritEnv: !this.#config.skipHostEnv,
      ...childEnvironment(this.#config, identity, this.#directory),
      stdin: typeof stdin === "string" ? stdin : "piped",
    });
    logger.debug("plugin started", { path: program, pid: child.pid });
    this.#process = new PluginProcess(child, {
      ...this.#config,
      logger: logger.named(program.split(/[/\\]/).at(-1) ?? program),
    });
    if (typeof stdin !== "string" && child.stdin !== undefined) {
      // A plugin may end before it has read everything; that is no error.
      stdin.pipeTo(child.stdin, { preventCancel: true }).catch(() => {});
    }
    return this.#process;
  }

  async #readLine(process: PluginProcess): Promise<string> {
    const { startTimeoutMs, logger } = this.#config;
    logger.debug("waiting for RPC address", { path: this.#config.command[0] });
    const first = process.firstLine.then((line) => ({ line }));
    const found = await this.#cancel.guard(
      waitAtMost(Promise.race([first, process.ended.then(() => first)]), startTimeoutMs),
    );
    if (found === undefined) throw new StartTimeoutError(startTimeoutMs);
    this.#line = found.line;
    if (found.line !== undefined) return found.line;
    // stdout ended; the exit that explains it is usually a moment away.
    const exit = process.exit ?? await waitAtMost(process.ended, SILENT_EXIT_MS);
    if (exit !== undefined) {
      throw new PluginExitedError(
        "Cannot start plugin: it ended without a handshake line",
        exit,
      );
    }
    throw new HandshakeError(
      "no-line",
      "Cannot start plugin: failed to read any lines from its stdout",
      "",
    );
  }

  async #connect(
    process: PluginProcess,
    where: Pick<ChannelConfig, "address" | "tls">,
  ): Promise<RpcChannel> {
    const gone = process.ended.then((exit) => process.exitError(exit));
    this.#channel = await openChannel({ runtime: this.#runtime, gone, ...where });
    await this.#cancel.guard(this.#channel.connect(this.#config.startTimeoutMs));
    this.#config.logger.debug("plugin address", {
      network: where.address.network,
      address: formatAddress(where.address),
    });
    return this.#channel;
  }

  /** Undoes the start and completes the error. */
  async fail(error: unknown): Promise<unknown> {
    const process = this.#process;
    // A plugin that failed by itself is about to end: how, is worth knowing.
    if (process !== undefined && this.#phase === "connect" && !this.#cancel.fired) {
      await waitAtMost(process.ended, SILENT_EXIT_MS);
    }
    const exit = process?.exit;
    process?.signal("SIGKILL");
    this.#channel?.close(error instanceof Error ? error : new Error(String(error)));
    if (process !== undefined) await waitAtMost(process.ended, SIGKILL_LIMIT_MS);
    await this.#cleanUp();
    if (!(error instanceof PluginError)) return error;
    const stderr = process?.lastLines ?? [];
    const hint = error.hint ?? hintFor(error, stderr);
    if (hint !== undefined) error.hint = hint;
    attachReport(error, {
      phase: this.#phase,
      command: this.#config.command,
      ...(this.#line !== undefined && { line: this.#line }),
      ...(exit !== undefined && { exit }),
      stderr,
    });
    return error;
  }

  /**
   * Removes the directory made for the plugin's sockets: a plugin that crashed
   * has left them there. A path that only the plugin named is not touched.
   */
  async #cleanUp(): Promise<void> {
    try {
      if (this.#directory !== undefined) await this.#runtime.removeTree(this.#directory);
    } catch (error) {
      this.#config.logger.debug("the directory of the plugin's sockets could not be removed", {
        error,
      });
    }
  }
}

/** How long to wait for the exit of a plugin that has fallen silent, in milliseconds. */
const SILENT_EXIT_MS = 500;

/**
 * Pins the plugin's certificate.
 *
 * @throws {CertificateError} If it is missing though AutoMTLS was asked for,
 * there though it was not, or cannot be trusted.
 */
function pin(identity: Identity | undefined, handshake: Handshake): ChannelConfig["tls"] {
  const { certificate } = handshake;
  if (identity === undefined) {
    if (certificate === undefined) return undefined;
    throw new CertificateError(
      "unexpected",
      "Cannot use plugin: it answered with a certificate though AutoMTLS is off",
      { hint: "Leave autoMtls on for this plugin" },
    );
  }
  if (certificate === undefined) {
    throw new CertificateError(
      "missing",
      "Cannot use plugin: AutoMTLS is on and it answered without a certificate",
      {
        hint: "The plugin's library may not know AutoMTLS, or the plugin brings TLS of its own; " +
          "autoMtls: false connects in clear",
      },
    );
  }
  checkPeerCertificate(certificate, "the plugin's certificate", new Date());
  return { identity, peerCertificate: certificate };
}
