/**
 * A way for grpc-js into a stream. Its client connects to addresses only: so
 * there is one, on this machine and for this process, behind which every
 * connection goes on as a stream. TLS is made through it, not before it.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { makeLogger } from "../../logging/logger.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { listen } from "../../transport/listen.ts";
import type { Address } from "../../wire/address.ts";
import type { OpenStream } from "../peer.ts";

/** An address, and what is behind it. */
export interface Bridge {
  /** Where to connect. */
  readonly address: Address;
  /** Why the last stream was not opened, or broke. */
  readonly failure: Error | undefined;
  /** Ends it with all its connections. May be called twice. */
  close(): Promise<void>;
}

/**
 * Opens a way into streams: a unix socket in a directory that only this user
 * can enter, or else a port of 127.0.0.1.
 *
 * @throws {ListenError} If nothing can be bound.
 */
export async function openBridge(runtime: Runtime, open: OpenStream): Promise<Bridge> {
  const listener = await listen({
    runtime,
    logger: makeLogger({ level: "off", write: () => {} }),
    network: "auto",
    ports: () => ({ min: 0, max: 0 }),
  });
  const closing = new AbortController();
  let failure: Error | undefined;
  listener.accept((socket) => {
    open(closing.signal).then(
      (stream) => {
        join(socket, stream);
        stream.once("close", () => {
          if (stream.errored) failure = stream.errored;
        });
      },
      (error) => {
        failure = error;
        socket.destroy();
      },
    );
  });
  return {
    address: listener.address,
    get failure() {
      return failure;
    },
    close() {
      closing.abort(new Error("the channel was closed"));
      return listener.close();
    },
  };
}

/** Passes bytes on in both directions, and the end of either side to the other. */
function join(socket: Socket, stream: Duplex): void {
  if (socket.destroyed) {
    stream.destroy();
    return;
  }
  socket.pipe(stream);
  stream.pipe(socket);
  socket.once("close", () => stream.destroy());
  stream.once("close", () => {
    if (stream.errored) socket.destroy();
    else socket.end(); // What it has been given may still be on its way.
  });
}
