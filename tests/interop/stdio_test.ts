/** What our plugins print, as a host made with the real go-plugin gets it. */
import { ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { Client } from "@x/goplugin";
import { handshake, KvService } from "../../examples/kv/kv.ts";
import { goMissing, goProgram } from "../helpers/go.ts";
import { recordLogs } from "../helpers/logs.ts";
import { run } from "../helpers/run.ts";
import { until, within } from "../helpers/wait.ts";
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

for (const autoMtls of [true, false]) {
  test(`64 MiB that a Go plugin prints reach a slow reader whole, AutoMTLS ${autoMtls}`, {
    skip: goMissing() ?? false,
  }, async () => {
    const amount = 64 * 1024 * 1024;
    let received = 0;
    let others = 0;
    let pieces = 0;
    const client = new Client({
      handshake,
      plugins: { kv_grpc: KvService },
      command: [await goProgram("kv-plugin")],
      env: { KV_CHATTY: String(amount) },
      autoMtls,
      logger: recordLogs().logger,
      async syncStdout(bytes) {
        received += bytes.length;
        for (const byte of bytes) others += byte === 0x2e || byte === 0x0a ? 0 : 1;
        if (++pieces % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      },
    });
    const kv = await client.dispense("kv_grpc");
    // The answer comes when all is printed: it hangs for good if nobody reads.
    await within(kv.put({ key: "a", value: new Uint8Array(1) }), "the put", 120_000);
    await until(() => received === amount, "the last byte");
    await client.kill();
    strictEqual(received, amount);
    strictEqual(others, 0);
  });
}
