/** The environment variables that go-plugin's host writes and its plugins read. */
import { parseGoBoolean, parseGoInteger } from "./go_syntax.ts";
import type { HandshakeConfig } from "./magic_cookie.ts";
import { formatVersions, parseVersions } from "./negotiation.ts";

/**
 * The names of go-plugin's variables. A host strips the inherited ones from a
 * plugin's environment, because a plugin may itself be a host.
 *
 * Source: go-plugin `client.go`, `constants.go`.
 */
export const ENV = {
  minPort: "PLUGIN_MIN_PORT",
  maxPort: "PLUGIN_MAX_PORT",
  protocolVersions: "PLUGIN_PROTOCOL_VERSIONS",
  multiplex: "PLUGIN_MULTIPLEX_GRPC",
  clientCertificate: "PLUGIN_CLIENT_CERT",
  socketDirectory: "PLUGIN_UNIX_SOCKET_DIR",
  socketGroup: "PLUGIN_UNIX_SOCKET_GROUP",
} as const;

/** What a host tells a plugin by its environment. */
export interface HostEnvironment {
  /** Holds the cookie's name and value. */
  readonly handshake: HandshakeConfig;
  /** The lowest and the highest TCP port a plugin should listen on, both inclusive. */
  readonly ports: { readonly min: number; readonly max: number };
  /** The versions the host offers. */
  readonly versions: Iterable<number>;
  /** Whether one connection is to carry all others. @default {false} */
  readonly multiplex?: boolean | undefined;
  /** The host's certificate as PEM, under AutoMTLS. */
  readonly clientCertificate?: string | undefined;
  /** Where the plugin should put its unix sockets. */
  readonly socketDirectory?: string | undefined;
  /** The group, by name or number, that may use the plugin's unix sockets. */
  readonly socketGroup?: string | undefined;
}

/** The variables that tell a plugin what the host wants. */
export function formatEnvironment(
  host: HostEnvironment,
): Record<string, string> {
  return {
    [host.handshake.magicCookieKey]: host.handshake.magicCookieValue,
    [ENV.minPort]: String(host.ports.min),
    [ENV.maxPort]: String(host.ports.max),
    [ENV.protocolVersions]: formatVersions(host.versions),
    ...(host.multiplex === true && { [ENV.multiplex]: "true" }),
    ...(host.clientCertificate !== undefined &&
      { [ENV.clientCertificate]: host.clientCertificate }),
    ...(host.socketDirectory !== undefined &&
      { [ENV.socketDirectory]: host.socketDirectory }),
    ...(host.socketGroup !== undefined && { [ENV.socketGroup]: host.socketGroup }),
  };
}

/** What a plugin reads from its environment. */
export interface PluginEnvironment {
  /** The cookie, `undefined` if unset. */
  readonly magicCookie: string | undefined;
  /** The versions the host offers. */
  readonly versions: readonly number[];
  /** Entries of the version list that are no numbers. */
  readonly invalidVersions: readonly string[];
  /** The host's certificate as PEM, if it wants AutoMTLS. */
  readonly clientCertificate: string | undefined;
  /** The directory the host wants unix sockets in. */
  readonly socketDirectory: string | undefined;
  /** The group, by name or number, that may use the plugin's unix sockets. */
  readonly socketGroup: string | undefined;
  /** Whether the host knows of multiplexing, which adds a field to the handshake line. */
  readonly knowsMultiplexing: boolean;
  /** Whether the host wants multiplexing. */
  readonly wantsMultiplexing: boolean;
}

/** The variables a plugin reads, its cookie's name included. */
export function pluginVariables(handshake: HandshakeConfig): readonly string[] {
  return [handshake.magicCookieKey, ...Object.values(ENV)];
}

/**
 * Reads what the host told the plugin. An empty variable counts as unset.
 *
 * @param get Looks a variable up.
 *
 * Source: go-plugin `server.go`, `Serve`, `protocolVersion`.
 */
export function parseEnvironment(
  handshake: HandshakeConfig,
  get: (name: string) => string | undefined,
): PluginEnvironment {
  const { versions, invalid } = parseVersions(get(ENV.protocolVersions) ?? "");
  const multiplex = get(ENV.multiplex) ?? "";
  return {
    magicCookie: handshake.magicCookieKey === "" ? undefined : get(handshake.magicCookieKey),
    versions,
    invalidVersions: invalid,
    clientCertificate: get(ENV.clientCertificate) || undefined,
    socketDirectory: get(ENV.socketDirectory) || undefined,
    socketGroup: get(ENV.socketGroup) || undefined,
    knowsMultiplexing: multiplex !== "",
    wantsMultiplexing: parseGoBoolean(multiplex) === true,
  };
}

/**
 * Reads the range of TCP ports. Only a plugin that listens on TCP looks at it,
 * so that a bad value does not disturb one on a unix socket, as in Go.
 *
 * @returns The range, both ends inclusive; `{ min: 0, max: 0 }` means that any
 * port will do.
 * @throws {RangeError} If a value is no port or the range is upside down.
 *
 * Source: go-plugin `server.go`, `serverListener_tcp`.
 */
export function parsePortRange(
  get: (name: string) => string | undefined,
): { readonly min: number; readonly max: number } {
  const min = port(ENV.minPort, get(ENV.minPort));
  const max = port(ENV.maxPort, get(ENV.maxPort));
  if (min > max) {
    throw new RangeError(
      `${ENV.minPort} value of ${min} is greater than ${ENV.maxPort} value of ${max}`,
    );
  }
  return { min, max };
}

function port(name: string, text: string | undefined): number {
  const value = text === undefined || text === "" ? 0 : parseGoInteger(text);
  if (value === undefined || value < 0 || value > 65_535) {
    throw new RangeError(
      `couldn't get value from ${name}: ${JSON.stringify(text)} is no port`,
    );
  }
  return value;
}
