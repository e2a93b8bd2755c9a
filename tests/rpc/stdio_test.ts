import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { implement, type ServerCall } from "../../mod.ts";
import { RpcError } from "../../src/errors.ts";
import {
  drainStdio,
  type Stdio,
  type StdioData,
  stdioHandlers,
  StdioService,
  type StdioSinks,
} from "../../src/rpc/stdio.ts";
import { OutputBuffer } from "../../src/rpc/output_buffer.ts";
import { recordLogs } from "../helpers/logs.ts";
import { openPair, TRANSPORTS } from "../helpers/rpc_pair.ts";
import { within } from "../helpers/wait.ts";
import { implementCalls } from "./calls.ts";
import { Feed } from "./feed.ts";
import { aborted, Happening } from "./waiting.ts";

const NEVER = new AbortController().signal;

function data(channel: StdioData["channel"], text: string): StdioData {
  return { channel, data: Buffer.from(text) };
}

/** A client whose stream is made by the test. */
function clientOf(stream: AsyncIterable<StdioData>) {
  return { streamStdio: () => stream };
}

/** Collects text by its channel. */
function collectors() {
  const text = { stdout: "", stderr: "" };
  const sinks: StdioSinks = {
    stdout: (bytes) => void (text.stdout += Buffer.from(bytes).toString()),
    stderr: (bytes) => void (text.stderr += Buffer.from(bytes).toString()),
  };
  return { text, sinks };
}

async function* list(...items: StdioData[]): AsyncGenerator<StdioData> {
  yield* items;
}

for (const transport of TRANSPORTS) {
  test(`drainStdio() passes what comes to its sink on ${transport.title}`, async () => {
    const written = [data("STDOUT", "out 1 "), data("STDERR", "err"), data("STDOUT", "out 2 ä")];
    await using pair = await openPair([
      implement(StdioService, { streamStdio: () => list(...written) }),
    ], transport);
    const { text, sinks } = collectors();
    const { logger, entries } = recordLogs();
    await within(drainStdio(await pair.client(StdioService), sinks, logger, NEVER), "the end");
    deepStrictEqual(text, { stdout: "out 1 out 2 ä", stderr: "err" });
    deepStrictEqual(entries, []);
  });
}

test("drainStdio() passes bytes as they are, wherever they are cut", async () => {
  const bytes = Buffer.from([0, 0xe4, 0xff, 0xc3]);
  const taken: number[] = [];
  const { logger } = recordLogs();
  const stream = list({ channel: "STDERR", data: bytes }, { channel: "STDERR", data: Buffer.of() });
  await drainStdio(
    clientOf(stream),
    { stderr: (part) => void taken.push(...part) },
    logger,
    NEVER,
  );
  deepStrictEqual(taken, [0, 0xe4, 0xff, 0xc3]);
});

test("drainStdio() reads on where nobody wants the output", async () => {
  const feed = new Feed<StdioData>();
  for (let i = 0; i < 100; i++) feed.push(data(i % 2 ? "STDOUT" : "STDERR", "x"));
  feed.end();
  const { logger, entries } = recordLogs();
  await within(drainStdio(clientOf(feed), {}, logger, NEVER), "the end");
  strictEqual(feed.asked, 101);
  deepStrictEqual(entries, []);
});

test("drainStdio() waits for a slow sink", async () => {
  const feed = new Feed<StdioData>();
  feed.push(data("STDOUT", "first"));
  feed.push(data("STDOUT", "second"));
  feed.end();
  const reached = new Happening("the sink");
  const resume = new Happening("the go-ahead");
  const taken: string[] = [];
  const stdout = async (bytes: Uint8Array) => {
    taken.push(Buffer.from(bytes).toString());
    reached.come();
    await resume.wait();
  };
  const { logger } = recordLogs();
  const draining = drainStdio(clientOf(feed), { stdout }, logger, NEVER);
  await reached.wait();
  await new Promise((resolve) => setImmediate(resolve));
  deepStrictEqual([taken, feed.asked], [["first"], 1]);
  resume.come();
  await within(draining, "the end");
  deepStrictEqual(taken, ["first", "second"]);
});

for (
  const [how, fail] of [
    ["throws", () => {
      throw new Error("Disk full");
    }],
    ["rejects", () => Promise.reject(new Error("Disk full"))],
  ] as const
) {
  test(`drainStdio() survives a sink that ${how}`, async () => {
    const { text, sinks } = collectors();
    const { logger, entries } = recordLogs();
    const stream = list(data("STDOUT", "lost"), data("STDERR", "kept"), data("STDOUT", "lost"));
    await within(
      drainStdio(clientOf(stream), { ...sinks, stdout: fail }, logger, NEVER),
      "the end",
    );
    deepStrictEqual(text, { stdout: "", stderr: "kept" });
    deepStrictEqual(entries.map(({ level, fields }) => [level, fields.channel]), [
      ["error", "STDOUT"],
      ["error", "STDOUT"],
    ]);
    ok(entries.every(({ fields }) => (fields.error as Error).message === "Disk full"));
  });
}

test("drainStdio() warns of an unknown channel and reads on", async () => {
  const unknown = { channel: 9 as unknown as StdioData["channel"], data: Buffer.from("?") };
  const { text, sinks } = collectors();
  const { logger, entries } = recordLogs();
  const stream = list(data("INVALID", "?"), unknown, data("STDOUT", "known"));
  await drainStdio(clientOf(stream), sinks, logger, NEVER);
  deepStrictEqual(text, { stdout: "known", stderr: "" });
  deepStrictEqual(entries.map(({ level, fields }) => [level, fields.channel]), [
    ["warn", "INVALID"],
    ["warn", 9],
  ]);
});

test("drainStdio() is quiet about a plugin without the service", async () => {
  await using pair = await openPair([implementCalls({})]);
  const { logger, entries } = recordLogs();
  await within(drainStdio(await pair.client(StdioService), {}, logger, NEVER), "the end");
  deepStrictEqual(entries.map(({ level, fields }) => [level, fields.status]), [
    ["debug", "UNIMPLEMENTED"],
  ]);
});

for (
  const [error, level] of [
    [new RpcError("UNAVAILABLE", "It ended"), "debug"],
    [new RpcError("CANCELLED", "It ended"), "debug"],
    [new RpcError("INTERNAL", "It broke"), "error"],
    [new TypeError("It broke"), "error"],
  ] as const
) {
  const name = error instanceof RpcError ? error.status : error.constructor.name;
  test(`drainStdio() logs ${name} as ${level} and does not reject`, async () => {
    const feed = new Feed<StdioData>();
    feed.push(data("STDOUT", "before"));
    feed.fail(error);
    const { text, sinks } = collectors();
    const { logger, entries } = recordLogs();
    await within(drainStdio(clientOf(feed), sinks, logger, NEVER), "the end");
    strictEqual(text.stdout, "before");
    deepStrictEqual(entries.map((entry) => entry.level), [level]);
  });
}

/** Serves `stdioHandlers()` and reads them, once the call is there. */
async function openDrain(signal: AbortSignal) {
  const served = new Happening<AbortSignal>("the call");
  const output = new OutputBuffer(() => {});
  const pair = await openPair([
    implement<Stdio>(StdioService, {
      streamStdio(request, call: ServerCall) {
        served.come(call.signal);
        return stdioHandlers(output).streamStdio(request, call);
      },
    }),
  ]);
  const { logger, entries } = recordLogs();
  const draining = drainStdio(await pair.client(StdioService), {}, logger, signal);
  return { pair, output, draining, entries, serverSignal: await served.wait() };
}

test("drainStdio() ends with its signal, and stdioHandlers() end with it", async () => {
  const controller = new AbortController();
  const { pair, draining, entries, serverSignal } = await openDrain(controller.signal);
  await using _ = pair;
  controller.abort();
  await within(draining, "the end");
  await aborted(serverSignal);
  deepStrictEqual(entries.map(({ level }) => level), ["debug"]);
});

test("stdioHandlers() end a stream when the plugin shuts down and has no more to say", async () => {
  const { pair, output, draining, entries } = await openDrain(NEVER);
  await using _ = pair;
  const stopping = pair.served.server.stop(60_000);
  output.write("STDOUT", Uint8Array.of(1));
  output.close();
  await within(draining, "the end");
  await within(stopping, "the end of stop()");
  deepStrictEqual(entries, []);
});
