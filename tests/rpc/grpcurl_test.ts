import { deepStrictEqual, match, rejects } from "node:assert/strict";
import { test } from "node:test";
import { formatAddress } from "../../src/wire/address.ts";
import { goMissing } from "../helpers/go.ts";
import { grpcurl } from "./grpcurl.ts";
import { openReflecting, SERVICES } from "./reflection_pair.ts";

const skip = goMissing();

async function withServer(use: (address: string) => Promise<void>): Promise<void> {
  await using pair = await openReflecting();
  await use(formatAddress(pair.served.address));
}

test("reflectionServices let grpcurl list services and methods", { skip }, async () => {
  await withServer(async (address) => {
    deepStrictEqual((await grpcurl(address, "list")).trim().split("\n").sort(), SERVICES);
    deepStrictEqual((await grpcurl(address, "list", "everything.Calls")).trim().split("\n"), [
      "everything.Calls.Chat",
      "everything.Calls.Download",
      "everything.Calls.Unary",
      "everything.Calls.Upload",
    ]);
  });
});

test("reflectionServices let grpcurl describe every service", { skip }, async () => {
  await withServer(async (address) => {
    for (const name of SERVICES) {
      match(await grpcurl(address, "describe", name), new RegExp(`^${name} is a service:`));
    }
  });
});

test("reflectionServices let grpcurl describe methods and messages", { skip }, async () => {
  await withServer(async (address) => {
    match(
      await grpcurl(address, "describe", "everything.Calls.Upload"),
      /rpc Upload \( stream \.everything\.Chunk \) returns \( \.everything\.Chunk \);/,
    );
    match(
      await grpcurl(address, "describe", "everything.Mirror.Nothing"),
      /\( \.google\.protobuf\.Empty \) returns \( \.google\.protobuf\.Empty \)/,
    );
    const text = await grpcurl(address, "describe", "everything.Everything");
    for (
      const line of [
        /sint64 sint64(_f|F)ield = 8;/,
        /bytes bytes(_f|F)ield = 15;/,
        /\.everything\.Color color = 16;/,
        /\.everything\.Everything\.Shape shape = 17;/,
        /repeated int32 numbers = 19;/,
        /map<string, int32> counts = 22;/,
        /map<bool, \.everything\.Everything\.Node> trees = 24;/,
        /oneof choice \{/,
        /optional int32 maybe = 28;/,
      ]
    ) match(text, line);
    match(await grpcurl(address, "describe", "everything.Everything.Shape"), /SHAPE_ROUND = 7;/);
  });
});

test("reflectionServices let grpcurl call methods", { skip }, async () => {
  await withServer(async (address) => {
    const call = async (method: string, body: unknown) => {
      const printed = await grpcurl("-d", JSON.stringify(body), address, method);
      // Messages follow each other without a separator.
      return JSON.parse(`[${printed.trim().replaceAll(/\}\s+\{/g, "},{")}]`) as unknown[];
    };
    deepStrictEqual(
      await call("everything.Calls/Unary", { number: 1, text: "ä", data: "AP8=" }),
      [{ number: 2, text: "<ä>", data: "AP8=" }],
    );
    deepStrictEqual(await call("everything.Calls/Download", { number: 3 }), [
      {},
      { number: 1 },
      { number: 2 },
    ]);
    const message = {
      doubleField: 0.5,
      int64Field: "-9223372036854775808",
      boolField: true,
      shape: "SHAPE_ROUND",
      tree: { name: "a", children: [{ name: "b" }] },
      numbers: [1, -1],
      counts: { a: 1 },
      chosenText: "x",
      maybe: 0,
    };
    deepStrictEqual(await call("everything.Mirror/Reflect", message), [message]);
  });
});

test("createServer() tells grpcurl the status of a call that fails", { skip }, async () => {
  await withServer(async (address) => {
    await rejects(grpcurl(address, "everything.Calls/Chat"), /The test has no chat\(\)/);
    await rejects(
      grpcurl("-d", '{"service":"missing"}', address, "grpc.health.v1.Health/Check"),
      /NotFound[\s\S]*unknown service/,
    );
  });
});
