/**
 * TLS sessions that are taken up again. Under AutoMTLS a broker's connections
 * are all between the same two, who have proven by signatures who they are on
 * an earlier one; with P-521 those are most of a handshake. A session is kept
 * with the TLS it was made under, for that alone, in memory. Whoever does not
 * know it any more makes a new one.
 *
 * Source: RFC 8446, section 2.2.
 */
import { Buffer } from "node:buffer";
import type { TLSSocket } from "node:tls";
import { type ConnectionTls, isPinned, type PinnedTls } from "../tls.ts";

const sessions = new WeakMap<ConnectionTls, Buffer>();
const ticketKeys = new WeakMap<PinnedTls, Buffer>();

/** What a client offers to go on with. */
export function sessionOf(tls: ConnectionTls): Buffer | undefined {
  return sessions.get(tls);
}

/**
 * Remembers the session of a connection whose other side was looked at; not
 * under authorities, which are asked each time. Deno (2.9) has none to give.
 */
export function keepSession(tls: ConnectionTls, socket: TLSSocket): void {
  if (isPinned(tls)) socket.once("session", (session) => sessions.set(tls, session));
}

/** The keys by which all servers of one side know its sessions; Deno (2.9) does not take any. */
export function ticketKeysOf(tls: PinnedTls): Buffer {
  let keys = ticketKeys.get(tls);
  if (keys === undefined) {
    keys = Buffer.from(crypto.getRandomValues(new Uint8Array(48)));
    ticketKeys.set(tls, keys);
  }
  return keys;
}
