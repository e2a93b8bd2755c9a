/** Our host with plugins in bubblewrap: go-plugin's own, and ours. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { goMissing, goProgram } from "../helpers/go.ts";
import { run } from "../helpers/run.ts";
import { sandboxMissing } from "../helpers/sandbox.ts";
import { AUTO_MTLS, inTemporaryDirectory, ourProgram, runtimeMissing, RUNTIMES } from "./matrix.ts";

for (const runtime of RUNTIMES) {
  const skip = sandboxMissing() ?? runtimeMissing(runtime) ?? false;
  for (const mtls of AUTO_MTLS) {
    const host = `our host on ${runtime}, AutoMTLS ${mtls}`;

    for (
      const [name, program, variable, answer] of [
        // Both keep what they are given in files of their working directory, which nobody else sees.
        ["KV", "upstream-grpc-plugin", "KV_PLUGIN", "value\n\nWritten from plugin-go-grpc"],
        ["counter", "upstream-counter-plugin", "COUNTER_PLUGIN", "0 + 1, 1 + 2, 3 + 39: 42"],
      ] as const
    ) {
      test(`${host}: upstream's ${name} plugin in a sandbox`, {
        skip: skip || (goMissing() ?? false),
      }, async () => {
        const command = await ourProgram(runtime, "tests/interop/programs/sandboxed_host");
        const plugin = await goProgram(program);
        const { result, left } = await inTemporaryDirectory((TMPDIR) =>
          run(command, {
            cwd: TMPDIR,
            env: { [variable]: plugin, AUTO_MTLS: mtls, TMPDIR },
          })
        );
        strictEqual(result.code, 0, result.stderr);
        deepStrictEqual(JSON.parse(result.stdout), {
          answer,
          isEncrypted: mtls === "1",
          told: ["/run/pluginN"],
          exit: { code: 0, signal: null, step: "Shutdown" },
        });
        deepStrictEqual(left, []);
      });
    }

    test(`${host}: our plugin on ${runtime} in a sandbox`, { skip }, async () => {
      const command = await ourProgram(runtime, "examples/sandbox/host");
      const { result, left } = await inTemporaryDirectory((TMPDIR) =>
        run(command, { cwd: TMPDIR, env: { AUTO_MTLS: mtls, TMPDIR } })
      );
      strictEqual(result.code, 0, result.stderr);
      match(
        result.stdout,
        new RegExp(
          "^Its socket is \\S+/goplugin-\\S+/plugin\\d+ here\n" +
            "The plugin sees app bin (deno )?dev lib (lib64 )?proc run runtime tmp usr\n" +
            "Your home directory: not there\n" +
            "Your network: out of reach\n" +
            "The system's files: read only\n" +
            "Your note, which it read by the host: water the plants\n" +
            "The plugin ended by Shutdown: exit code 0\n$",
        ),
      );
      deepStrictEqual(left, []);
    });
  }
}
