import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "node:test";
import { moduleCommand } from "../helpers/program.ts";
import { isAlive, within } from "../helpers/wait.ts";
import { lineReader, outcomeOf, run, shell, start, textOf } from "./spawned.ts";

test("Runtime.spawn() gives what the process writes, by pipe", async () => {
  deepStrictEqual(await run(shell("echo out; echo err >&2")), {
    stdout: "out\n",
    stderr: "err\n",
    exit: { code: 0, signal: null },
  });
});

test("Runtime.spawn() gives bytes as they are", async () => {
  const child = await start(shell(String.raw`printf '\000\377\r\n\200'`));
  const bytes = await new Response(child.stdout as ReadableStream<Uint8Array<ArrayBuffer>>)
    .arrayBuffer();
  deepStrictEqual(Buffer.from(bytes), Buffer.from([0, 255, 13, 10, 128]));
  strictEqual((await within(child.exited, "the end")).code, 0);
});

test("Runtime.spawn() gives more than a pipe holds, on both pipes", async () => {
  const fill = "head -c 1000000 /dev/zero";
  const { stdout, stderr } = await run(shell(`${fill}; ${fill} >&2; ${fill}`));
  deepStrictEqual([stdout.length, stderr.length], [2_000_000, 1_000_000]);
});

test("Runtime.spawn() passes arguments on unchanged", async () => {
  const args = ["a b", "", "$HOME", "*", 'say "x"', "it's", "-n", "é𝄞", "a\nb", "\\"];
  const { stdout } = await run(shell(`printf '%s|' "$@"`, ...args));
  strictEqual(stdout, `${args.join("|")}|`);
});

test("Runtime.spawn() takes a path as well as a name", async () => {
  strictEqual((await run(["/bin/sh", "-c", "echo path"])).stdout, "path\n");
});

test("ChildProcess.pid is the process's own", async () => {
  const child = await start(shell("echo $$"));
  strictEqual((await outcomeOf(child)).stdout, `${child.pid}\n`);
});

for (const code of [0, 1, 7, 126, 255]) {
  test(`ChildProcess.exited gives the exit code ${code}`, async () => {
    deepStrictEqual((await run(shell(`exit ${code}`))).exit, { code, signal: null });
  });
}

for (const signal of ["SIGKILL", "SIGTERM", "SIGHUP"]) {
  test(`ChildProcess.exited gives the signal ${signal} that ended the process`, async () => {
    const { exit } = await run(shell(`kill -${signal.slice(3)} $$`));
    deepStrictEqual(exit, { code: null, signal });
  });
}

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  test(`ChildProcess.kill() sends ${signal}`, async () => {
    const child = await start(["sleep", "600"]);
    child.kill(signal);
    deepStrictEqual((await outcomeOf(child)).exit, { code: null, signal });
    strictEqual(isAlive(child.pid), false);
  });
}

test("ChildProcess.kill() leaves it to the process what SIGTERM does", async () => {
  const child = await start(shell("trap 'echo caught; exit 3' TERM; echo ready; read line"), {
    stdin: "piped",
  });
  const nextLine = lineReader(child.stdout);
  strictEqual(await nextLine(), "ready");
  child.kill("SIGTERM");
  strictEqual(await nextLine(), "caught");
  deepStrictEqual(await within(child.exited, "the end"), { code: 3, signal: null });
});

test("ChildProcess.kill() does nothing once the process has ended", async () => {
  const child = await start(shell("exit 5"));
  const { exit } = await outcomeOf(child);
  child.kill("SIGTERM");
  child.kill("SIGKILL");
  deepStrictEqual([exit, await child.exited], [exit, { code: 5, signal: null }]);
});

test("ChildProcess.exited does not wait for what a grandchild holds open", async () => {
  const child = await start(shell("sleep 60 & echo $!"));
  const grandchild = Number(await lineReader(child.stdout)());
  deepStrictEqual(await within(child.exited, "the end"), { code: 0, signal: null });
  strictEqual(isAlive(grandchild), true);
  process.kill(grandchild, "SIGKILL");
  strictEqual(await within(textOf(child.stderr), "the end of stderr"), "");
});

test("ChildProcess.stdout lets go of a pipe that a grandchild holds open", async () => {
  const child = await start(shell("sleep 60 & echo $!"), { stdin: "null" });
  const reader = child.stdout.getReader();
  const { value } = await within(reader.read(), "the grandchild's id");
  await within(child.exited, "the end");
  await within(Promise.all([reader.cancel(), child.stderr.cancel()]), "letting go");
  strictEqual((await reader.read()).done, true);
  process.kill(Number(Buffer.from(value ?? []).toString()), "SIGKILL");
});

test("ChildProcess.exited does not wait for somebody to read the pipes", async () => {
  const child = await start(shell("echo out; echo err >&2"));
  deepStrictEqual(await within(child.exited, "the end"), { code: 0, signal: null });
  strictEqual(await within(textOf(child.stdout), "stdout"), "out\n");
  strictEqual(await within(textOf(child.stderr), "stderr"), "err\n");
});

test("SpawnOptions.cwd is where the process runs", async () => {
  const cwd = realpathSync(tmpdir());
  strictEqual((await run(shell("pwd -P"), { cwd })).stdout, `${cwd}\n`);
  strictEqual((await run(shell("pwd -P"))).stdout, `${realpathSync(".")}\n`);
});

test("SpawnOptions.stdin null is at its end", async () => {
  const child = await start(["cat"]);
  strictEqual("stdin" in child, false);
  deepStrictEqual(await outcomeOf(child), {
    stdout: "",
    stderr: "",
    exit: { code: 0, signal: null },
  });
});

test("SpawnOptions.stdin piped is written to by the host", async () => {
  const child = await start(["cat"], { stdin: "piped" });
  const writer = child.stdin?.getWriter();
  await within(writer?.write(Buffer.from("first ")) ?? Promise.reject(), "writing");
  await within(writer?.write(Buffer.from("second")) ?? Promise.reject(), "writing");
  await within(writer?.close() ?? Promise.reject(), "closing");
  strictEqual((await outcomeOf(child)).stdout, "first second");
});

test("SpawnOptions.stdin inherit is the host's own", async () => {
  const host = await start(moduleCommand("tests/runtime/programs/inherit"), { stdin: "piped" });
  const writer = host.stdin?.getWriter();
  await within(writer?.write(Buffer.from("from the test")) ?? Promise.reject(), "writing");
  await within(writer?.close() ?? Promise.reject(), "closing");
  const { stdout, stderr } = await outcomeOf(host);
  match(stdout, /^cat read: from the test$/m, stderr);
});
