/** Errors of the plugin's process, its connections, and what the system withholds. */
import {
  describeExit,
  type ExitStatus,
  PluginError,
  type PluginErrorOptions,
} from "./plugin_error.ts";

/** The plugin's process could not be started at all. */
export class SpawnError extends PluginError {
  /** Sets what the system said. */
  constructor(message: string, options: PluginErrorOptions = {}) {
    super("spawn", message, options);
    this.name = "SpawnError";
  }
}

/** No handshake line came within `startTimeoutMs`. */
export class StartTimeoutError extends PluginError {
  /** Sets the limit that ran out, in milliseconds. */
  constructor(timeoutMs: number, hint?: string) {
    super(
      "start-timeout",
      `Cannot start plugin: no handshake line within ${timeoutMs} ms`,
      hint === undefined ? {} : { hint },
    );
    this.name = "StartTimeoutError";
  }
}

/** The plugin's process has ended; calls that were in flight have it as their cause. */
export class PluginExitedError extends PluginError {
  /** How the process ended. */
  readonly exit: ExitStatus;

  /** Sets how the process ended. */
  constructor(message: string, exit: ExitStatus, options: PluginErrorOptions = {}) {
    super("exited", `${message}: ${describeExit(exit)}`, options);
    this.name = "PluginExitedError";
    this.exit = exit;
  }
}

/** What is wrong with the checksum of a plugin's file. */
export type ChecksumFault = "missing" | "algorithm" | "unreadable" | "mismatch";

/** The file that was to be started is not the one the host expects, or that cannot be told. */
export class ChecksumError extends PluginError {
  /** What is wrong. */
  readonly fault: ChecksumFault;

  /** Sets what is wrong. */
  constructor(fault: ChecksumFault, message: string, options: PluginErrorOptions = {}) {
    super(`checksum-${fault}`, message, options);
    this.name = "ChecksumError";
    this.fault = fault;
  }
}

/** There is no plugin where the reattach configuration says that one runs. */
export class ReattachError extends PluginError {
  /** Sets what was found instead. */
  constructor(found: string, options: PluginErrorOptions = {}) {
    super("process-not-found", `Cannot reattach: reattachment process not found: ${found}`, {
      hint: "The plugin has ended since; start it anew",
      ...options,
    });
    this.name = "ReattachError";
  }
}

/** The plugin's address cannot be reached, or TLS refused one side of the connection. */
export class ConnectError extends PluginError {
  /** Sets what the transport said. */
  constructor(message: string, options: PluginErrorOptions = {}) {
    super("connect", message, options);
    this.name = "ConnectError";
  }
}

/** The plugin cannot listen where it has to. */
export class ListenError extends PluginError {
  /** Sets what the system said. */
  constructor(message: string, options: PluginErrorOptions = {}) {
    super("listen", message, options);
    this.name = "ListenError";
  }
}

/** The name is not in the plugin set that host and plugin agreed on. */
export class UnknownPluginError extends PluginError {
  /** The names that are known, sorted. */
  readonly known: readonly string[];

  /** Sets the name asked for and those that are known. */
  constructor(name: string, known: readonly string[]) {
    super(
      "unknown-plugin",
      `Cannot dispense plugin: unknown plugin type ${JSON.stringify(name)}, ` +
        `known: ${known.length === 0 ? "none" : known.join(", ")}`,
    );
    this.name = "UnknownPluginError";
    this.known = known;
  }
}

/** The plugin's process is still there after SIGKILL. */
export class KillError extends PluginError {
  /** Sets the process id and how long it was waited for. */
  constructor(id: string, timeoutMs: number) {
    super("kill", `Cannot end plugin: process ${id} is still there ${timeoutMs} ms after SIGKILL`);
    this.name = "KillError";
  }
}

/** A connection of the broker cannot be made. */
export class BrokerError extends PluginError {
  /** Sets what is in the way. */
  constructor(
    fault: "timeout" | "closed" | "address" | "refused",
    message: string,
    options: PluginErrorOptions = {},
  ) {
    super(`broker-${fault}`, message, options);
    this.name = "BrokerError";
  }
}

/** The client was killed, or is used before `start()`. */
export class ClientStateError extends PluginError {
  /** Sets what could not be done. */
  constructor(code: "not-started" | "killed", message: string) {
    super(code, message);
    this.name = "ClientStateError";
  }
}

/**
 * Permissions of the runtime are missing. The message names every flag to add
 * to the command that runs the program, to be copied into a shell.
 */
export class PermissionError extends PluginError {
  /** The flags that would grant what is missing, each one argument: `--allow-net=127.0.0.1`. */
  readonly flags: readonly string[];

  /** Sets what could not be done and the flags that would allow it. */
  constructor(message: string, flags: readonly string[], options: PluginErrorOptions = {}) {
    super("permission", `${message}: add ${flags.map(shellWord).join(" ")}`, options);
    this.name = "PermissionError";
    this.flags = flags;
  }
}

/** A shell takes spaces and asterisks for its own, unless they are quoted. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The runtime cannot do what was asked for without harm. */
export class RuntimeVersionError extends PluginError {
  /** Sets the version found and the lowest that will do. */
  constructor(message: string, options: PluginErrorOptions = {}) {
    super("runtime-version", message, options);
    this.name = "RuntimeVersionError";
  }
}

/** The descriptor does not hold the service, or an implementation lacks one of its methods. */
export class ServiceError extends PluginError {
  /** Sets what is missing. */
  constructor(message: string, options: PluginErrorOptions = {}) {
    super("service", message, options);
    this.name = "ServiceError";
  }
}
