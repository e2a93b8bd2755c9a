import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { moduleCommand } from "../helpers/program.ts";
import { within } from "../helpers/wait.ts";
import { lineReader, start } from "../runtime/spawned.ts";

const folder = mkdtempSync(join(tmpdir(), "exit-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a program that listens on a unix socket and then ends in a certain way. */
async function listeningProgram(way: string, socketDirectory?: string) {
  const [program, ...args] = moduleCommand("tests/transport/programs/listen");
  const settings = JSON.stringify({ network: "unix", socketDirectory });
  const child = await start([program, ...args, settings, way], { stdin: "piped" });
  const { address } = JSON.parse(await lineReader(child.stdout)() ?? "{}");
  return { child, path: address.path as string };
}

for (
  const [what, way, code] of [
    ["exits", "exit", 0],
    ["dies of an error that nobody catches", "throw", 1],
    ["dies of a rejection that nobody handles", "reject", 1],
  ] as const
) {
  test(`listen() leaves nothing behind when the process ${what} without close()`, async () => {
    const { child, path } = await listeningProgram(way);
    deepStrictEqual([existsSync(path), existsSync(dirname(path))], [true, true]);
    await child.stdin?.close();
    deepStrictEqual(await within(child.exited, "the end"), { code, signal: null });
    deepStrictEqual([existsSync(path), existsSync(dirname(path))], [false, false]);
  });
}

test("listen() leaves a given directory, but no socket, when the process exits", async () => {
  const given = join(folder, "given");
  mkdirSync(given);
  const { child, path } = await listeningProgram("exit", given);
  strictEqual(dirname(path), given);
  strictEqual(existsSync(path), true);
  await child.stdin?.close();
  await within(child.exited, "the end");
  deepStrictEqual(readdirSync(given), []);
});
