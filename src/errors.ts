/**
 * Every error class of the module. `PluginError` is the root; one class per
 * situation that a caller would handle differently, the facts in fields.
 */

/** How a process ended. */
export interface ExitStatus {
  /** The exit code, or `null` when a signal ended the process. */
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
  return exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
}

/** The magic cookie is not configured, or the process was not started by a host. */
export class MagicCookieError extends PluginError {
  /** Sets the message for the person who ran the plugin by hand. */
  constructor(code: "cookie-not-configured" | "cookie-mismatch", message: string) {
    super(code, message);
    this.name = "MagicCookieError";
  }
}

/** The ways in which a handshake line can be wrong, in the order they are checked. */
export type HandshakeFault =
  | "no-line"
  | "segments"
  | "core-version-syntax"
  | "core-version"
  | "app-version-syntax"
  | "network"
  | "address"
  | "protocol"
  | "multiplex";

/** The first line on the plugin's stdout is not a handshake this host can use. */
export class HandshakeError extends PluginError {
  /** Which part of the line is wrong. */
  readonly fault: HandshakeFault;
  /** The line as it was read; empty when there was none. */
  readonly line: string;

  /** Sets the part that is wrong and the line that holds it. */
  constructor(
    fault: HandshakeFault,
    message: string,
    line: string,
    options: PluginErrorOptions = {},
  ) {
    super(`handshake-${fault}`, message, options);
    this.name = "HandshakeError";
    this.fault = fault;
    this.line = line;
  }
}

/** The plugin speaks another core protocol than this module. */
export class CoreVersionError extends HandshakeError {
  /** The core protocol version the plugin announced. */
  readonly pluginVersion: number;

  /** Sets the version the plugin announced. */
  constructor(pluginVersion: number, coreVersion: number, line: string) {
    super(
      "core-version",
      `Cannot use plugin: it speaks core protocol ${pluginVersion}, this host speaks ${coreVersion}`,
      line,
      {
        hint: "Rebuild the plugin with a go-plugin library of the same core protocol",
      },
    );
    this.name = "CoreVersionError";
    this.pluginVersion = pluginVersion;
  }
}

const NET_RPC_HINT =
  "The plugin serves Go's net/rpc; in Go, set GRPCServer: plugin.DefaultGRPCServer in its ServeConfig";

/** The plugin speaks a protocol other than gRPC, usually Go's net/rpc. */
export class UnsupportedProtocolError extends HandshakeError {
  /** The protocol the plugin announced. */
  readonly protocol: string;

  /** Sets the protocol the plugin announced. */
  constructor(protocol: string, line: string) {
    super(
      "protocol",
      `Cannot use plugin: unsupported plugin protocol ${JSON.stringify(protocol)}, supported: grpc`,
      line,
      protocol === "netrpc" ? { hint: NET_RPC_HINT } : {},
    );
    this.name = "UnsupportedProtocolError";
    this.protocol = protocol;
  }
}

/** The plugin was asked to multiplex and cannot. */
export class MultiplexError extends HandshakeError {
  /** Sets what the plugin answered. */
  constructor(message: string, line: string, options: PluginErrorOptions = {}) {
    super("multiplex", message, line, options);
    this.name = "MultiplexError";
  }
}

/** Host and plugin have no protocol version in common. */
export class VersionMismatchError extends PluginError {
  /** The version the plugin answered with. */
  readonly pluginVersion: number;
  /** The versions the host offered. */
  readonly hostVersions: readonly number[];

  /** Sets the version the plugin answered with against those offered. */
  constructor(pluginVersion: number, hostVersions: readonly number[]) {
    super(
      "version-mismatch",
      `Cannot use plugin: it answered protocol version ${pluginVersion}, ` +
        `this host offers ${hostVersions.length === 0 ? "none" : hostVersions.join(", ")}`,
      {
        hint:
          "Use a plugin of one of these versions, or add its version to the host's versionedPlugins",
      },
    );
    this.name = "VersionMismatchError";
    this.pluginVersion = pluginVersion;
    this.hostVersions = hostVersions;
  }
}

/** What is wrong with a peer's certificate. */
export type CertificateFault =
  | "missing"
  | "unexpected"
  | "malformed"
  | "expired"
  | "not-yet-valid"
  | "wrong-name";

/** The peer's AutoMTLS certificate is missing or cannot be trusted. */
export class CertificateError extends PluginError {
  /** What is wrong with the certificate. */
  readonly fault: CertificateFault;

  /** Sets what is wrong with the certificate. */
  constructor(fault: CertificateFault, message: string, options: PluginErrorOptions = {}) {
    super(`certificate-${fault}`, message, options);
    this.name = "CertificateError";
    this.fault = fault;
  }
}

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
  constructor(pid: number, timeoutMs: number) {
    super("kill", `Cannot end plugin: process ${pid} is still there ${timeoutMs} ms after SIGKILL`);
    this.name = "KillError";
  }
}

/** A connection of the broker cannot be made. */
export class BrokerError extends PluginError {
  /** Sets what is in the way. */
  constructor(
    fault: "timeout" | "closed" | "address",
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

/** A permission of the runtime is missing; the message names the flags to add. */
export class PermissionError extends PluginError {
  /** The flags that would grant what is missing. */
  readonly flags: readonly string[];

  /** Sets what could not be done and the flags that would allow it. */
  constructor(message: string, flags: readonly string[], options: PluginErrorOptions = {}) {
    super("permission", `${message}: add ${flags.join(" ")}`, options);
    this.name = "PermissionError";
    this.flags = flags;
  }
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

/**
 * The status codes of gRPC, by name.
 *
 * Source: gRPC `doc/statuscodes.md`.
 */
export const STATUS_CODES = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** The name of a gRPC status. */
export type StatusName = keyof typeof STATUS_CODES;

/** What an {@linkcode RpcError} may carry beside status and message. */
export interface RpcErrorOptions {
  /** The underlying error; the plugin's exit where that ended the call. */
  readonly cause?: unknown;
  /** Trailing metadata: sent along by a handler, received by a caller. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * A call ended with a status other than OK. A handler throws it to choose the
 * status; a caller gets it with the peer's message untouched.
 */
export class RpcError extends PluginError {
  /** The status by name. */
  readonly status: StatusName;
  /** The status by number. */
  readonly statusCode: number;
  /** Trailing metadata; values of keys ending in `-bin` are base64. */
  readonly metadata: Readonly<Record<string, string>>;

  /** Sets the status and the message that the peer gets or gave. */
  constructor(status: StatusName, message: string, options: RpcErrorOptions = {}) {
    super("rpc", message, "cause" in options ? { cause: options.cause } : {});
    this.name = "RpcError";
    this.status = status;
    this.statusCode = STATUS_CODES[status];
    this.metadata = options.metadata ?? {};
  }
}

/** The name of a status number; numbers that gRPC does not know are `UNKNOWN`. */
export function statusName(code: number): StatusName {
  for (const [name, value] of Object.entries(STATUS_CODES)) {
    if (value === code) return name as StatusName;
  }
  return "UNKNOWN";
}
