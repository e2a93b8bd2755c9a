import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { run, shell } from "./spawned.ts";

const NAME = "GOPLUGIN_TEST_INHERITED";

/** Runs with a variable in this process's environment. */
async function withVariable(value: string, action: () => Promise<void>): Promise<void> {
  process.env[NAME] = value;
  try {
    await action();
  } finally {
    delete process.env[NAME];
  }
}

const PRINT = shell(`printf '%s' "\${${NAME}-absent}"`);

test("SpawnOptions.inheritEnv hands the host's variables on", async () => {
  await withVariable("a\nb", async () => {
    strictEqual((await run(PRINT)).stdout, "a\nb");
  });
  strictEqual((await run(PRINT)).stdout, "absent");
});

test("SpawnOptions.inheritEnv false hands on nothing but env", async () => {
  await withVariable("inherited", async () => {
    const { stdout } = await run(["/usr/bin/env"], { env: { ONLY: "this" }, inheritEnv: false });
    deepStrictEqual(stdout.split("\n").filter((line) => line !== ""), ["ONLY=this"]);
  });
});

test("SpawnOptions.inheritEnv false finds a program by its name all the same", async () => {
  const { stdout } = await run(["sh", "-c", "echo found"], { inheritEnv: false });
  strictEqual(stdout, "found\n");
});

test("SpawnOptions.env wins over inherited variables", async () => {
  await withVariable("inherited", async () => {
    strictEqual((await run(PRINT, { env: { [NAME]: "given" } })).stdout, "given");
    strictEqual((await run(PRINT, { env: { [NAME]: "" } })).stdout, "");
  });
});

test("SpawnOptions.env passes any value on", async () => {
  const value = "a\nb=c \"d\" 'e' $f é𝄞\\";
  strictEqual((await run(PRINT, { env: { [NAME]: value } })).stdout, value);
});

test("SpawnOptions.withoutEnv hides an inherited variable", async () => {
  await withVariable("inherited", async () => {
    const { stdout } = await run(PRINT, { withoutEnv: [NAME, "GOPLUGIN_TEST_NEVER_SET"] });
    match(stdout, /^(absent)?$/);
  });
});

test("SpawnOptions.withoutEnv adds nothing that was not there", async () => {
  const { stdout } = await run(["/usr/bin/env"], { withoutEnv: [NAME] });
  strictEqual(stdout.includes(NAME), false);
});

test("SpawnOptions.env wins over withoutEnv", async () => {
  await withVariable("inherited", async () => {
    const settings = { env: { [NAME]: "given" }, withoutEnv: [NAME] };
    strictEqual((await run(PRINT, settings)).stdout, "given");
  });
});

test("SpawnOptions.withoutEnv leaves this process's environment alone", async () => {
  await withVariable("inherited", async () => {
    strictEqual((await run(["true"], { withoutEnv: [NAME] })).exit.code, 0);
    strictEqual(process.env[NAME], "inherited");
  });
});
