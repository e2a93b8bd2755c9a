import {
  deepStrictEqual,
  doesNotMatch,
  match,
  notStrictEqual,
  ok,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { test } from "node:test";
import { ListenError } from "../../src/errors.ts";
import {
  connectTo,
  dropped,
  holdPorts,
  listening,
  portOf,
  release,
  textFrom,
} from "./listening.ts";

/** Listens on TCP, on the first free port of a range. */
function listeningOn(min: number, max: number) {
  return listening({ network: "tcp", ports: () => ({ min, max }) });
}

/** The error of a range that cannot be had. */
async function refused(min: number, max: number): Promise<ListenError> {
  const error = await listeningOn(min, max).then(() => undefined, (error) => error);
  ok(error instanceof ListenError, `not a ListenError: ${error}`);
  strictEqual(error.code, "listen");
  return error;
}

test("listen() listens on 127.0.0.1, on any port for 0 to 0", async () => {
  const listener = await listeningOn(0, 0);
  const port = portOf(listener);
  deepStrictEqual(listener.address, { network: "tcp", host: "127.0.0.1", port });
  notStrictEqual(port, 0);
  await listener.close();
});

test("listen() hands over TCP connections, in both directions", async () => {
  const listener = await listeningOn(0, 0);
  const early = await connectTo(listener.address);
  listener.accept((connection) => connection.pipe(connection));
  const late = await connectTo(listener.address);
  for (const client of [early, late]) {
    const echo = textFrom(client);
    client.write("there and back");
    strictEqual(await echo, "there and back");
    client.destroy();
  }
  await listener.close();
});

test("listen() takes the first port of the range that is free", async () => {
  const { min, servers } = await holdPorts(4);
  const [, second, , fourth] = servers;
  ok(second && fourth);
  await release([second, fourth]);
  const listeners = [await listeningOn(min, min + 3), await listeningOn(min, min + 3)];
  deepStrictEqual(listeners.map(portOf), [min + 1, min + 3]);
  await Promise.all(listeners.map((listener) => listener.close()));
  await release(servers.filter((server) => server.listening));
});

test("listen() takes a range of one port", async () => {
  const { min, servers } = await holdPorts(1);
  await release(servers);
  const listener = await listeningOn(min, min);
  strictEqual(portOf(listener), min);
  await listener.close();
});

test("listen() names the range whose ports are all taken", async () => {
  const { min, servers } = await holdPorts(3);
  const error = await refused(min, min + 2);
  match(
    error.message,
    new RegExp(`^Cannot listen on 127\\.0\\.0\\.1, ports ${min} to ${min + 2}: .*EADDRINUSE`),
  );
  ok(error.cause instanceof Error);
  // More rights would be of no help.
  doesNotMatch(`${error.message} ${error.hint}`, /--allow/);
  await release(servers);
});

test("listen() names a range that is upside down", async () => {
  match((await refused(20_001, 20_000)).message, /ports 20001 to 20000: none to try$/);
});

test("Listener.close() frees the port and drops connections", async () => {
  const { min, servers } = await holdPorts(1);
  await release(servers);
  const first = await listeningOn(min, min);
  const client = await connectTo(first.address);
  const end = dropped(client);
  await first.close();
  await first.close();
  await end;
  await rejects(connectTo(first.address), { code: "ECONNREFUSED" });
  const second = await listeningOn(min, min);
  strictEqual(portOf(second), min);
  await second.close();
});
