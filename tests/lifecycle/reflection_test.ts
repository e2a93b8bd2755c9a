import { deepStrictEqual } from "node:assert/strict";
import { test } from "node:test";
import { Client } from "@x/goplugin";
import { type Reflection, reflectionServices } from "../../src/rpc/reflection.ts";
import { handshake } from "../fixtures/fixture.ts";
import { recordLogs } from "../helpers/logs.ts";
import { fixture } from "../helpers/program.ts";

for (const grpcBrokerMultiplex of [false, true]) {
  test(`a plugin tells by reflection of its own services and go-plugin's, and of no others, multiplex ${grpcBrokerMultiplex}`, async () => {
    for (const service of reflectionServices) {
      await using client = new Client({
        handshake,
        plugins: { reflection: { client: ({ connect }) => connect<Reflection>(service) } },
        command: fixture("obedient"),
        logger: recordLogs().logger,
        grpcBrokerMultiplex,
      });
      const reflection = await client.dispense("reflection");
      const listed: string[] = [];
      const question = { host: "", listServices: "" };
      for await (const answer of reflection.serverReflectionInfo([question])) {
        listed.push(...answer.listServicesResponse?.service.map(({ name }) => name) ?? []);
      }
      deepStrictEqual(listed, [
        "fixture.Fixture",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "plugin.GRPCBroker",
        "plugin.GRPCController",
        "plugin.GRPCStdio",
      ]);
    }
  });
}
