import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { fixtureClient } from "../helpers/fixture_client.ts";
import { recordLogs } from "../helpers/logs.ts";
import { fixture, isDeno } from "../helpers/program.ts";
import { until } from "../helpers/wait.ts";

const PROGRAM = isDeno ? "deno" : "node";
const LONG = `{"@level":"info","@message":"${"x".repeat(100)}"}`;

/** What a host logs of the lines that its plugin begins with. */
async function loggedOf(lines: readonly string[], logBufferBytes?: number) {
  const { logger, entries } = recordLogs();
  await using client = fixtureClient(fixture("telling", ...lines, "the last line"), {
    logger,
    ...(logBufferBytes !== undefined && { logBufferBytes }),
  });
  await client.start();
  const isLast = ({ message }: { message: string }) => message === "the last line";
  await until(() => entries.some(isLast), "the last line");
  const own = entries.filter(({ name }) => name === PROGRAM);
  return own.slice(0, own.findIndex(isLast));
}

const LINES: readonly (readonly [
  what: string,
  lines: readonly string[],
  logged: readonly (readonly [level: string, message: string])[],
])[] = [
  ["JSON that is no entry as it stands", ['["HELLO"]', "12345", '{"a":1}'], [
    ["debug", '["HELLO"]'],
    ["debug", "12345"],
    ["debug", '{"a":1}'],
  ]],
  ["text at the level of its prefix", ["[WARN] careful", "[ERROR] broken", "plain"], [
    ["warn", "[WARN] careful"],
    ["error", "[ERROR] broken"],
    ["debug", "plain"],
  ]],
  ["a Go panic and its stack as errors", ["calm", "panic: boom", "", "main.main()", "[INFO] a"], [
    ["debug", "calm"],
    ["error", "panic: boom"],
    ["error", ""],
    ["error", "main.main()"],
    ["info", "[INFO] a"],
  ]],
];

for (const [what, lines, logged] of LINES) {
  test(`a host logs ${what}`, async () => {
    const entries = await loggedOf(lines);
    deepStrictEqual(entries.map(({ level, message }) => [level, message]), logged);
  });
}

test("a host logs JSON that is longer than logBufferBytes in pieces, at debug", async () => {
  const entries = await loggedOf([LONG], 64);
  ok(entries.every(({ level }) => level === "debug"));
  deepStrictEqual(entries.map(({ message }) => message.length), [64, 64, LONG.length - 128]);
  strictEqual(entries.map(({ message }) => message).join(""), LONG);
});

test("a host logs hclog's JSON with its fields, at its level", async () => {
  const line = { "@level": "warn", "@message": "low", "@module": "disk", free: 12, path: "/tmp" };
  const [entry] = await loggedOf([JSON.stringify(line)]);
  deepStrictEqual({ ...entry }, {
    name: PROGRAM,
    level: "warn",
    message: "low",
    fields: { "@module": "disk", free: 12, path: "/tmp" },
  });
});

test("a slow reader of what a plugin writes brings no error to the log at its end", async () => {
  const { logger, entries } = recordLogs();
  const client = fixtureClient(fixture("telling", ..."abcdefghij"), {
    logger,
    stderr: () => new Promise((resolve) => setTimeout(resolve, 10)),
  });
  const plugin = await client.dispense("fixture");
  await plugin.print({ amount: 1024 * 1024 });
  strictEqual((await client.kill()).step, "Shutdown");
  deepStrictEqual(entries.filter(({ level }) => level === "error" || level === "warn"), []);
});
