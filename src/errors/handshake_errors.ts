/** Errors of the agreement between host and plugin: cookie, handshake line, version, certificate. */
import { PluginError, type PluginErrorOptions } from "./plugin_error.ts";

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
