/** Where a plugin listens: as go-plugin writes it into the handshake line, and as we use it. */
import { parseGoInteger } from "./go_syntax.ts";

/** Where a plugin listens. */
export type Address =
  | { readonly network: "unix"; readonly path: string }
  | { readonly network: "tcp"; readonly host: string; readonly port: number };

/** The text of an address, without its network: a path, or `host:port` with IPv6 in brackets. */
export function formatAddress(address: Address): string {
  if (address.network === "unix") return address.path;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/**
 * Reads the address of a handshake line or a broker message.
 *
 * A TCP address without a host means this machine, as in Go. Names of
 * services instead of port numbers, which Go would look up, are refused.
 *
 * @throws {RangeError} If the network is not known or the address is not of
 * its form. The message is go-plugin's.
 *
 * @example
 * ```ts
 * import { parseAddress } from "@x/goplugin";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual(parseAddress("tcp", "[::1]:1234"), { network: "tcp", host: "::1", port: 1234 });
 * ```
 *
 * Source: go-plugin `client.go`, `Client.Start`; Go `net.ResolveTCPAddr`.
 */
export function parseAddress(network: string, address: string): Address {
  if (network === "unix") return { network, path: address };
  // Go's message names the address here, not the network; ours names both.
  if (network !== "tcp") {
    throw new RangeError(
      `unknown address type ${JSON.stringify(network)}: ${address}`,
    );
  }
  if (address === "") return { network, host: "localhost", port: 0 };
  const { host, port } = splitHostPort(address);
  const number = port === "" ? 0 : parseGoInteger(port);
  if (number === undefined || number < 0 || number > 65_535) {
    throw new RangeError(
      `address ${address}: invalid port ${JSON.stringify(port)}`,
    );
  }
  return { network, host: host === "" ? "localhost" : host, port: number };
}

/** Go's `net.SplitHostPort`, with its messages. */
function splitHostPort(address: string): { host: string; port: string } {
  const fail = (why: string) => new RangeError(`address ${address}: ${why}`);
  const bracketed = /^\[([^[\]]*)\](.*)$/.exec(address);
  if (bracketed !== null) {
    const [, host = "", rest = ""] = bracketed;
    if (rest === "") throw fail("missing port in address");
    if (!rest.startsWith(":")) throw fail("unexpected text after the bracket");
    if (rest.indexOf(":", 1) > 0) throw fail("too many colons in address");
    return { host, port: rest.slice(1) };
  }
  const colon = address.lastIndexOf(":");
  if (colon < 0) throw fail("missing port in address");
  const host = address.slice(0, colon);
  if (host.includes(":")) throw fail("too many colons in address");
  if (/[[\]]/.test(address)) throw fail("unexpected bracket in address");
  return { host, port: address.slice(colon + 1) };
}
