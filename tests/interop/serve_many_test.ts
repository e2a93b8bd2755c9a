/** One program of ours that is several plugins, under a Go host. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { goMissing, goProgram } from "../helpers/go.ts";
import { run } from "../helpers/run.ts";
import {
  AUTO_MTLS,
  inTemporaryDirectory,
  ourProgram,
  runtimeMissing,
  RUNTIMES,
  shellWords,
} from "./matrix.ts";

for (const runtime of RUNTIMES) {
  const skip = goMissing() ?? runtimeMissing(runtime) ?? false;
  for (const mtls of AUTO_MTLS) {
    test(`Go host × serveMany() on ${runtime}, AutoMTLS ${mtls}`, { skip }, async () => {
      const host = await goProgram("kv-host");
      const program = await ourProgram(runtime, "tests/interop/programs/many_plugin");
      const { left } = await inTemporaryDirectory(async (TMPDIR) => {
        const start = (...args: string[]) => {
          const KV_PLUGIN = shellWords([...program, ...args]);
          return run([host, "roundtrip", "key", "value"], {
            env: { KV_PLUGIN, AUTO_MTLS: mtls, TMPDIR, LOG: "trace" },
          });
        };
        for (const name of ["first", "second"]) {
          const { code, stdout, stderr } = await start(name);
          deepStrictEqual([code, stdout], [0, `${name}\n`], stderr);
        }
        const unknown = await start("third");
        strictEqual(unknown.code, 1);
        match(unknown.stderr, /Unknown plugin: third/);
        const none = await start();
        strictEqual(none.code, 1);
        match(none.stderr, /its only argument: first, second/);
      });
      deepStrictEqual(left, []);
    });
  }
}
