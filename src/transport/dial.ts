/** Connecting to an address. */
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Address } from "../wire/address.ts";

/** Begins to connect; `connect` comes when that is done. */
export function dial(address: Address): Socket {
  return connect(
    address.network === "unix"
      ? { path: address.path }
      : { host: address.host, port: address.port, noDelay: true },
  );
}

/**
 * Waits until a connection is there; on failure it is destroyed.
 *
 * @param event What the connection says then: `connect`, or `secureConnect`.
 * @param signal Gives up, with its reason.
 * @throws {Error} What the connection said.
 */
export function opened(connection: Duplex, event: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: unknown) => {
      signal.removeEventListener("abort", onAbort);
      connection.off(event, onOpen).off("error", end).off("close", onClose);
      if (error === undefined) return resolve();
      // What else it may say concerns nobody any more.
      connection.on("error", () => {});
      connection.destroy();
      reject(error);
    };
    const onOpen = () => end();
    const onAbort = () => end(signal.reason);
    const onClose = () => end(new Error("the connection was closed by the other side"));
    connection.once(event, onOpen).once("error", end).once("close", onClose);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}
