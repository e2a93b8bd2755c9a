/** Our plugins under hosts made with the real go-plugin. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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

/** Puts a plugin where a host with a fixed path looks for it. */
function installPlugin(path: string, command: readonly string[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\nexec ${shellWords(command)}\n`);
  chmodSync(path, 0o755);
}

for (const runtime of RUNTIMES) {
  const skip = goMissing() ?? runtimeMissing(runtime) ?? false;
  for (const mtls of AUTO_MTLS) {
    const pair = `Go host × our plugin on ${runtime}, AutoMTLS ${mtls}`;

    test(`${pair}: KV`, { skip }, async () => {
      const host = await goProgram("kv-host");
      const KV_PLUGIN = shellWords(await ourProgram(runtime, "examples/kv/plugin"));
      const { left } = await inTemporaryDirectory(async (TMPDIR) => {
        const env = { KV_PLUGIN, AUTO_MTLS: mtls, TMPDIR };
        deepStrictEqual(await run([host, "roundtrip", "hello", "world"], { env }), {
          code: 0,
          stdout: "world\n",
          stderr: "",
        });
        const { code, stderr } = await run([host, "get", "nothing"], { env });
        strictEqual(code, 1);
        match(stderr, /code = NotFound desc = no value under "nothing"/);
      });
      deepStrictEqual(left, []);
    });

    test(`${pair}: what the host logs of it`, { skip }, async () => {
      const host = await goProgram("kv-host");
      const KV_PLUGIN = shellWords(await ourProgram(runtime, "examples/kv/plugin"));
      const env = { KV_PLUGIN, AUTO_MTLS: mtls, LOG: "trace" };
      const { stderr } = await run([host, "roundtrip", "hello", "world"], { env });
      // Our JSON is read back at its level, with its time, and the plugin ends by itself.
      match(stderr, /\[DEBUG\] sh: plugin address: .*timestamp=2\d{3}-/);
      match(stderr, /\[DEBUG\] plugin exited/);
      ok(!stderr.includes("failed to exit gracefully"), stderr);
      ok(!stderr.includes("[WARN]") && !stderr.includes("[ERROR]"), stderr);
    });

    for (
      const [offered, served, expected] of [
        ["2,3", "2", "version 2\nvalue, written by version 2, read by version 2\n"],
        ["2,3", "3", "version 3\nvalue, written by version 3, read by version 3\n"],
        ["2,3", "2,3", "version 3\nvalue, written by version 3, read by version 3\n"],
        ["2", "3", undefined],
        ["3", "2", undefined],
      ] as const
    ) {
      test(`${pair}: versions ${offered} against our ${served}`, { skip }, async () => {
        const host = await goProgram("negotiated-host");
        const KV_PLUGIN = shellWords(
          await ourProgram(runtime, "tests/interop/programs/negotiated_plugin"),
        );
        // After a mismatch Go ends the plugin by SIGKILL, which leaves its socket.
        const { result } = await inTemporaryDirectory((TMPDIR) =>
          run([host, "key", "value"], {
            env: { KV_PLUGIN, AUTO_MTLS: mtls, VERSIONS: offered, SERVED: served, TMPDIR },
          })
        );
        const { code, stdout, stderr } = result;
        strictEqual(code, expected === undefined ? 1 : 0, stderr);
        if (expected !== undefined) return strictEqual(stdout, expected);
        match(
          stderr,
          new RegExp(`incompatible API version with plugin. Plugin version: ${served}`),
        );
      });
    }

    test(`${pair}: streaming`, { skip }, async () => {
      const host = await goProgram("streaming-host");
      const STREAM_PLUGIN = shellWords(
        await ourProgram(runtime, "tests/interop/programs/streaming_plugin"),
      );
      const { result } = await inTemporaryDirectory((cwd) =>
        run([host, join(cwd, "file")], { cwd, env: { STREAM_PLUGIN, AUTO_MTLS: mtls } })
      );
      deepStrictEqual([result.code, result.stdout.trim()], [0, "Lorem ipsum dolor sit amet"]);
    });
  }

  test(`upstream's KV host × our plugin on ${runtime}`, { skip }, async () => {
    const host = await goProgram("upstream-grpc-host");
    const plugin = shellWords(await ourProgram(runtime, "examples/kv/plugin"));
    const env = { KV_PROTO: "grpc", KV_PLUGIN: `exec ${plugin}` };
    strictEqual((await run([host, "put", "key", "value"], { env })).code, 0);
    const { code, stdout } = await run([host, "get", "key"], { env });
    strictEqual(code, 1);
    strictEqual(stdout, 'error: rpc error: code = NotFound desc = no value under "key"\n');
  });

  test(`upstream's negotiated host × our plugin on ${runtime}`, { skip }, async () => {
    const host = await goProgram("upstream-negotiated-host");
    const plugin = await ourProgram(runtime, "tests/interop/programs/negotiated_plugin");
    const { result } = await inTemporaryDirectory((cwd) => {
      installPlugin(join(cwd, "kv-plugin"), plugin);
      return run([host, "get", "key"], { cwd, env: { KV_PROTO: "grpc", SERVED: "2,3" } });
    });
    strictEqual(result.stdout, "nothing, read by version 3\n", result.stderr);
  });

  test(`upstream's streaming host × our plugin on ${runtime}`, { skip }, async () => {
    const host = await goProgram("upstream-streaming-host");
    const plugin = await ourProgram(runtime, "tests/interop/programs/streaming_plugin");
    const { result } = await inTemporaryDirectory(async (cwd) => {
      installPlugin(join(cwd, "plugin/streamer"), plugin);
      const { code, stderr } = await run([host, join(cwd, "file")], { cwd });
      strictEqual(code, 0, stderr);
      match(stderr, /"@message":"received 26 bytes"/);
      return readFileSync(join(cwd, "file"), "utf8");
    });
    strictEqual(result, "Lorem ipsum dolor sit amet");
  });
}

test(
  "Go host × our plugin with --allow-net and --allow-run alone",
  { skip: goMissing() ?? false },
  async () => {
    const host = await goProgram("kv-host");
    const flags = ["--allow-net", "--allow-run", "--no-prompt"];
    const KV_PLUGIN = shellWords(await ourProgram("deno", "examples/kv/plugin", flags));
    for (const AUTO_MTLS of ["1", "0"]) {
      const { code, stdout, stderr } = await run([host, "roundtrip", "hello", "world"], {
        env: { KV_PLUGIN, AUTO_MTLS, LOG: "trace" },
      });
      deepStrictEqual([code, stdout], [0, "world\n"], stderr);
      // Go prints the fields in any order.
      match(stderr, /plugin address: .*address=127\.0\.0\.1:\d+/);
    }
  },
);
