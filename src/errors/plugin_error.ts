/** The root of the errors, and what a failed start adds to one. */

/** How a process ended. */
export interface ExitStatus {
  /**
   * The exit code; `null` when a signal ended the process, and when nobody could
   * tell because it was not this host that had started it.
   */
  readonly code: number | null;
  /** The signal that ended the process, such as `"SIGKILL"`, or `null`. */
  readonly signal: string | null;
}

/** The stages of a start, in their order; {@linkcode StartReport} names one. */
export type StartPhase = "configuration" | "identity" | "spawn" | "handshake" | "connect";

/** What was known of the plugin when its start failed. */
export interface StartReport {
  /** The stage that failed. */
  readonly phase: StartPhase;
  /** The command line that was to be run, one entry per argument. */
  readonly command: readonly string[];
  /** The first line the plugin wrote to stdout, if there was one. */
  readonly line?: string;
  /** How the process had ended by itself, if it had. */
  readonly exit?: ExitStatus;
  /** What its runner says may be wrong, if it says anything. */
  readonly diagnosis?: string;
  /** The last lines of the plugin's stderr, oldest first. */
  readonly stderr: readonly string[];
}

/** What an error may carry beside its message. */
export interface PluginErrorOptions {
  /** The underlying error. */
  readonly cause?: unknown;
  /** What the reader of the message can do about it. */
  readonly hint?: string;
}

/**
 * The root of every error this module throws on purpose. Wrong arguments are
 * the exception: they are a `TypeError` or a `RangeError`.
 */
export class PluginError extends Error {
  /** Names the situation; stays the same from release to release. */
  readonly code: string;
  /** What to do about it, where something can be said. */
  declare hint?: string;
  /** What was known of the plugin, when its start failed. */
  declare report?: StartReport;

  /** Makes an error of the situation `code`. */
  constructor(code: string, message: string, options: PluginErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "PluginError";
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}

/** Says how a process ended, in words: `exit code 1`, `signal SIGKILL`. */
export function describeExit(exit: ExitStatus): string {
  if (exit.signal === null && exit.code === null) return "an exit code that is not known";
  return exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
}
