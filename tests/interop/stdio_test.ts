/** What our plugins print, as a host made with the real go-plugin gets it. */
import { ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { goMissing, goProgram } from "../helpers/go.ts";
import { run } from "../helpers/run.ts";
import { AUTO_MTLS, ourProgram, runtimeMissing, RUNTIMES, shellWords } from "./matrix.ts";

for (const runtime of RUNTIMES) {
  for (const mtls of AUTO_MTLS) {
    test(`a Go host gets what our plugin on ${runtime} prints, AutoMTLS ${mtls}`, {
      skip: goMissing() ?? runtimeMissing(runtime) ?? false,
    }, async () => {
      const host = await goProgram("counter-host");
      const plugin = await ourProgram(runtime, "tests/interop/programs/printing_counter");
      const { code, stdout, stderr } = await run([host, "key", "5"], {
        env: { COUNTER_PLUGIN: shellWords(plugin), AUTO_MTLS: mtls },
      });
      strictEqual(code, 0, stderr);
      // The value comes from the host itself, anywhere in between.
      const printed = stdout.replace("42\n", "");
      strictEqual(printed.length, "put key 5\n".length + 100_000 + "key\n".length);
      ok(/^put key 5\nx+key\n$/.test(printed));
      ok(stderr.includes("to stderr\n"), stderr);
    });
  }
}
