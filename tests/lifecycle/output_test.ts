import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { fixtureClient } from "../helpers/fixture_client.ts";
import { recordLogs } from "../helpers/logs.ts";
import { isDeno } from "../helpers/program.ts";
import { until, within } from "../helpers/wait.ts";

/** A client of the printing plugin with all that comes from it. */
function printingClient() {
  const { logger, entries } = recordLogs();
  const stdout: number[] = [];
  const stderr: number[] = [];
  const client = fixtureClient("printing", {
    logger,
    syncStdout: (bytes) => void stdout.push(...bytes),
    syncStderr: (bytes) => void stderr.push(...bytes),
  });
  const decode = (bytes: number[]) => new TextDecoder().decode(Uint8Array.from(bytes));
  return { client, entries, out: () => decode(stdout), errors: () => decode(stderr), stderr };
}

test("what a plugin prints by console reaches its host, byte for byte", async () => {
  const { client, out, errors } = printingClient();
  const plugin = await client.dispense("fixture");
  await plugin.echo({ text: "console" });
  await client.kill();
  strictEqual(out(), "log 1 { a: 2 }\né\n");
  strictEqual(errors(), "error\n");
});

test("what a plugin prints by process.stdout and process.stderr reaches its host", async () => {
  const { client, out, stderr } = printingClient();
  const plugin = await client.dispense("fixture");
  await plugin.echo({ text: "process" });
  await client.kill();
  strictEqual(out(), "out\n");
  deepStrictEqual(stderr, [0xff, 0, 10]);
});

if (isDeno) {
  test("what a plugin prints by Deno.stdout and Deno.stderr reaches its host", async () => {
    const { client, out, errors } = printingClient();
    const plugin = await client.dispense("fixture");
    await plugin.echo({ text: "deno" });
    await client.kill();
    strictEqual(out(), "sync\nasync\n");
    strictEqual(errors(), "stream\n");
  });
}

test("what a plugin prints as it shuts down still reaches its host; after serve() it is logged", async () => {
  const { client, entries, out } = printingClient();
  const plugin = await client.dispense("fixture");
  const hanging = plugin.hang({ text: "" });
  await plugin.echo({ text: "the other call has arrived as well" });
  await Promise.all([hanging, client.kill()]);
  strictEqual(out(), "last words\n");
  ok(entries.some(({ message }) => message === "after serve"));
});

test("64 MiB reach a slow reader whole, while other calls are answered", async () => {
  const amount = 64 * 1024 * 1024;
  let received = 0;
  let pieces = 0;
  const client = fixtureClient("printing", {
    async syncStdout(bytes) {
      received += bytes.length;
      if (++pieces % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    },
  });
  const plugin = await client.dispense("fixture");
  const printing = plugin.print({ amount });
  strictEqual((await plugin.echo({ text: "meanwhile" })).text, "meanwhile");
  await within(printing, "the printing", 120_000);
  await until(() => received === amount, "the last byte");
  await client.kill();
  strictEqual(received, amount);
});

test("a sink that never comes back holds up nothing but the output", async () => {
  const client = fixtureClient("printing", {
    killGraceMs: 300,
    syncStdout: () => new Promise<void>(() => {}),
  });
  const plugin = await client.dispense("fixture");
  await plugin.echo({ text: "console" });
  strictEqual((await within(plugin.echo({ text: "console" }), "the answer")).text, "console");
  ok(["Shutdown", "SIGTERM"].includes((await within(client.kill(), "kill()")).step));
});

test("a plugin whose host does not read keeps a bounded amount and says what it dropped", async () => {
  const { OutputBuffer, UNREAD_LIMIT_BYTES } = await import("../../src/rpc/output_buffer.ts");
  const dropped: number[] = [];
  const buffer = new OutputBuffer((bytes) => void dropped.push(bytes));
  const piece = new Uint8Array(100_000);
  let written = 0;
  for (; written < 2 * UNREAD_LIMIT_BYTES; written += piece.length) buffer.write("STDOUT", piece);
  strictEqual(buffer.room(), undefined);
  buffer.close();
  let read = 0;
  for await (const { data } of buffer.read(new AbortController().signal)) read += data.length;
  ok(read <= UNREAD_LIMIT_BYTES && read > UNREAD_LIMIT_BYTES - piece.length);
  deepStrictEqual(dropped, [written - read]);
});

test("a second reader of a plugin's output takes over where the first has left", async () => {
  const { OutputBuffer } = await import("../../src/rpc/output_buffer.ts");
  const buffer = new OutputBuffer(() => {});
  const first = new AbortController();
  const reader = buffer.read(first.signal);
  buffer.write("STDOUT", Uint8Array.of(1));
  const piece = await reader.next();
  deepStrictEqual([...piece.value?.data ?? []], [1]);
  const waiting = reader.next();
  first.abort();
  strictEqual((await within(waiting, "the end of the first")).done, true);
  buffer.write("STDERR", Uint8Array.of(2));
  const second = buffer.read(new AbortController().signal);
  const { value } = await second.next();
  deepStrictEqual([value?.channel, ...value?.data ?? []], ["STDERR", 2]);
  await second.return();
});

test("a plugin's own log is not taken for its output", async () => {
  const { client, entries, errors } = printingClient();
  await client.start();
  await client.kill();
  ok(entries.some(({ message }) => message === "plugin is shutting down"));
  match(errors(), /^$/);
});
