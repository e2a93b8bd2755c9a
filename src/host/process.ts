/** The plugin's process, wherever it runs: its id, its end, the signals to it. */
import { type ExitStatus, PluginExitedError } from "../errors.ts";
import type { Logger } from "../logging/logger.ts";
import type { PluginPipes } from "./pipes.ts";
import type { AttachedRunner } from "./runner.ts";

/** A plugin's process. */
export class PluginProcess {
  /** What it is called: its process id, as a rule. */
  readonly id: string;
  /** The process id on this machine, where there is one. */
  readonly pid: number | undefined;
  /** Resolves when the process has ended and its last words were read. */
  readonly ended: Promise<ExitStatus>;
  /** How it ended, once it has. */
  exit: ExitStatus | undefined;
  readonly #runner: AttachedRunner;
  readonly #logger: Logger;

  /** Follows what a runner started or found. */
  constructor(runner: AttachedRunner, logger: Logger, pipes?: PluginPipes) {
    this.#runner = runner;
    this.#logger = logger;
    this.id = runner.id;
    this.pid = runner.pid;
    this.ended = this.#follow(pipes);
  }

  /** Sends a signal; does nothing once the process has ended. */
  async signal(name: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (this.exit !== undefined) return;
    try {
      await this.#runner.kill(name);
    } catch (error) {
      this.#logger.error("the plugin could not be signalled", { id: this.id, signal: name, error });
    }
  }

  /** Lets go of a process that is not to be ended. */
  detach(): void {
    this.#runner.detach?.();
  }

  /** The error that its end is for whoever still wanted something of it. */
  exitError(exit: ExitStatus): PluginExitedError {
    return new PluginExitedError("The plugin has ended", exit);
  }

  async #follow(pipes: PluginPipes | undefined): Promise<ExitStatus> {
    const exit = await this.#runner.exited.catch((error): ExitStatus => {
      this.#logger.error("the plugin can no longer be followed", { id: this.id, error });
      return { code: null, signal: null };
    });
    this.exit = exit;
    await pipes?.finish();
    return exit;
  }
}
