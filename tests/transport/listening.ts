/** Listeners and connections for the tests of `listen()`. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { after } from "node:test";
import { loadRuntime, type Runtime } from "../../src/runtime/runtime.ts";
import { listen, type Listener, type ListenOptions } from "../../src/transport/listen.ts";
import type { Address } from "../../src/wire/address.ts";
import { type RecordedEntry, recordLogs } from "../helpers/logs.ts";
import { within } from "../helpers/wait.ts";

/** Ends what a test that failed left open: it would keep the process alive. */
const ends: (() => unknown)[] = [];
after(async () => void await Promise.all(ends.map((end) => end())));

/** What a test has to say of where to listen. */
export type Settings = Partial<Omit<ListenOptions, "runtime" | "logger">> & {
  /** What the real runtime is to do differently. */
  readonly runtime?: Partial<Runtime>;
  /** Where to keep what is logged. */
  readonly entries?: RecordedEntry[];
};

/** Listens on the real system; any free port for TCP. */
export async function listening(settings: Settings = {}): Promise<Listener> {
  const { runtime, entries, ...others } = settings;
  const recorder = recordLogs();
  try {
    const listener = await listen({
      network: "auto",
      ports: () => ({ min: 0, max: 0 }),
      ...others,
      runtime: { ...await loadRuntime(), ...runtime },
      logger: recorder.logger,
    });
    ends.push(() => listener.close());
    return listener;
  } finally {
    entries?.push(...recorder.entries);
  }
}

/** The path of a listener that must be on a unix socket. */
export function pathOf({ address }: Pick<Listener, "address">): string {
  if (address.network !== "unix") throw new Error(`not a unix socket: ${JSON.stringify(address)}`);
  return address.path;
}

/** The port of a listener that must be on TCP. */
export function portOf({ address }: Pick<Listener, "address">): number {
  if (address.network !== "tcp") throw new Error(`not TCP: ${JSON.stringify(address)}`);
  return address.port;
}

/** Connects; rejects if nobody listens. */
export function connectTo(address: Address): Promise<Socket> {
  const socket = address.network === "unix"
    ? connect({ path: address.path })
    : connect({ host: address.host, port: address.port });
  ends.push(() => socket.destroy());
  const connected = new Promise<Socket>((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
  return within(connected, "a connection");
}

/** Waits for the other side to drop a connection, whether politely or not. */
export function dropped(socket: Socket): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    socket.on("error", () => {}).once("close", () => resolve()).resume();
  });
  return within(closed, "the end of a connection");
}

/** The first bytes that come, as text. */
export function textFrom(socket: Socket): Promise<string> {
  const text = new Promise<string>((resolve) => {
    socket.once("data", (bytes) => resolve(bytes.toString()));
  });
  return within(text, "bytes");
}

function hold(port: number): Promise<Server> {
  const server = createServer();
  ends.push(() => server.close());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

/** Takes ports that follow one another, below those the system gives out by itself. */
export async function holdPorts(count: number): Promise<{ min: number; servers: Server[] }> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const min = 20_000 + Math.floor(Math.random() * 10_000);
    const servers: Server[] = [];
    try {
      for (let port = min; port < min + count; port++) servers.push(await hold(port));
      return { min, servers };
    } catch {
      // One of them is somebody else's: elsewhere, then.
      await release(servers);
    }
  }
  throw new Error(`no ${count} free ports in a row`);
}

/** Gives ports back. */
export async function release(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  );
}
