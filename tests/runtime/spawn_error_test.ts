import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { PluginError, SpawnError } from "../../src/errors.ts";
import { spawnError } from "../../src/runtime/spawn_error.ts";
import type { Command } from "../helpers/program.ts";
import { type Outcome, run, type Settings } from "./spawned.ts";

const folder = mkdtempSync(join(tmpdir(), "spawn-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a file in the tests' folder. */
function file(name: string, content: string | Uint8Array, mode: number): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode });
  return path;
}

/** The error of a start that must fail; every start gives a promise. */
async function refused(command: Command, settings: Settings = {}): Promise<SpawnError> {
  const error = await run(command, settings).then(() => undefined, (error) => error);
  ok(error instanceof SpawnError, `not a SpawnError: ${error}`);
  ok(error instanceof PluginError);
  deepStrictEqual([error.name, error.code], ["SpawnError", "spawn"]);
  match(error.message, /^Cannot start plugin: /);
  ok(error.message.includes(JSON.stringify(command[0])), error.message);
  return error;
}

for (const program of ["/nowhere/at/all", "./nowhere", "goplugin-no-such-program"]) {
  test(`Runtime.spawn() names a program that is not there: ${program}`, async () => {
    const error = await refused([program]);
    match(error.message, /not found$/);
    match(error.hint ?? "", /PATH/);
    ok(error.cause instanceof Error);
  });
}

test("Runtime.spawn() says that a working directory may be what is not there", async () => {
  const error = await refused(["true"], { cwd: join(folder, "nowhere") });
  match(error.message, /working directory not found/);
});

test("Runtime.spawn() refuses a working directory that is a file", async () => {
  await refused(["true"], { cwd: file("plain", "", 0o644) });
});

test("Runtime.spawn() says that a file is not executable", async () => {
  const error = await refused([file("readable", "#!/bin/sh\n", 0o644)]);
  match(error.message, /is not executable/);
  match(error.hint ?? "", /chmod \+x/);
});

test("Runtime.spawn() says that a folder is not executable", async () => {
  match((await refused([folder])).message, /is not executable/);
});

test("Runtime.spawn() refuses a script whose interpreter is not there", async () => {
  match((await refused([file("script", "#!/nowhere/sh\n", 0o755)])).message, /not found/);
});

test("Runtime.spawn() refuses a command line that is too long for the system", async () => {
  await refused(["true", "a".repeat(4 * 1024 * 1024)]);
});

test("Runtime.spawn() refuses an empty name", async () => {
  await refused([""]);
});

test("Runtime.spawn() refuses a name with a zero byte", async () => {
  await refused(["true\0"]);
});

// execvp(3) hands such a file to the shell; systems that do not say ENOEXEC.
for (
  const [what, content] of [
    ["bytes that are no program", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3, 0xff, 10, 0)],
    ["text without a #! line", "goplugin_no_such_command\n"],
  ] as const
) {
  test(`Runtime.spawn() refuses an executable file of ${what}, or its process fails`, async () => {
    const program = file("no-program", content, 0o755);
    const result: Outcome | SpawnError = await run([program]).catch((error) => error);
    if (result instanceof SpawnError) match(result.hint ?? "", /another operating system/);
    else notStrictEqual(result.exit.code, 0);
  });
}

for (
  const [code, message, hint] of [
    ["ENOENT", /: "kv" or its working directory not found$/, /PATH/],
    ["ENOTDIR", /: "kv" or its working directory not found$/, /PATH/],
    ["EACCES", /: "kv" is not executable$/, /chmod/],
    ["EPERM", /: "kv" is not executable$/, /chmod/],
    ["ENOEXEC", /: "kv" is no program for this machine$/, /processor/],
    ["EAGAIN", /: "kv": the system's words$/, undefined],
    [undefined, /: "kv": the system's words$/, undefined],
  ] as const
) {
  test(`spawnError() explains ${code ?? "an error without a code"}`, () => {
    const cause = new Error("the system's words");
    const error = spawnError("kv", code, cause);
    match(error.message, message);
    if (hint === undefined) strictEqual(error.hint, undefined);
    else match(error.hint ?? "", hint);
    strictEqual(error.cause, cause);
  });
}
