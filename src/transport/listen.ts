/** Listening for the host, on a unix socket or on TCP. */
import { createServer, type Server, type Socket } from "node:net";
import { ListenError, PermissionError } from "../errors.ts";
import type { Logger } from "../logging/logger.ts";
import { findGroup } from "../runtime/group.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Address } from "../wire/address.ts";
import { LOOPBACK, TCP_FLAG } from "./permissions.ts";
import { chooseSocketPath, type SocketPath } from "./socket_path.ts";

/** The kinds of network a plugin can listen on; `auto` is unix where that can be had. */
export type Network = "auto" | "unix" | "tcp";

/** Where to listen. */
export interface ListenOptions {
  /** The system. */
  readonly runtime: Runtime;
  /** Told when `auto` has to go to TCP. */
  readonly logger: Logger;
  /** The kind of network. */
  readonly network: Network;
  /** The directory for the unix socket; a private one of its own if left out. */
  readonly socketDirectory?: string | undefined;
  /** The group, by name or number, that may use the unix socket besides this user. */
  readonly socketGroup?: string | undefined;
  /** Gives the TCP ports to try, both ends inclusive; 0 to 0 means any. */
  readonly ports: () => { readonly min: number; readonly max: number };
}

/** A bound address. Connections that come before `accept` wait. */
export interface Listener {
  /** Where peers can connect. */
  readonly address: Address;
  /** Hands over every connection, from now on. */
  accept(handler: (connection: Socket) => void): void;
  /** Ends the listening, cuts what does not close by itself, removes the socket. May be called twice. */
  close(): Promise<void>;
}

/** How long a peer may take to read the last bytes when a listener closes, in milliseconds. */
const LAST_BYTES_MS = 500;

/**
 * Binds an address.
 *
 * Needs, on Deno, `--allow-net=127.0.0.1` for TCP; for a unix socket
 * `--allow-net`, and `--allow-read` and `--allow-write` for its directory.
 * `auto` takes what is permitted, a unix socket first.
 *
 * @throws {ListenError} If nothing can be bound.
 * @throws {PermissionError} If that is for want of permissions.
 *
 * Source: go-plugin `server.go`, `serverListener`.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { network, runtime, logger } = options;
  if (
    network === "tcp" || (network === "auto" && runtime.platform === "windows")
  ) {
    return await listenTcp(runtime, options.ports());
  }
  try {
    return await listenUnix(
      runtime,
      await chooseSocketPath(runtime, options.socketDirectory),
      options.socketGroup,
    );
  } catch (error) {
    // A group was named to share the socket with: on TCP everybody could connect.
    if (network === "unix" || options.socketGroup !== undefined) throw error;
    logger.info("listening on TCP instead of a unix socket", {
      reason: (error as Error).message,
    });
    return await listenTcp(runtime, options.ports());
  }
}

async function listenUnix(
  runtime: Runtime,
  place: SocketPath,
  group: string | undefined,
): Promise<Listener> {
  const { path, directory } = place;
  const remove = () => {
    runtime.removeSync(path);
    if (directory !== undefined) runtime.removeSync(directory);
  };
  // The process may end without close(): nothing is to be left then either.
  const forget = runtime.onExit(remove);
  const discard = () => {
    forget();
    remove();
  };
  let server: Server | undefined;
  try {
    const groupId = group === undefined ? undefined : await findGroup(runtime, group);
    server = await bind((server) => server.listen(path));
    if (groupId !== undefined) await shareWith(runtime, place, groupId);
    return makeListener(server, { network: "unix", path }, discard);
  } catch (cause) {
    server?.close();
    discard();
    if (cause instanceof PermissionError) throw cause;
    throw new ListenError(
      `Cannot listen on a unix socket: ${path}: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Lets a group use a socket: connecting needs the right to write. */
async function shareWith(
  runtime: Runtime,
  { path, directory }: SocketPath,
  groupId: number,
): Promise<void> {
  if (directory !== undefined) await runtime.shareWithGroup(directory, groupId, 0o770);
  await runtime.shareWithGroup(path, groupId, 0o660);
}

async function listenTcp(
  runtime: Runtime,
  ports: { min: number; max: number },
): Promise<Listener> {
  let cause: Error | undefined;
  for (let port = ports.min; port <= ports.max; port++) {
    const host = `${LOOPBACK}:${port}`;
    if (!runtime.permits({ kind: "net", host })) {
      // Trying it would end the process: Deno throws this one where nobody can catch it.
      cause ??= new PermissionError(`Cannot listen on ${LOOPBACK}`, [TCP_FLAG]);
      continue;
    }
    try {
      const server = await bind((server) => server.listen(port, LOOPBACK));
      const bound = (server.address() as { port: number }).port;
      return makeListener(server, {
        network: "tcp",
        host: LOOPBACK,
        port: bound,
      }, () => {});
    } catch (error) {
      cause = error as Error;
      // Another port only helps against one that is taken.
      if ((error as { code?: string }).code !== "EADDRINUSE") break;
    }
  }
  if (cause instanceof PermissionError) throw cause;
  throw new ListenError(
    `Cannot listen on ${LOOPBACK}, ports ${ports.min} to ${ports.max}: ${
      cause?.message ?? "none to try"
    }`,
    { cause },
  );
}

function bind(start: (server: Server) => void): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      // An error of a later accept must not end the process; the socket stays usable.
      server.on("error", () => {});
      resolve(server);
    });
    try {
      start(server);
    } catch (error) {
      // Deno reports a missing permission by throwing.
      reject(error);
    }
  });
}

function makeListener(
  server: Server,
  address: Address,
  remove: () => void,
): Listener {
  const open = new Set<Socket>();
  const waiting: Socket[] = [];
  let handler: ((connection: Socket) => void) | undefined;
  let closing: Promise<void> | undefined;
  let onEmpty = () => {};
  server.on("connection", (socket) => {
    if (closing !== undefined) return socket.destroy();
    open.add(socket);
    socket.once("close", () => {
      open.delete(socket);
      if (open.size === 0) onEmpty();
    });
    // A peer that goes away in the middle is its own affair.
    socket.on("error", () => {});
    if (handler === undefined) waiting.push(socket);
    else handler(socket);
  });
  return {
    address,
    accept(newHandler) {
      handler = newHandler;
      for (const socket of waiting.splice(0)) newHandler(socket);
    },
    close() {
      closing ??= new Promise<void>((resolve) => {
        // The engine closes each connection once its last bytes are out; Deno's
        // HTTP/2 says it is done a moment before they are.
        const cut = setTimeout(() => open.forEach((socket) => socket.destroy()), LAST_BYTES_MS);
        const end = () => {
          clearTimeout(cut);
          resolve();
        };
        if (address.network === "tcp") return server.close(end);
        // Deno (2.9) tells of the end by a timer, two milliseconds late, until when a
        // port may still be taken. A unix socket is gone at once.
        server.close();
        remove();
        if (open.size === 0) end();
        else onEmpty = end;
      });
      return closing;
    },
  };
}
