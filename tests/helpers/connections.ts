/** The connections between a host and its plugin, as the system counts them. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import type { Address } from "@x/goplugin";

/** How /proc/net/unix says that a socket is connected. */
const CONNECTED = "03";

/**
 * How many connections there are to the sockets in a plugin's directory: its
 * own, and those of the broker on both sides. `undefined` where the system
 * does not list them.
 */
export function connectionsOf(address: Address): number | undefined {
  if (process.platform !== "linux" || address.network !== "unix") return undefined;
  const directory = `${dirname(address.path)}/`;
  return readFileSync("/proc/net/unix", "utf8").split("\n").filter((line) => {
    // Accepted sockets have the path of their listener; those that connected have none.
    const [, , , , , state, , path] = line.trim().split(/\s+/);
    return state === CONNECTED && path?.startsWith(directory);
  }).length;
}
