/** The one connection to a plugin that multiplexes. */
import type { Socket } from "node:net";
import { ConnectError } from "../errors.ts";
import type { Logger } from "../logging/logger.ts";
import { Knocks } from "../mux/knocks.ts";
import { YamuxSession } from "../mux/session.ts";
import type { Interrupt } from "../rpc/interrupt.ts";
import { dial, opened } from "../transport/dial.ts";
import type { Address } from "../wire/address.ts";

/** A connection that carries all others. */
export interface Trunk {
  /** Its streams. Those that the plugin opens unasked are reset. */
  readonly knocks: Knocks;
  /** Ends it with all its streams. May be called twice. */
  close(): Promise<void>;
}

/**
 * Connects, once and for all: a plugin accepts no second connection, and one
 * made with Go waits five seconds for the first.
 *
 * @param cancel Ends the wait.
 * @throws {ConnectError} If there is no connection in time.
 *
 * Source: go-plugin `internal/grpcmux/grpc_client_muxer.go`.
 */
export async function openTrunk(
  address: Address,
  timeoutMs: number,
  cancel: Interrupt,
  logger: Logger,
): Promise<Trunk> {
  const limit = new AbortController();
  const timer = setTimeout(
    () => limit.abort(new Error(`no answer in ${timeoutMs} ms`)),
    timeoutMs,
  );
  let socket: Socket | undefined;
  try {
    socket = dial(address);
    await cancel.guard(opened(socket, "connect", limit.signal));
  } catch (cause) {
    socket?.destroy();
    if (cancel.fired) throw cause;
    throw new ConnectError(`Cannot connect to plugin: ${(cause as Error).message}`, { cause });
  } finally {
    clearTimeout(timer);
  }
  const session = new YamuxSession(socket, { role: "client" });
  session.closed.then((reason) =>
    logger.debug("the connection to the plugin is over", { error: reason })
  );
  return { knocks: new Knocks(session), close: () => session.close() };
}
