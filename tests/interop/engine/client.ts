/**
 * Runs gRPC's interop cases against a server on this machine, and prints a
 * line of JSON for each.
 *
 *     client typed|generated socket|duplex PORT [AUTHORITY]
 */
import { readFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import process from "node:process";
import { connect as connectTls } from "node:tls";
import { credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import type { Client, ServiceDefinition } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { makeDuplexLink } from "../../../src/http2/duplex_link.ts";
import { openChannel, type RpcChannel } from "../../../src/rpc/channel.ts";
import { makeClient } from "../../../src/rpc/client.ts";
import { openOwnChannel } from "../../../src/rpc/own/channel.ts";
import { loadRuntime } from "../../../src/runtime/runtime.ts";
import { BareDuplex } from "../../helpers/bare_duplex.ts";
import { within } from "../../helpers/wait.ts";
import { GENERATED_CASES, type GeneratedClient } from "./generated_cases.ts";
import { TestService, UnimplementedService } from "./test_service.ts";
import { descriptor } from "./testing_descriptor.ts";
import { TYPED_CASES } from "./typed_cases.ts";

const [kind, transport, port, authority] = process.argv.slice(2);
const host = "127.0.0.1";
const ca = authority === undefined ? undefined : readFileSync(authority, "utf8");

/** A connection over a stream that is no socket, with TLS on top of that if it is wanted. */
async function openBare() {
  const socket = connectSocket({ host, port: Number(port), noDelay: true });
  const bare = new BareDuplex(socket);
  if (ca === undefined) return makeDuplexLink(bare);
  const secure = connectTls({ socket: bare, ca, servername: "localhost", ALPNProtocols: ["h2"] });
  await new Promise<void>((resolve, reject) => {
    secure.once("secureConnect", () => resolve()).once("error", reject);
  });
  return makeDuplexLink(secure);
}

async function open(): Promise<RpcChannel> {
  const config = {
    runtime: await loadRuntime(),
    peer: { network: "tcp", host, port: Number(port) },
    gone: new Promise<never>(() => {}),
    engine: { engine: "own" },
    ...(ca !== undefined && { tls: { ca } }),
  } as const;
  return transport === "duplex"
    ? await openOwnChannel(config, openBare)
    : await openChannel(config);
}

const definitions = fromJSON(descriptor as Parameters<typeof fromJSON>[0], { defaults: true });

function generatedClient(name: string): GeneratedClient {
  const definition = definitions[name] as unknown as ServiceDefinition;
  const Generated = makeGenericClientConstructor(definition, name);
  const options = { channelOverride: channel.grpcChannel };
  const client: Client = new Generated("unused", credentials.createInsecure(), options);
  return client as GeneratedClient;
}

const channel = await open();
const generated = {
  test: generatedClient(TestService.name),
  unimplemented: generatedClient(UnimplementedService.name),
};
const typed = {
  test: await makeClient(TestService, channel),
  unimplemented: await makeClient(UnimplementedService, channel),
};
const cases: Record<string, () => Promise<void>> = kind === "generated"
  ? bind(GENERATED_CASES, generated)
  : bind(TYPED_CASES, typed);

function bind<T>(all: Readonly<Record<string, (clients: T) => Promise<void>>>, clients: T) {
  return Object.fromEntries(Object.entries(all).map(([name, run]) => [name, () => run(clients)]));
}

for (const [name, run] of Object.entries(cases)) {
  let fault = "";
  try {
    await within(run(), name, 20_000);
  } catch (error) {
    fault = (error as Error).stack ?? String(error);
  }
  console.log(JSON.stringify({ name, fault }));
}
// Nothing else keeps the program from ending.
channel.close(new Error("The cases are over"));
