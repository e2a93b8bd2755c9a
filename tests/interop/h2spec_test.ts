/** h2spec, the conformance test of HTTP/2, against a server made with src/http2. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { goMissing } from "../helpers/go.ts";
import { goTool } from "../helpers/go_tool.ts";
import { run } from "../helpers/run.ts";
import { within } from "../helpers/wait.ts";
import { ourProgram, runtimeMissing, RUNTIMES } from "./matrix.ts";

const VERSION = "v2.2.1+incompatible";
const PACKAGE = "github.com/summerwind/h2spec/cmd/h2spec";
/** How many tests h2spec has: fewer would mean that it gave up early. */
const TESTS = 145;

for (const runtime of RUNTIMES) {
  test(`a server made with Connection passes h2spec on ${runtime}`, {
    skip: goMissing() ?? runtimeMissing(runtime) ?? false,
  }, async () => {
    const h2spec = await goTool(PACKAGE, VERSION);
    const [program, ...args] = await ourProgram(runtime, "tests/interop/h2spec_server");
    const server = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const [line] = await within(once(server.stdout, "data"), "the server's port");
      const { stdout } = await run([h2spec, "-h", "127.0.0.1", "-p", String(line).trim()]);
      const counts = /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/.exec(stdout);
      ok(counts, stdout);
      deepStrictEqual(counts.slice(1).map(Number), [TESTS, TESTS, 0, 0], stdout);
    } finally {
      server.kill("SIGKILL");
    }
  });
}
