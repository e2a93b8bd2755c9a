/** Our host and plugins with python-plugin, the Python port. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { pythonEnvironment, pythonMissing, pythonProgram } from "../helpers/python.ts";
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
  const skip = pythonMissing() ?? runtimeMissing(runtime) ?? false;
  for (const mtls of AUTO_MTLS) {
    test(`our host on ${runtime} × Python plugin, AutoMTLS ${mtls}`, { skip }, async () => {
      const host = await ourProgram(runtime, "examples/kv/host");
      const KV_PLUGIN = shellWords([await pythonEnvironment(), pythonProgram("kv_plugin")]);
      await inTemporaryDirectory(async (TMPDIR) => {
        const env = { KV_PLUGIN, AUTO_MTLS: mtls, TMPDIR };
        const { code, stdout, stderr } = await run([...host, "roundtrip", "a", "b"], { env });
        deepStrictEqual([code, stdout], [0, "b\n"], stderr);
        const missing = await run([...host, "get", "nothing"], { env });
        deepStrictEqual([missing.code, missing.stderr], [1, 'error: no value under "nothing"\n']);
      });
    });

    test(`Python host × our plugin on ${runtime}, AutoMTLS ${mtls}`, { skip }, async () => {
      const host = [await pythonEnvironment(), pythonProgram("kv_host")] as const;
      const KV_PLUGIN = shellWords(await ourProgram(runtime, "examples/kv/plugin"));
      const { result } = await inTemporaryDirectory((TMPDIR) =>
        run([...host, "key", "value"], { env: { KV_PLUGIN, AUTO_MTLS: mtls, TMPDIR } })
      );
      strictEqual(result.code, 0, result.stderr);
      strictEqual(result.stdout, "value\n");
    });
  }
}
