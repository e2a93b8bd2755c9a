/** The start of a plugin: from a configuration to a connection, or to an error that explains itself. */
import {
  HandshakeError,
  PluginError,
  PluginExitedError,
  type StartPhase,
  StartTimeoutError,
} from "../errors.ts";
import { preloadChannels } from "../rpc/channel.ts";
import type { Interrupt } from "../rpc/interrupt.ts";
import { loadRuntime, type Runtime } from "../runtime/runtime.ts";
import { warmUpTls } from "../runtime/tls_warmup.ts";
import { waitAtMost } from "../runtime/wait.ts";
import { generateIdentity, type Identity } from "../wire/certificate.ts";
import { parseHandshake, requireGrpc, requireMultiplexing } from "../wire/handshake.ts";
import { acceptVersion } from "../wire/negotiation.ts";
import { attachPlugin } from "./attach.ts";
import { locateProgram, verifyChecksum } from "./checksum.ts";
import type { ResolvedConfig } from "./config.ts";
import { connectPlugin, type RunningPlugin } from "./connection.ts";
import { hintFor } from "./diagnosis.ts";
import { childEnvironment, makeSocketDirectory } from "./environment.ts";
import { absolutePath } from "./path.ts";
import { requireStart } from "./permissions.ts";
import { PluginPipes } from "./pipes.ts";
import { PluginProcess } from "./process.ts";
import { attachReport } from "./report.ts";
import { type Runner, type RunnerSpec, startCommand } from "./runner.ts";
import { startRunner, translateAddress } from "./start_runner.ts";
import { checkOwnSide, tlsFor } from "./trust.ts";

/** How long a process may take to go after SIGKILL, in milliseconds. */
export const SIGKILL_LIMIT_MS = 5_000;
/** How long to wait for the exit of a plugin that has fallen silent, in milliseconds. */
const SILENT_EXIT_MS = 500;
/** How long a runner may take to say what is wrong, in milliseconds. */
const DIAGNOSIS_MS = 2_000;

/** Told of what would be left behind if this program ended now. */
export type OnSpawned = (endNow: () => void) => void;

/**
 * Starts a plugin, or attaches to one that runs, and connects to it. On
 * failure nothing is left: no process, no file, no connection.
 *
 * @param cancel Ends the start at whatever stage it is.
 */
export async function startPlugin(
  config: ResolvedConfig,
  cancel: Interrupt,
  onSpawned: OnSpawned,
): Promise<RunningPlugin> {
  const runtime = await loadRuntime();
  const { reattach } = config.source;
  if (reattach !== undefined) {
    return await attachPlugin(runtime, config, reattach, cancel, onSpawned);
  }
  const attempt = new StartAttempt(config, runtime, cancel, onSpawned);
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
  readonly #onSpawned: OnSpawned;
  /** Fires when the start has failed. */
  readonly #failed = new AbortController();
  #phase: StartPhase = "identity";
  #runner: Runner | undefined;
  #pipes: PluginPipes | undefined;
  #process: PluginProcess | undefined;
  #directory: string | undefined;
  #line: string | undefined;

  constructor(
    config: ResolvedConfig,
    runtime: Runtime,
    cancel: Interrupt,
    onSpawned: OnSpawned,
  ) {
    this.#config = config;
    this.#runtime = runtime;
    this.#cancel = cancel;
    this.#onSpawned = onSpawned;
  }

  async run(): Promise<RunningPlugin> {
    const config = this.#config;
    this.#phase = "spawn";
    requireStart(this.#runtime, config);
    this.#phase = "identity";
    await checkOwnSide(config, this.#runtime);
    if (config.autoMtls || config.tls !== undefined) warmUpTls(this.#runtime);
    const identity = config.autoMtls ? await generateIdentity() : undefined;
    this.#phase = "spawn";
    const [runner, process] = await this.#spawn(identity);
    // Loaded while the plugin starts. An error shows when it is used.
    preloadChannels(this.#runtime, config.engine).catch(() => {});
    this.#phase = "handshake";
    const line = await this.#readLine(process);
    const handshake = parseHandshake(line);
    const { protocolVersion } = handshake;
    const plugins = acceptVersion(protocolVersion, config.offer);
    requireGrpc(handshake, line);
    if (config.multiplex) requireMultiplexing(handshake, line);
    const tls = await tlsFor(config, identity, handshake.certificate);
    config.logger.debug("using plugin", { version: protocolVersion });
    this.#phase = "connect";
    const address = await this.#cancel.guard(
      translateAddress(
        (announced) => runner.pluginToHost?.(announced),
        handshake.address,
        config.startTimeoutMs,
      ),
    );
    const parts = {
      runtime: this.#runtime,
      config,
      runner,
      process,
      address,
      tls,
      socketDirectory: this.#directory,
    };
    const connection = await connectPlugin(parts, this.#cancel);
    const cleanUp = () => this.#cleanUp();
    return {
      process,
      address,
      protocolVersion,
      plugins,
      tls,
      isForeign: false,
      ...connection,
      cleanUp,
    };
  }

  async #spawn(identity: Identity | undefined): Promise<[Runner, PluginProcess]> {
    const { cwd, stdin, logger, skipHostEnv } = this.#config;
    this.#directory = await makeSocketDirectory(this.#runtime, this.#config);
    const spec: RunnerSpec = {
      ...childEnvironment(this.#runtime, this.#config, identity, this.#directory),
      inheritEnv: !skipHostEnv,
      cwd,
      stdin,
      logger,
      socketDirectory: this.#directory,
      signal: this.#failed.signal,
    };
    const runner = await this.#startRunner(spec);
    const name = runner.name.split(/[/\\]/).at(-1) ?? runner.name;
    logger.debug("plugin started", { path: runner.name, pid: runner.pid ?? runner.id });
    this.#runner = runner;
    this.#pipes = new PluginPipes(runner, { ...this.#config, logger: logger.named(name) });
    this.#process = new PluginProcess(runner, logger, this.#pipes);
    this.#onSpawned(() => {
      void runner.kill("SIGKILL");
      if (this.#directory !== undefined) this.#runtime.removeTreeSync(this.#directory);
    });
    return [runner, this.#process];
  }

  async #startRunner(spec: RunnerSpec): Promise<Runner> {
    const { source, startTimeoutMs } = this.#config;
    if (source.runner === undefined) return await this.#startCommand(spec);
    await this.#verify(undefined);
    return await startRunner(source.runner, spec, startTimeoutMs, this.#cancel);
  }

  async #startCommand(spec: RunnerSpec): Promise<Runner> {
    const [program = "", ...args] = this.#config.source.command ?? [];
    this.#config.logger.debug("starting plugin", { path: program, args });
    const path = await this.#verify(program);
    // Not interruptible: a process that nobody waits for would be left behind.
    return { ...await startCommand([path ?? program, ...args], spec), name: program };
  }

  /** Checks what is to be started; the result is the path that was checked, if it is the program's. */
  async #verify(program: string | undefined): Promise<string | undefined> {
    const { secure, cwd, env } = this.#config;
    if (secure === undefined) return program;
    const path = program && await locateProgram(this.#runtime, program, { cwd, env });
    const file = secure.file === undefined ? path : absolutePath(this.#runtime, secure.file, cwd);
    await verifyChecksum(this.#runtime, file as string, secure);
    return path;
  }

  async #readLine(process: PluginProcess): Promise<string> {
    const { startTimeoutMs, logger } = this.#config;
    logger.debug("waiting for RPC address", { path: this.#runner?.name });
    const first = (this.#pipes as PluginPipes).firstLine.then((line) => ({ line }));
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

  /** Undoes the start and completes the error. */
  async fail(error: unknown): Promise<unknown> {
    const process = this.#process;
    this.#failed.abort(error);
    // A plugin that failed by itself is about to end: how, is worth knowing.
    if (process !== undefined && this.#phase === "connect" && !this.#cancel.fired) {
      await waitAtMost(process.ended, SILENT_EXIT_MS);
    }
    const exit = process?.exit;
    const diagnosis = await this.#diagnose();
    void process?.signal("SIGKILL");
    if (process !== undefined) await waitAtMost(process.ended, SIGKILL_LIMIT_MS);
    await this.#cleanUp();
    if (!(error instanceof PluginError)) return error;
    const stderr = this.#pipes?.lastLines ?? [];
    const hint = error.hint ?? hintFor(error, stderr);
    if (hint !== undefined) error.hint = hint;
    attachReport(error, {
      phase: this.#phase,
      command: this.#config.source.command ?? [this.#runner?.name ?? "(runner)"],
      ...(this.#line !== undefined && { line: this.#line }),
      ...(exit !== undefined && { exit }),
      ...(diagnosis !== undefined && { diagnosis }),
      stderr,
    });
    return error;
  }

  /** What the runner knows of a start that failed. */
  async #diagnose(): Promise<string | undefined> {
    const runner = this.#runner;
    if (runner?.diagnose === undefined || this.#cancel.fired) return undefined;
    try {
      return await waitAtMost(Promise.resolve(runner.diagnose()), DIAGNOSIS_MS);
    } catch (error) {
      this.#config.logger.debug("the runner could not say what is wrong", { error });
      return undefined;
    }
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
