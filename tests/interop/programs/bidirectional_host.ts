/**
 * A host of go-plugin's own test service: rounds in which each side dials what
 * the other serves by the broker, one after the other and at once. Prints what
 * it has seen as JSON.
 *
 * PLUGIN is a command line, ROUNDS the number of rounds; AUTO_MTLS=0 connects
 * in clear, MULTIPLEX=1 by one connection.
 */
import process from "node:process";
import { Client, implement } from "@x/goplugin/host";
import { recordLogs } from "../../helpers/logs.ts";
import { until } from "../../helpers/wait.ts";
import { connectionsOf } from "../../helpers/connections.ts";
import { BidirectionalService, handshake, PingPongService } from "./bidirectional.ts";

const { env } = process;
const { logger, entries } = recordLogs();
let printed = "";
let connections = 0;
const client = new Client({
  handshake,
  plugins: { test: BidirectionalService },
  command: ["sh", "-c", `exec ${env.PLUGIN}`],
  autoMtls: env.AUTO_MTLS !== "0",
  grpcBrokerMultiplex: env.MULTIPLEX === "1",
  logger,
  syncStdout: (bytes) => void (printed += new TextDecoder().decode(bytes)),
});
const address = await client.start();
await client.ping();
const test = await client.dispense("test");

async function round(message: string): Promise<boolean> {
  const own = client.broker.nextId();
  await using _served = await client.broker.serve(
    own,
    implement(PingPongService, { ping: () => ({ msg: message }) }),
  );
  const { id } = await test.bidirectional({ id: own });
  await using peer = await client.broker.dial(id, PingPongService);
  const { msg } = await peer.ping({});
  connections = Math.max(connections, connectionsOf(address) ?? 0);
  return msg === message;
}

async function* inputs() {
  for (let Input = 1; Input <= 3; Input++) yield await Promise.resolve({ Input });
}

const rounds = Array.from({ length: Number(env.ROUNDS) }, (_, index) => `round ${index}`);
const inTurn: boolean[] = [];
for (const message of rounds) inTurn.push(await round(message));
const doubled: number[] = [];
for await (const { Output } of test.stream(inputs())) doubled.push(Output);
const atOnce = await Promise.all(rounds.map(round));
const long = await round("x".repeat(3 << 20)); // More than the window of a stream.
await test.printStdio({
  stdout: new TextEncoder().encode("printed\n"),
  stderr: new Uint8Array(),
});
await until(() => printed.length >= 8, "what the plugin prints");
const report = {
  doubled: [(await test.double({ Input: 21 })).Output, ...doubled],
  inTurn: inTurn.filter(Boolean).length,
  atOnce: atOnce.filter(Boolean).length,
  long,
  printed,
  connections,
  exit: await client.kill(),
  warnings: entries.filter(({ level }) => level === "warn" || level === "error"),
};
console.log(JSON.stringify(report));
