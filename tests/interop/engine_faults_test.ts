/** Our engine and grpc-go, where things go wrong. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { goMissing, goProgram } from "../helpers/go.ts";
import type { Command } from "../helpers/program.ts";
import { run } from "../helpers/run.ts";
import { within } from "../helpers/wait.ts";
import { ServerProcess, startOurs } from "./engine/programs.ts";
import { ourProgram, runtimeMissing, RUNTIMES } from "./matrix.ts";

/** What a Go client makes of our server. */
const AGAINST_OUR_SERVER: Readonly<Record<string, readonly [what: string, expected: unknown]>> = {
  cancels: ["hears of 5000 calls that are cancelled as soon as they are made, and others go on", {
    statuses: { Canceled: 5000 },
    bystander: "OK",
    after: "OK",
  }],
  early: ["loses none of 200 errors that come while the client still sends", {
    statuses: { FailedPrecondition: 200 },
  }],
  gzip: ["reads requests that are compressed", {
    unary: "OK",
    streaming: "OK",
    sent: 360_000,
    received: 360_000,
  }],
  deadlines: ["ends calls whose time is up", { statuses: { DeadlineExceeded: 100 } }],
};

function lastJson(stdout: string): unknown {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

async function storm(port: number, mode: string): Promise<unknown> {
  const { code, stdout, stderr } = await run([
    await goProgram("storm"),
    "client",
    String(port),
    mode,
  ]);
  strictEqual(code, 0, stderr);
  return lastJson(stdout);
}

async function startStorm(): Promise<ServerProcess> {
  return await ServerProcess.start([await goProgram("storm"), "server"]);
}

for (const runtime of RUNTIMES) {
  const noRuntime = runtimeMissing(runtime);
  const skip = goMissing() ?? noRuntime ?? false;

  for (const [mode, [what, expected]] of Object.entries(AGAINST_OUR_SERVER)) {
    test(`our server on ${runtime} ${what}`, { skip }, async () => {
      await using server = await startOurs(runtime, "socket");
      deepStrictEqual(await storm(server.port, mode), expected);
    });
  }

  test(`our server on ${runtime} leaves no call in doubt when it stops under load`, {
    skip,
  }, async () => {
    await using server = await startOurs(runtime, "socket", undefined, { STOP_AFTER: "500" });
    const { ok: served, others } = await storm(server.port, "hammer") as {
      readonly ok: number;
      readonly others: object;
    };
    ok(served >= 500, `${served} calls`);
    deepStrictEqual(Object.keys(others), ["Unavailable"]);
    await server.says("stopped");
  });

  const clientCommand = async (port: number, mode: string): Promise<Command> => {
    const [program, ...args] = await ourProgram(runtime, "tests/interop/engine/fault_client");
    if (runtime === "node") args.unshift("--expose-gc");
    else args.splice(1, 0, "--v8-flags=--expose-gc");
    return [program, ...args, String(port), mode];
  };
  const ask = async (port: number, mode: string) => {
    const { code, stdout, stderr } = await run(await clientCommand(port, mode));
    strictEqual(code, 0, stderr);
    return lastJson(stdout);
  };

  test(`our client on ${runtime} reads answers that are compressed`, { skip }, async () => {
    await using server = await startStorm();
    const { sizes, bytesRead } = await ask(server.port, "gzip") as {
      readonly sizes: readonly number[];
      readonly bytesRead: number;
    };
    deepStrictEqual(sizes, [100_000, 1, 300_000]);
    ok(bytesRead > 0 && bytesRead < 20_000, `${bytesRead} bytes for messages that are all zeros`);
  });

  test(`our client on ${runtime} holds little of a stream that it reads slowly`, {
    skip,
  }, async () => {
    await using server = await startStorm();
    const { heldMib, received } = await ask(server.port, "slow-reader") as Record<string, number>;
    strictEqual(received, 300);
    ok(heldMib! < 64, `${heldMib} MiB were held`);
  });

  test(`our client on ${runtime} notices a server that is killed`, { skip }, async () => {
    await using server = await startStorm();
    const [program, ...args] = await clientCommand(server.port, "killed");
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    let stdout = "";
    child.stdout.on("data", (text) => stdout += text);
    await within(once(child.stdout, "data"), "the first answer");
    await server[Symbol.asyncDispose]();
    await within(once(child, "close"), "the end of the client");
    deepStrictEqual(lastJson(stdout), { statuses: ["UNAVAILABLE", "UNAVAILABLE"] });
  });

  test(`our client on ${runtime} keeps nothing of 30,000 calls with deadlines`, {
    skip: noRuntime ?? false,
  }, async () => {
    await using server = await startOurs(runtime, "socket");
    // It would not end before the deadlines if a timer were left.
    const found = await ask(server.port, "deadlines") as { hasGc: boolean; grownMib: number };
    strictEqual(found.hasGc, true);
    ok(found.grownMib < 2, `the heap has grown by ${found.grownMib} MiB`);
  });
}
