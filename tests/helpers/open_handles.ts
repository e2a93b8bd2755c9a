/** What this process has open, as the system and the runtime count it. */
import { readdirSync, readlinkSync } from "node:fs";
import process from "node:process";

/** The sockets of this process, `undefined` where the system does not list them. */
export function openSockets(): number | undefined {
  if (process.platform !== "linux") return undefined;
  let count = 0;
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      if (readlinkSync(`/proc/self/fd/${name}`).startsWith("socket:")) count++;
    } catch {
      // The one that the directory itself was read by.
    }
  }
  return count;
}

/** How many handlers this process has for its end and for signals, as far as they can be counted. */
export function processListeners(): Record<string, number> {
  const events = ["exit", "SIGINT", "SIGTERM", "uncaughtException", "unhandledRejection"];
  return Object.fromEntries(events.map((event) => [event, process.listenerCount(event)]));
}
