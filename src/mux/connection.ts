/** The end of a connection. */
import type { Duplex } from "node:stream";
import { Limit } from "./limit.ts";

/** How long the peer may take to read the last bytes and to end its side, in milliseconds. */
const LAST_BYTES_MS = 500;

/**
 * Ends a connection, once what was written to it is out unless it is to be
 * cut. What still comes in is thrown away: a TCP connection that is closed
 * with unread bytes takes from the peer what it has not read.
 */
export function closeConnection(connection: Duplex, how: "flush" | "cut"): Promise<void> {
  return new Promise((resolve) => {
    if (connection.closed) return resolve();
    const closed = () => {
      limit.end();
      connection.off("close", closed);
      resolve();
    };
    const cut = () => {
      limit.end();
      // Some connections do not say that they have closed.
      limit = new Limit(LAST_BYTES_MS, closed, true);
      connection.destroy();
    };
    let limit = new Limit(LAST_BYTES_MS, cut, true);
    connection.on("close", closed);
    if (how === "cut") return cut();
    connection.end();
    connection.resume();
  });
}
