/** The handshake line: the one line a plugin writes to stdout to say where it listens. */
import {
  CertificateError,
  CoreVersionError,
  HandshakeError,
  type HandshakeFault,
  MultiplexError,
  UnsupportedProtocolError,
} from "../errors.ts";
import { type Address, formatAddress, parseAddress } from "./address.ts";
import { decodeRawBase64, encodeRawBase64 } from "./base64.ts";
import { parseGoBoolean, parseGoInteger } from "./go_syntax.ts";
import { readCertificate } from "./x509.ts";

/**
 * The version of the handshake itself. go-plugin has only ever had one.
 *
 * Source: go-plugin `CoreProtocolVersion`.
 */
export const CORE_PROTOCOL_VERSION = 1;

/** The fields of a handshake line. */
export interface Handshake {
  /** The application's protocol version that the plugin chose. */
  readonly protocolVersion: number;
  /** Where the plugin listens. */
  readonly address: Address;
  /** What it speaks there: `grpc`, or `netrpc`, which this module does not. */
  readonly protocol: string;
  /** The plugin's certificate as DER, if it made one. */
  readonly certificate?: Uint8Array<ArrayBuffer>;
  /** The seventh field as it was written; `undefined` if there was none. */
  readonly multiplex?: string;
}

/** What a plugin says of itself. */
export interface HandshakeAnnouncement {
  /** The application's protocol version that the plugin chose. */
  readonly protocolVersion: number;
  /** Where the plugin listens. */
  readonly address: Address;
  /** The plugin's certificate as DER, under AutoMTLS. */
  readonly certificate?: Uint8Array | undefined;
  /**
   * Whether the plugin can multiplex. Left out unless the host asked, because
   * hosts older than go-plugin 1.6 take a seventh field for a part of the sixth.
   */
  readonly multiplex?: boolean | undefined;
}

/** An unpadded certificate is longer than this; shorter text is from before AutoMTLS and ignored. */
const MIN_CERTIFICATE_CHARACTERS = 51;

/**
 * Writes the handshake line, without its line break.
 *
 * @throws {RangeError} If the socket's path cannot stand in the line: it has
 * no escape for `|` or a line break.
 *
 * Source: go-plugin `server.go`, `Serve`.
 */
export function formatHandshake(announcement: HandshakeAnnouncement): string {
  const { protocolVersion, address, certificate, multiplex } = announcement;
  const place = formatAddress(address);
  if (/[|\r\n]/.test(place)) {
    throw new RangeError(
      `Cannot announce address: ${JSON.stringify(place)} holds a "|" or a line break`,
    );
  }
  const fields = [
    CORE_PROTOCOL_VERSION,
    protocolVersion,
    address.network,
    place,
    "grpc",
    certificate === undefined ? "" : encodeRawBase64(certificate),
  ];
  if (multiplex !== undefined) fields.push(String(multiplex));
  return fields.join("|");
}

/**
 * Parses the line a plugin writes to stdout to say where it listens.
 *
 * Like go-plugin's host it wants at least 4 fields, ignores blanks around the
 * line and fields behind the seventh, takes a line without a fifth field to
 * mean the protocol `netrpc`, and ignores a certificate of 50 characters or
 * less.
 *
 * @param line The line without its line break.
 * @returns The fields, each in its own type. Whether version and protocol suit
 * the host is not looked at: see {@linkcode requireGrpc}.
 * @throws {HandshakeError} If a field is missing or is not of its type.
 * @throws {CertificateError} If there is a certificate that cannot be read.
 *
 * @example A plugin on a TCP port, without TLS
 * ```ts
 * import { parseHandshake } from "@x/goplugin";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const { address } = parseHandshake("1|3|tcp|127.0.0.1:10000|grpc|");
 * deepStrictEqual(address, { network: "tcp", host: "127.0.0.1", port: 10000 });
 * ```
 *
 * Source: go-plugin `client.go`, `Client.Start`; `docs/internals.md`.
 */
export function parseHandshake(line: string): Handshake {
  const fields = line.trim().split("|");
  const [core = "", version = "", network = "", place = "", protocol, encoded] = fields;
  const fail = (fault: HandshakeFault, message: string, cause?: unknown) =>
    new HandshakeError(
      fault,
      `Cannot read handshake: ${message}`,
      line,
      cause === undefined ? {} : { cause },
    );
  if (fields.length < 4) {
    throw new HandshakeError(
      "segments",
      `Cannot read handshake: the plugin's first line is ${JSON.stringify(excerpt(line))}, ` +
        `which has ${fields.length} of at least 4 fields`,
      line,
      {
        hint: "Check that the program is a plugin and prints nothing to stdout while it starts",
      },
    );
  }
  const coreVersion = parseGoInteger(core);
  if (coreVersion === undefined) {
    throw fail(
      "core-version-syntax",
      `core protocol version ${JSON.stringify(core)} is no number`,
    );
  }
  if (coreVersion !== CORE_PROTOCOL_VERSION) {
    throw new CoreVersionError(coreVersion, CORE_PROTOCOL_VERSION, line);
  }
  const protocolVersion = parseGoInteger(version);
  if (protocolVersion === undefined) {
    throw fail(
      "app-version-syntax",
      `protocol version ${JSON.stringify(version)} is no number`,
    );
  }
  let address: Address;
  try {
    address = parseAddress(network, place);
  } catch (error) {
    const known = network === "unix" || network === "tcp";
    throw fail(known ? "address" : "network", (error as Error).message, error);
  }
  const certificate = parseCertificate(encoded);
  return {
    protocolVersion,
    address,
    protocol: protocol ?? "netrpc",
    ...(certificate !== undefined && { certificate }),
    ...(fields[6] !== undefined && { multiplex: fields[6] }),
  };
}

function parseCertificate(
  encoded: string | undefined,
): Uint8Array<ArrayBuffer> | undefined {
  if (encoded === undefined || encoded.length < MIN_CERTIFICATE_CHARACTERS) {
    return undefined;
  }
  try {
    const der = decodeRawBase64(encoded);
    readCertificate(der);
    return der;
  } catch (error) {
    throw new CertificateError(
      "malformed",
      `Cannot read handshake: the plugin's certificate is not one: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** A line can be long and is shown to people: its start will do. */
function excerpt(line: string): string {
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

/**
 * Checks that the plugin speaks gRPC.
 *
 * @throws {UnsupportedProtocolError} If it speaks anything else.
 */
export function requireGrpc(handshake: Handshake, line: string): void {
  if (handshake.protocol !== "grpc") {
    throw new UnsupportedProtocolError(handshake.protocol, line);
  }
}

/**
 * Checks that the plugin can multiplex, for a host that asked for it.
 *
 * @throws {MultiplexError} If it cannot, or does not know of it, or answers
 * something that is no boolean.
 *
 * Source: go-plugin `client.go`, `Client.Start`; `ErrGRPCBrokerMuxNotSupported`.
 */
export function requireMultiplexing(handshake: Handshake, line: string): void {
  const unsupported =
    "Cannot multiplex: client requested gRPC broker multiplexing but plugin does not support the feature";
  if (handshake.multiplex === undefined) {
    throw new MultiplexError(unsupported, line, {
      hint: "For Go plugins, update the github.com/hashicorp/go-plugin dependency and recompile",
    });
  }
  const supported = parseGoBoolean(handshake.multiplex);
  if (supported === undefined) {
    throw new MultiplexError(
      `Cannot multiplex: the plugin's answer ${
        JSON.stringify(handshake.multiplex)
      } is no boolean for gRPC broker multiplexing support`,
      line,
    );
  }
  if (!supported) throw new MultiplexError(unsupported, line);
}
