/** Our host with plugins made with the real go-plugin. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { goMissing, goProgram } from "../helpers/go.ts";
import { run } from "../helpers/run.ts";
import type { RecordedEntry } from "../helpers/logs.ts";
import { AUTO_MTLS, inTemporaryDirectory, ourProgram, runtimeMissing, RUNTIMES } from "./matrix.ts";

for (const runtime of RUNTIMES) {
  const skip = goMissing() ?? runtimeMissing(runtime) ?? false;
  for (const mtls of AUTO_MTLS) {
    const pair = `our host on ${runtime} × Go plugin, AutoMTLS ${mtls}`;

    test(`${pair}: upstream's KV plugin`, { skip }, async () => {
      const host = await ourProgram(runtime, "examples/kv/host");
      const KV_PLUGIN = await goProgram("upstream-grpc-plugin");
      const { left } = await inTemporaryDirectory(async (cwd) => {
        const options = { cwd, env: { KV_PLUGIN, AUTO_MTLS: mtls, TMPDIR: cwd } };
        deepStrictEqual(await run([...host, "put", "hello", "world"], options), {
          code: 0,
          stdout: "",
          stderr: "",
        });
        strictEqual(
          readFileSync(join(cwd, "kv_hello"), "utf8"),
          "world\n\nWritten from plugin-go-grpc",
        );
        const { stdout } = await run([...host, "get", "hello"], options);
        strictEqual(stdout, "world\n\nWritten from plugin-go-grpc\n");
        const { code, stderr } = await run([...host, "get", "nothing"], options);
        strictEqual(code, 1);
        match(stderr, /^error: open kv_nothing: no such file or directory\n$/);
      });
      deepStrictEqual(left, ["kv_hello"]);
    });

    test(`${pair}: everything else a KV plugin can show`, { skip }, async () => {
      const host = await ourProgram(runtime, "tests/interop/programs/inspecting_host");
      const KV_PLUGIN = await goProgram("kv-plugin");
      const { result, left } = await inTemporaryDirectory(async (TMPDIR) => {
        const env = { KV_PLUGIN, AUTO_MTLS: mtls, KV_LOG: "1", KV_CHATTY: "1000000", TMPDIR };
        const { code, stdout, stderr } = await run(host, { env });
        strictEqual(code, 0, stderr);
        return JSON.parse(stdout);
      });
      deepStrictEqual(left, []);
      const { entries, ...seen } = result as { entries: RecordedEntry[] };
      deepStrictEqual(seen, {
        network: "unix",
        version: 1,
        isEncrypted: mtls === "1",
        value: "value",
        missing: ["NOT_FOUND", 'no value under "none"'],
        bigLength: 3 * 1024 * 1024,
        exit: { code: 0, signal: null, step: "Shutdown" },
        // Printed by two calls of Put; Go may lose the tail of it at the end.
        stdoutBytes: 2_000_000,
      });
      for (const level of ["trace", "debug", "info", "warn", "error"]) {
        ok(
          entries.some((entry) => entry.level === level && entry.fields["@module"] === "kv-plugin"),
          `a log entry at ${level}`,
        );
      }
    });

    for (
      const [versions, expected] of [
        ["2,3", "version 3\nvalue\n\nWritten from plugin version 3\nRead by plugin version 3\n\n"],
        ["3", "version 3\nvalue\n\nWritten from plugin version 3\nRead by plugin version 3\n\n"],
        // Upstream's plugin serves version 2 by net/rpc.
        ["2", "error handshake-protocol\n"],
        ["4,5", "error version-mismatch\n"],
      ] as const
    ) {
      test(`${pair}: versions ${versions} against upstream's 2,3`, { skip }, async () => {
        const host = await ourProgram(runtime, "tests/interop/programs/negotiated_host");
        const KV_PLUGIN = await goProgram("upstream-negotiated-plugin");
        const { result } = await inTemporaryDirectory((cwd) =>
          run([...host, "key", "value"], {
            cwd,
            env: { KV_PLUGIN, AUTO_MTLS: mtls, VERSIONS: versions },
          })
        );
        strictEqual(result.stdout, expected, result.stderr);
      });
    }

    test(`${pair}: upstream's streaming plugin`, { skip }, async () => {
      const host = await ourProgram(runtime, "tests/interop/programs/streaming_host");
      const STREAM_PLUGIN = await goProgram("upstream-streaming-plugin");
      const { result } = await inTemporaryDirectory((cwd) =>
        run([...host, join(cwd, "file")], { cwd, env: { STREAM_PLUGIN, AUTO_MTLS: mtls } })
      );
      deepStrictEqual(
        [result.code, result.stdout],
        [0, "Lorem ipsum dolor sit amet\nended by Shutdown\n"],
        result.stderr,
      );
    });
  }
}
