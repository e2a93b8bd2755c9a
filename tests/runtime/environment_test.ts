import { deepStrictEqual, strictEqual } from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { isDeno } from "../helpers/program.ts";

const NAMES = ["GOPLUGIN_TEST_SET", "GOPLUGIN_TEST_EMPTY", "GOPLUGIN_TEST_UNSET"] as const;

test("Runtime.readEnvironment() gives set, empty and missing variables", async () => {
  const runtime = await loadRuntime();
  process.env[NAMES[0]] = "first\nsecond=é";
  process.env[NAMES[1]] = "";
  try {
    const read = await runtime.readEnvironment(NAMES);
    deepStrictEqual(NAMES.map(read), ["first\nsecond=é", "", undefined]);
  } finally {
    delete process.env[NAMES[0]];
    delete process.env[NAMES[1]];
  }
});

test("Runtime.readEnvironment() takes no names", async () => {
  const read = await (await loadRuntime()).readEnvironment([]);
  strictEqual(read("GOPLUGIN_TEST_UNSET"), undefined);
});

test("loadRuntime() gives the runtime that this is", async () => {
  const runtime = await loadRuntime();
  strictEqual(runtime.name, isDeno ? "deno" : "node");
  strictEqual(runtime.version, isDeno ? process.versions.deno : process.versions.node);
  strictEqual(runtime.platform, process.platform === "win32" ? "windows" : process.platform);
});

test("loadRuntime() gives the same runtime again", async () => {
  strictEqual(await loadRuntime(), await loadRuntime());
});

test("Runtime.permits() grants everything to who has it", async () => {
  const runtime = await loadRuntime();
  deepStrictEqual(
    [
      runtime.permits({ kind: "env" }),
      runtime.permits({ kind: "env", name: "HOME" }),
      runtime.permits({ kind: "run", program: "sh" }),
      runtime.permits({ kind: "read", path: "/tmp" }),
      runtime.permits({ kind: "write", path: "/tmp" }),
      runtime.permits({ kind: "net", host: "127.0.0.1" }),
    ],
    Array(6).fill(true),
  );
});
