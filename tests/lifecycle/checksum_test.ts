import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join, normalize } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { ChecksumError, Client, PermissionError, startCommand } from "@x/goplugin";
import { handshake } from "../fixtures/fixture.ts";
import { failedStart, fixtureClient, leftovers } from "../helpers/fixture_client.ts";
import { recordLogs } from "../helpers/logs.ts";
import { type Command, fixture, isDeno, moduleCommand } from "../helpers/program.ts";
import { run } from "../helpers/run.ts";
import { failedRun, runnerClient } from "../helpers/runner_client.ts";

function checksumOf(path: string, algorithm = "sha256"): string {
  return createHash(algorithm).update(readFileSync(path)).digest("hex");
}

const command = fixture("obedient");
const script = command.at(-1) as string;
const WRONG = "00".repeat(32);

/** Gives a directory that is removed afterwards. */
async function inDirectory(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "secure-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A program that starts the obedient plugin, and leaves the path by which it was started in a file. */
function writeProgram(folder: string, name = "plugin"): { path: string; trace: string } {
  const [path, trace] = [join(folder, name), join(folder, `${name}.started`)];
  const words = command.map((word) => `'${word}'`).join(" ");
  writeFileSync(path, `#!/bin/sh\nprintf %s "$0" > '${trace}'\nexec ${words}\n`, { mode: 0o755 });
  return { path, trace };
}

for (const algorithm of ["sha256", "sha512"]) {
  test(`secure starts the program that has the checksum, ${algorithm}`, async () => {
    await inDirectory(async (folder) => {
      const { path, trace } = writeProgram(folder);
      const secure = { checksum: checksumOf(path, algorithm), algorithm };
      await using client = fixtureClient([path], { secure });
      strictEqual((await (await client.dispense("fixture")).echo({ text: "yes" })).text, "yes");
      strictEqual(existsSync(trace), true);
    });
  });
}

for (
  const [what, secure, fault] of [
    ["another checksum", { checksum: WRONG, algorithm: "sha256" }, "mismatch"],
    ["an empty checksum", { checksum: "", algorithm: "sha256" }, "missing"],
    ["no algorithm", { checksum: WRONG, algorithm: "" }, "algorithm"],
    ["no such file", { checksum: WRONG, algorithm: "sha256", file: "gone" }, "unreadable"],
  ] as const
) {
  test(`secure with ${what} spawns nothing and leaves nothing`, async () => {
    await inDirectory(async (folder) => {
      const { path, trace } = writeProgram(folder);
      const left = await leftovers(async (env) => {
        const error = await failedStart([path], { secure, env, cwd: folder });
        ok(error instanceof ChecksumError, String(error));
        strictEqual(error.fault, fault);
        strictEqual(error.report?.phase, "spawn");
        deepStrictEqual(error.report.command, [path]);
      });
      deepStrictEqual([left, existsSync(trace)], [[], false]);
    });
  });
}

test("secure.file checks the script that an interpreter runs, relative to cwd", async () => {
  const secure = { checksum: checksumOf(script), algorithm: "sha256" };
  for (
    const place of [
      { secure: { ...secure, file: script } },
      { secure: { ...secure, file: basename(script) }, cwd: dirname(script) },
      { secure: { ...secure, file: `./${basename(script)}` }, cwd: dirname(script) },
    ]
  ) {
    await using client = fixtureClient(command, place);
    await client.start();
  }
  const error = await failedStart(command, { secure: { ...secure, file: process.execPath } });
  ok(error instanceof ChecksumError && error.fault === "mismatch", String(error));
});

test("secure checks and starts the same file for a name in PATH", async () => {
  await inDirectory(async (folder) => {
    const { path, trace } = writeProgram(folder, "goplugin-test-plugin");
    const env = { PATH: [folder, process.env.PATH].join(delimiter) };
    const { logger, entries } = recordLogs();
    const secure = { checksum: checksumOf(path), algorithm: "sha256" };
    await using client = fixtureClient(["goplugin-test-plugin"], { secure, env, logger });
    await client.start();
    strictEqual(readFileSync(trace, "utf8"), path);
    const started = entries.find(({ message }) => message === "plugin started");
    strictEqual(started?.fields.path, "goplugin-test-plugin");
  });
});

test("secure starts the very path that it checked, whatever the working directory is", async () => {
  await inDirectory(async (folder) => {
    const { path, trace } = writeProgram(folder);
    const secure = { checksum: checksumOf(path), algorithm: "sha256" };
    await using client = fixtureClient(["./plugin"], { secure, cwd: folder });
    await client.start();
    strictEqual(normalize(readFileSync(trace, "utf8")), path);
  });
});

test("secure with a runner checks the file before the runner is asked", async () => {
  const secure = { checksum: checksumOf(script), algorithm: "sha256", file: script };
  const client = runnerClient((spec) => startCommand(command, spec), { secure });
  await client.start();
  await client.kill();
  let isAsked = false;
  const error = await failedRun((spec) => {
    isAsked = true;
    return startCommand(command, spec);
  }, { secure: { ...secure, checksum: WRONG } });
  ok(error instanceof ChecksumError && error.fault === "mismatch", String(error));
  strictEqual(isAsked, false);
});

test("secure with a runner and without a file, or with reattach, is a TypeError", () => {
  const secure = { checksum: WRONG, algorithm: "sha256" };
  let thrown: unknown;
  try {
    runnerClient((spec) => startCommand(command, spec), { secure });
  } catch (error) {
    thrown = error;
  }
  ok(thrown instanceof TypeError);
  match(thrown.message, /with a runner, file must name what is checked/);
  const address = { network: "unix", path: "/nonexistent" } as const;
  const reattach = { protocol: "grpc", protocolVersion: 1, address, pid: 1, test: false } as const;
  try {
    // @ts-expect-error The compiler knows as well.
    new Client({ handshake, plugins: {}, reattach, secure });
  } catch (error) {
    thrown = error;
  }
  match(String(thrown), /TypeError: .*only one of reattach or secure can be set/);
});

test("secure without --allow-read is a PermissionError that names the flag", {
  skip: isDeno ? false : "Node has no such permission",
}, async () => {
  const host: Command = moduleCommand("tests/fixtures/secure_host", [
    "--no-prompt",
    "--allow-run",
    "--allow-net",
    "--allow-env",
  ]);
  const { stdout, stderr } = await run([...host, process.execPath]);
  const { name, code, flags, phase } = JSON.parse(stdout || "{}");
  deepStrictEqual(
    { name, code, flags, phase },
    {
      name: PermissionError.name,
      code: "permission",
      flags: [`--allow-read=${process.execPath}`],
      phase: "spawn",
    },
    stderr,
  );
});
