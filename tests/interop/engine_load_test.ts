/** Our engine and grpc-go under a mixed load, with every byte compared. */
import { ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { goMissing, goProgram } from "../helpers/go.ts";
import { runLong } from "../helpers/run.ts";
import { ServerProcess } from "./engine/programs.ts";
import { ourProgram, runtimeMissing, RUNTIMES } from "./matrix.ts";

const LIMIT_MS = 10 * 60_000;

for (const runtime of RUNTIMES) {
  test(`calls of all kinds at once × grpc-go's server bring what they should on ${runtime}`, {
    skip: goMissing() ?? runtimeMissing(runtime) ?? false,
  }, async () => {
    await using server = await ServerProcess.start([await goProgram("storm"), "mirror"]);
    const client = await ourProgram(runtime, "tests/interop/engine/load_client");
    const { code, stdout, stderr } = await runLong(
      [...client, String(server.port)],
      {},
      LIMIT_MS,
    );
    strictEqual(code, 0, stderr);
    const [said, outcomes] = stdout.trim().split("\n");
    console.log(said);
    for (const [status, count] of Object.entries(JSON.parse(outcomes ?? "{}"))) {
      ok(count as number > 0, `none with ${status}`);
    }
  });
}
