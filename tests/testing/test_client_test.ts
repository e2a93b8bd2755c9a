import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { implement, type Plugin, type PluginError, RpcError, ServiceError } from "@x/goplugin";
import { testClient } from "@x/goplugin/testing";
import { exchange } from "../fixtures/exchange.ts";
import { fixture, FixtureService } from "../fixtures/fixture.ts";
import { leftovers } from "../helpers/fixture_client.ts";
import { recordLogs } from "../helpers/logs.ts";
import { openSockets, processListeners } from "../helpers/open_handles.ts";
import { until, within } from "../helpers/wait.ts";
import { CallsService, chunk } from "../rpc/calls.ts";
import { collect } from "../rpc/waiting.ts";

const calls = implement(CallsService, {
  unary: ({ number }) => chunk(number + 1),
  async *download({ number }) {
    for (let i = 0; i < number; i++) yield await Promise.resolve(chunk(i));
  },
  async upload(requests) {
    let sum = 0;
    for await (const { number } of requests) sum += number;
    return chunk(sum);
  },
  async *chat(requests) {
    for await (const { number } of requests) yield chunk(number * 2);
  },
});

const numbersOf = (chunks: readonly { number: number }[]) => chunks.map(({ number }) => number);

for (const autoMtls of [true, false]) {
  for (const network of ["unix", "tcp"] as const) {
    const on = `${network}, autoMtls ${autoMtls}`;
    const options = { autoMtls, serve: { network } };

    test(`testClient() makes the calls of all four kinds, ${on}`, async () => {
      await using client = await testClient({ calls }, options);
      strictEqual((await client.start()).network, network);
      strictEqual(client.isEncrypted, autoMtls);
      const { unary, download, upload, chat } = await client.dispense("calls");
      const three = [1, 2, 3].map((number) => chunk(number));
      strictEqual((await unary(chunk(41))).number, 42);
      deepStrictEqual(numbersOf(await collect(download(chunk(3)))), [0, 1, 2]);
      strictEqual((await upload(three)).number, 6);
      deepStrictEqual(numbersOf(await collect(chat(three))), [2, 4, 6]);
      await client.ping();
    });

    // What go-plugin's TestServer_testMode_AutoMTLS shows of its broker, in both directions.
    test(`testClient() has a broker that works both ways, ${on}`, async () => {
      await using client = await testClient({ exchange }, options);
      const plugin = await client.dispense("exchange");
      const { id } = await plugin.lend({ id: 0 });
      {
        await using lent = await client.broker.dial(id, FixtureService);
        strictEqual((await lent.echo({ text: "to the plugin" })).text, "to the plugin");
      }
      const own = client.broker.nextId();
      await using _served = await client.broker.serve(own, fixture);
      strictEqual((await plugin.borrow({ id: own })).said, `id ${own}`);
    });

    test(`testClient(): kill() ends the plugin and leaves nothing, ${on}`, async () => {
      const left = await leftovers(async () => {
        const client = await testClient({ calls }, options);
        const address = await client.start();
        const plugin = await client.dispense("calls");
        deepStrictEqual(await within(client.kill(), "kill()"), {
          code: 0,
          signal: null,
          step: "Shutdown",
        });
        deepStrictEqual(await client.closed, { code: 0, signal: null });
        ok(client.exited);
        ok(address.network === "tcp" || !existsSync(address.path));
        await rejects(plugin.unary(chunk(1)), { status: "UNAVAILABLE" });
      });
      deepStrictEqual(left, []);
    });
  }
}

test("testClient() is under AutoMTLS if nothing else is said", async () => {
  await using client = await testClient({ calls });
  ok(client.isEncrypted);
});

test("testClient() passes the errors of handlers on", async () => {
  await using client = await testClient({
    calls: implement(CallsService, {
      unary: () => {
        throw new RpcError("NOT_FOUND", "no such thing", { metadata: { reason: "gone" } });
      },
      upload: () => Promise.reject(new Error("broken")),
      async *download() {
        yield await Promise.reject(new RpcError("ABORTED", "in the middle"));
      },
      chat: () => {
        throw new RpcError("DATA_LOSS", "at once");
      },
    }),
  });
  const plugin = await client.dispense("calls");
  await rejects(plugin.unary(chunk(1)), (error: RpcError) => {
    deepStrictEqual([error.status, error.message, error.metadata.reason], [
      "NOT_FOUND",
      "no such thing",
      "gone",
    ]);
    return true;
  });
  await rejects(plugin.upload([]), { status: "UNKNOWN", message: "broken" });
  await rejects(collect(plugin.download(chunk(1))), { status: "ABORTED" });
  await rejects(collect(plugin.chat([])), { status: "DATA_LOSS" });
  await client.ping();
});

test("testClient(): kill() fires the signal of a handler under way", async () => {
  let seen = "";
  const client = await testClient({
    fixture: implement(FixtureService, {
      ...unusedHandlers(),
      hang: (_, { signal }) =>
        new Promise((resolve) =>
          signal.addEventListener("abort", () => resolve({ text: seen = "aborted" }))
        ),
      echo: ({ text }) => ({ text }),
    }),
  });
  const plugin = await client.dispense("fixture");
  const hanging = plugin.hang({ text: "" });
  await plugin.echo({ text: "the other call has arrived as well" });
  const [answer, { step }] = await within(Promise.all([hanging, client.kill()]), "kill()");
  deepStrictEqual([seen, answer.text, step], ["aborted", "aborted", "Shutdown"]);
});

test("testClient() drops what both sides log, or gives it to a logger", async () => {
  const { logger, entries } = recordLogs();
  const client = await testClient({ calls }, { logger });
  await client.kill();
  const messages = entries.map(({ message }) => message);
  ok(messages.includes("plugin is shutting down") && messages.includes("plugin exited"));
});

for (
  const [title, plugin, expected] of [
    ["has no server side", { client: () => 1 }, /Cannot serve plugin "bad": no server side/],
    [
      "lacks a method",
      { server: ({ register }) => register(CallsService, { unary: () => chunk(1) } as never) },
      /Cannot serve everything.Calls: no handler for its method "download"/,
    ],
    ["throws", { server: () => Promise.reject(new Error("thrown by the test")) }, /thrown by/],
  ] as readonly [string, Plugin, RegExp][]
) {
  test(`testClient() rejects if a plugin ${title}, and leaves nothing`, async () => {
    const sockets = openSockets();
    let isStopped = false;
    const good: Plugin = {
      server: ({ signal }) => signal.addEventListener("abort", () => isStopped = true),
    };
    const left = await leftovers(async () => {
      await rejects(within(testClient({ good, bad: plugin }), "the error"), (error: Error) => {
        match(error.message, expected);
        return title === "throws" || error instanceof ServiceError;
      });
    });
    deepStrictEqual(left, []);
    ok(isStopped, "the signal of a plugin that was registered");
    await until(() => (openSockets() ?? 0) <= (sockets ?? 0), "the end of the sockets");
  });
}

test("testClient() rejects if an option is wrong, and leaves nothing", async () => {
  const sockets = openSockets();
  const left = await leftovers(async () => {
    await rejects(testClient({ calls }, { client: { killGraceMs: -1 } }), RangeError);
  });
  deepStrictEqual(left, []);
  await until(() => (openSockets() ?? 0) <= (sockets ?? 0), "the end of the sockets");
});

test("testClient() rejects if the host's side cannot connect, and leaves nothing", async () => {
  const sockets = openSockets();
  const left = await leftovers(async () => {
    // A plugin with TLS of its own is not to be reached by AutoMTLS.
    const { generateIdentity } = await import("../../src/wire/certificate.ts");
    const { certificatePem: certificate, privateKeyPem: privateKey } = await generateIdentity();
    const tlsProvider = () => ({ certificate, privateKey });
    await rejects(
      within(testClient({ calls }, { serve: { tlsProvider } }), "the error"),
      (error: PluginError) => error.code === "certificate-missing",
    );
  });
  deepStrictEqual(left, []);
  await until(() => (openSockets() ?? 0) <= (sockets ?? 0), "the end of the sockets");
});

test("testClient() fifty times in a row leaves no socket, no file and no listener", async () => {
  const sockets = openSockets();
  const listeners = processListeners();
  const left = await leftovers(async () => {
    for (let round = 0; round < 50; round++) {
      await using client = await testClient({ calls }, {
        autoMtls: round % 10 === 0,
        serve: { network: round % 2 === 0 ? "unix" : "tcp" },
      });
      strictEqual((await (await client.dispense("calls")).unary(chunk(round))).number, round + 1);
    }
  });
  deepStrictEqual(left, []);
  await until(() => (openSockets() ?? 0) <= (sockets ?? 0), "the end of the sockets");
  deepStrictEqual(processListeners(), listeners);
});

function unusedHandlers() {
  const unused = () => {
    throw new Error("not part of this test");
  };
  return { environment: unused, crash: unused, print: unused, count: unused };
}
