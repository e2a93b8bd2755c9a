/** Our yamux against hashicorp/yamux, in both roles. */
import { strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { goMissing, goProgram } from "../helpers/go.ts";
import { run } from "../helpers/run.ts";
import { ourProgram, runtimeMissing, type RuntimeName, RUNTIMES } from "./matrix.ts";
import { CHECKS } from "./programs/yamux_checks.ts";

/** Each of our roles on one kind of connection. */
const WAYS = [["client", "unix"], ["server", "tcp"]] as const;

/** Runs every check in one process; what is wrong, by name. */
async function runChecks(runtime: RuntimeName, role: string, network: string) {
  const driver = await ourProgram(runtime, "tests/interop/programs/yamux_driver");
  const program = await goProgram("yamux-peer");
  const { code, stdout, stderr } = await run([...driver, program, role, network]);
  strictEqual(code, 0, stderr);
  const results = stdout.trim().split("\n").map((line) => JSON.parse(line));
  return new Map<string, string>(results.map(({ name, fault }) => [name, fault]));
}

for (const runtime of RUNTIMES) {
  for (const [role, network] of WAYS) {
    let results: Promise<Map<string, string>> | undefined;
    for (const name of Object.keys(CHECKS)) {
      test(`yamux on ${runtime} as ${role} over ${network}: ${name}`, {
        skip: goMissing() ?? runtimeMissing(runtime) ?? false,
      }, async () => {
        results ??= runChecks(runtime, role, network);
        const fault = (await results).get(name) ?? "the check did not run";
        strictEqual(fault, "", fault);
      });
    }
  }
}
