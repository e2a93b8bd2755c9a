import { match, strictEqual } from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ConnectError } from "../../src/errors.ts";
import type { Address } from "../../src/wire/address.ts";
import { connectTo, openServer, TRANSPORTS } from "../helpers/rpc_pair.ts";
import { CallsService, chunk, implementCalls, openCalls } from "./calls.ts";
import { Proxy } from "./proxy.ts";
import { failsWith, rejected } from "./waiting.ts";

const LONG_MS = 60_000;

/** A TCP server that treats its connections as the test likes. */
class RawServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(behave: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      behave(socket);
    });
  }

  async listen(): Promise<Address> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const { port } = this.#server.address() as { port: number };
    return { network: "tcp", host: "127.0.0.1", port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

for (const transport of TRANSPORTS) {
  test(`RpcChannel.connect() waits for the connection on ${transport.title}`, async () => {
    await using pair = await openCalls({ unary: (request) => request }, transport);
    await pair.channel.connect(LONG_MS);
    await pair.channel.connect(LONG_MS); // and may be called twice
    strictEqual((await pair.calls.unary(chunk(1))).number, 1);
  });
}

test("RpcChannel makes one connection, when it is first needed", async () => {
  await using served = await openServer([implementCalls({ unary: (request) => request })]);
  await using proxy = await Proxy.open(served.address);
  await using channel = await connectTo(proxy.address);
  const calls = await channel.client(CallsService);
  const responses = calls.download(chunk(0));
  strictEqual(proxy.accepted, 0);
  await Promise.all(Array.from({ length: 20 }, (_, number) => calls.unary(chunk(number))));
  await channel.connect(LONG_MS);
  strictEqual(proxy.accepted, 1);
  await responses[Symbol.asyncIterator]().return?.();
});

test("RpcChannel does not share a connection with another channel to the same address", async () => {
  await using served = await openServer([implementCalls({ unary: (request) => request })]);
  await using proxy = await Proxy.open(served.address);
  await using first = await connectTo(proxy.address);
  await using second = await connectTo(proxy.address);
  await first.connect(LONG_MS);
  await second.connect(LONG_MS);
  strictEqual(proxy.accepted, 2);
  first.close(new Error("Only this one"));
  strictEqual((await (await second.client(CallsService)).unary(chunk(4))).number, 4);
});

test("RpcChannel.connect() says why nobody answers on TCP", async () => {
  const served = await openServer([]);
  await served[Symbol.asyncDispose]();
  await using channel = await connectTo(served.address);
  const error = await rejected(ConnectError, channel.connect(LONG_MS));
  match(error.message, /^Cannot connect to plugin: .*refused/i);
  strictEqual(error.code, "connect");
});

test("RpcChannel.connect() says why nobody answers on a unix socket", {
  skip: TRANSPORTS.every(({ network }) => network !== "unix") && "no unix sockets here",
}, async () => {
  await using channel = await connectTo({
    network: "unix",
    path: join(tmpdir(), `goplugin-nobody-${crypto.randomUUID().slice(0, 8)}`),
  });
  const error = await rejected(ConnectError, channel.connect(LONG_MS));
  match(error.message, /^Cannot connect to plugin: .*(ENOENT|no such file)/i);
});

test("RpcChannel fails a call with UNAVAILABLE, and why, when nobody answers", async () => {
  const served = await openServer([]);
  await served[Symbol.asyncDispose]();
  await using channel = await connectTo(served.address);
  const calls = await channel.client(CallsService);
  match((await failsWith("UNAVAILABLE", calls.unary(chunk(0)))).message, /refused/i);
});

test("RpcChannel.connect() gives up on a peer that says nothing", async () => {
  await using server = new RawServer(() => {});
  await using channel = await connectTo(await server.listen());
  const { message } = await rejected(ConnectError, channel.connect(100));
  strictEqual(message, "Cannot connect to plugin: no answer in 100 ms");
});

for (
  const [what, behave] of [
    ["hangs up", (socket: Socket) => void socket.end()],
    ["cuts the connection", (socket: Socket) => void socket.destroy()],
    ["speaks HTTP/1", (socket: Socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["speaks no protocol", (socket: Socket) => void socket.end(new Uint8Array(1000).fill(0xff))],
  ] as const
) {
  test(`RpcChannel.connect() refuses a peer that ${what}`, async () => {
    await using server = new RawServer(behave);
    const address = await server.listen();
    await using channel = await connectTo(address);
    const { message } = await rejected(ConnectError, channel.connect(LONG_MS));
    match(message, /^Cannot connect to plugin: ./);
    await using other = await connectTo(address);
    const calls = await other.client(CallsService);
    await failsWith("UNAVAILABLE", calls.unary(chunk(0)));
  });
}
