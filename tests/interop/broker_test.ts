/** The broker with the real go-plugin: upstream's bidirectional example, both ways. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
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

const NUMBERS = ["1", "2", "39"];
const ASKED = "the plugin asks for 0 + 1\nthe plugin asks for 1 + 2\nthe plugin asks for 3 + 39\n";

for (const runtime of RUNTIMES) {
  const skip = goMissing() ?? runtimeMissing(runtime) ?? false;
  for (const mtls of AUTO_MTLS) {
    test(`our host on ${runtime} is called back by upstream's plugin, AutoMTLS ${mtls}`, {
      skip,
    }, async () => {
      const host = await ourProgram(runtime, "examples/callback/host");
      const COUNTER_PLUGIN = await goProgram("upstream-counter-plugin");
      const { result, left } = await inTemporaryDirectory((cwd) =>
        run([...host, "key", ...NUMBERS], {
          cwd,
          env: { COUNTER_PLUGIN, AUTO_MTLS: mtls, TMPDIR: cwd },
        })
      );
      // The plugin reads a file that is not there yet as zero.
      deepStrictEqual([result.code, result.stdout], [0, `${ASKED}key: 42\n`], result.stderr);
      deepStrictEqual(left, ["kv_key"]);
    });

    test(`our plugin on ${runtime} calls back into a Go host, AutoMTLS ${mtls}`, {
      skip,
    }, async () => {
      const host = await goProgram("counter-host");
      const COUNTER_PLUGIN = shellWords(await ourProgram(runtime, "examples/callback/plugin"));
      const { result, left } = await inTemporaryDirectory((TMPDIR) =>
        run([host, "key", ...NUMBERS], { env: { COUNTER_PLUGIN, AUTO_MTLS: mtls, TMPDIR } })
      );
      deepStrictEqual(
        [result.code, result.stdout],
        [0, "0 + 1\n1 + 2\n3 + 39\n42\n"],
        result.stderr,
      );
      deepStrictEqual(left, []);
    });

    for (const plugin of RUNTIMES) {
      test(`our host on ${runtime} is called back by ours on ${plugin}, AutoMTLS ${mtls}`, {
        skip: runtimeMissing(runtime) ?? runtimeMissing(plugin) ?? false,
      }, async () => {
        const host = await ourProgram(runtime, "examples/callback/host");
        const COUNTER_PLUGIN = shellWords(await ourProgram(plugin, "examples/callback/plugin"));
        const { result, left } = await inTemporaryDirectory((TMPDIR) =>
          run([...host, "key", ...NUMBERS], { env: { COUNTER_PLUGIN, AUTO_MTLS: mtls, TMPDIR } })
        );
        deepStrictEqual([result.code, result.stdout], [0, `${ASKED}key: 42\n`], result.stderr);
        deepStrictEqual(left, []);
      });
    }
  }

  test(`our plugin on ${runtime} calls back into upstream's host`, { skip }, async () => {
    const host = await goProgram("upstream-counter-host");
    const plugin = shellWords(await ourProgram(runtime, "examples/callback/plugin"));
    const { result } = await inTemporaryDirectory((TMPDIR) =>
      run([host, "put", "key", "5"], { env: { COUNTER_PLUGIN: `exec ${plugin}`, TMPDIR } })
    );
    strictEqual(result.code, 0, result.stdout);
  });

  test(`our host on ${runtime}: upstream's counter keeps what was counted`, { skip }, async () => {
    const host = await ourProgram(runtime, "examples/callback/host");
    const COUNTER_PLUGIN = await goProgram("upstream-counter-plugin");
    await inTemporaryDirectory(async (cwd) => {
      await run([...host, "key", "7"], { cwd, env: { COUNTER_PLUGIN } });
      strictEqual(readFileSync(join(cwd, "kv_key"), "utf8"), '{"Value":7}');
    });
  });
}
