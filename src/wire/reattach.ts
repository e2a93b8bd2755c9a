/** How to find a plugin that runs already, as values and as the JSON that Go's tools exchange. */
import { type Address, formatAddress, parseAddress } from "./address.ts";

/** The certificates of a connection under AutoMTLS, each as PEM. */
export interface ReattachTls {
  /** The plugin's certificate, the only one that is accepted. */
  readonly peerCertificate: string;
  /** The host's own certificate, the only one that the plugin accepts. */
  readonly certificate?: string;
  /** The host's private key: whoever has it can call the plugin. */
  readonly privateKey?: string;
}

/**
 * How to find a plugin that runs already.
 *
 * Source: go-plugin `ReattachConfig`; `startTime` and `tls` are this module's own.
 */
export interface ReattachConfig {
  /** What the plugin speaks; only `"grpc"` can be attached to. */
  readonly protocol: string;
  /** The version of the application's protocol; 0 if it is not known. */
  readonly protocolVersion: number;
  /** Where the plugin listens. */
  readonly address: Address;
  /** Its process id; 0 if it is not known. */
  readonly pid: number;
  /** When the process started, in the system's words: another process of the same id is left alone. */
  readonly startTime?: string;
  /** Whether the plugin belongs to somebody else: `kill()` then leaves it running. */
  readonly test: boolean;
  /** The certificates, if the connection is under AutoMTLS. They hold a private key. */
  readonly tls?: ReattachTls;
}

/** A {@linkcode ReattachConfig} in the form that Terraform and Waypoint print. */
export interface ReattachJson {
  /** What the plugin speaks. */
  readonly Protocol: string;
  /** The version of the application's protocol. */
  readonly ProtocolVersion: number;
  /** The process id. */
  readonly Pid: number;
  /** Whether `kill()` leaves the plugin running. */
  readonly Test: boolean;
  /** Where the plugin listens. */
  readonly Addr: {
    /** `unix` or `tcp`. */
    readonly Network: string;
    /** The path, or host and port. */
    readonly String: string;
  };
  /** When the process started. Go ignores it. */
  readonly StartTime?: string;
  /** The certificates. Go ignores them. */
  readonly Tls?: ReattachTls;
}

/**
 * Turns a reattach configuration into the form that Go's tools print, for
 * `JSON.stringify`.
 *
 * @example What Terraform takes as `TF_REATTACH_PROVIDERS`
 * ```ts
 * import { formatReattach } from "@x/goplugin";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const provider = formatReattach({
 *   protocol: "grpc",
 *   protocolVersion: 6,
 *   address: { network: "unix", path: "/tmp/plugin1" },
 *   pid: 4711,
 *   test: true,
 * });
 * deepStrictEqual(
 *   JSON.stringify({ "registry.terraform.io/example/cloud": provider }),
 *   '{"registry.terraform.io/example/cloud":{"Protocol":"grpc","ProtocolVersion":6,"Pid":4711,' +
 *     '"Test":true,"Addr":{"Network":"unix","String":"/tmp/plugin1"}}}',
 * );
 * ```
 */
export function formatReattach(config: ReattachConfig): ReattachJson {
  return {
    Protocol: config.protocol,
    ProtocolVersion: config.protocolVersion,
    Pid: config.pid,
    Test: config.test,
    Addr: { Network: config.address.network, String: formatAddress(config.address) },
    ...(config.startTime !== undefined && { StartTime: config.startTime }),
    ...(config.tls !== undefined && { Tls: config.tls }),
  };
}

/**
 * Reads what {@linkcode formatReattach} and Go's tools write.
 *
 * @param json The text, or what `JSON.parse` made of it.
 * @throws {TypeError} If it is of another form; the message names the field.
 * @throws {RangeError} If the address cannot be read.
 *
 * @example
 * ```ts
 * import { parseReattach } from "@x/goplugin";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const config = parseReattach(
 *   '{"Protocol":"grpc","ProtocolVersion":1,"Pid":4711,"Test":false,' +
 *     '"Addr":{"Network":"tcp","String":"127.0.0.1:10000"}}',
 * );
 * deepStrictEqual(config.address, { network: "tcp", host: "127.0.0.1", port: 10000 });
 * ```
 */
export function parseReattach(json: string | object): ReattachConfig {
  const fields = asObject(typeof json === "string" ? parseJson(json) : json, "the configuration");
  const address = asObject(fields["Addr"], "Addr");
  const { StartTime: startTime, Tls: tls } = fields;
  return {
    // As in Go, where the zero value means the older protocol.
    protocol: asText(fields["Protocol"] ?? "", "Protocol") || "netrpc",
    protocolVersion: asCount(fields["ProtocolVersion"], "ProtocolVersion"),
    address: parseAddress(
      asText(address["Network"], "Addr.Network"),
      asText(address["String"], "Addr.String"),
    ),
    pid: asCount(fields["Pid"], "Pid"),
    test: fields["Test"] === true,
    ...(startTime !== undefined && { startTime: asText(startTime, "StartTime") }),
    ...(tls !== undefined && { tls: asTls(asObject(tls, "Tls")) }),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`parseReattach(): this is no JSON: ${(cause as Error).message}`, { cause });
  }
}

function wrong(name: string, wanted: string, found: unknown): TypeError {
  return new TypeError(`parseReattach(): ${name} is no ${wanted}: ${JSON.stringify(found)}`);
}

function asObject(value: unknown, name: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(name, "object", value);
  }
  return value as Fields;
}

function asText(value: unknown, name: string): string {
  if (typeof value !== "string") throw wrong(name, "text", value);
  return value;
}

function asCount(value: unknown, name: string): number {
  if (value === undefined) return 0;
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw wrong(name, "number", value);
  return value as number;
}

function asTls(fields: Fields): ReattachTls {
  const { certificate, privateKey } = fields;
  return {
    peerCertificate: asText(fields["peerCertificate"], "Tls.peerCertificate"),
    ...(certificate !== undefined && { certificate: asText(certificate, "Tls.certificate") }),
    // Its value must not end up in a message.
    ...(typeof privateKey === "string" && { privateKey }),
  };
}
