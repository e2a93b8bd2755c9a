/** Our hosts with our plugins, across runtimes. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { run } from "../helpers/run.ts";
import {
  AUTO_MTLS,
  inTemporaryDirectory,
  ourProgram,
  runtimeMissing,
  RUNTIMES,
  shellWords,
} from "./matrix.ts";

for (const host of RUNTIMES) {
  for (const plugin of RUNTIMES) {
    const skip = runtimeMissing(host) ?? runtimeMissing(plugin) ?? false;
    for (const mtls of AUTO_MTLS) {
      test(
        `our host on ${host} × our plugin on ${plugin}, AutoMTLS ${mtls}`,
        { skip },
        async () => {
          const kvHost = await ourProgram(host, "examples/kv/host");
          const streamingHost = await ourProgram(host, "tests/interop/programs/streaming_host");
          const kvPlugin = await ourProgram(plugin, "examples/kv/plugin");
          const streamer = await ourProgram(plugin, "tests/interop/programs/streaming_plugin");
          const { left } = await inTemporaryDirectory(async (cwd) => {
            const env = {
              KV_PLUGIN: shellWords(kvPlugin),
              STREAM_PLUGIN: shellWords(streamer),
              AUTO_MTLS: mtls,
              TMPDIR: cwd,
            };
            deepStrictEqual(await run([...kvHost, "roundtrip", "hello", "world"], { cwd, env }), {
              code: 0,
              stdout: "world\n",
              stderr: "",
            });
            const missing = await run([...kvHost, "get", "nothing"], { cwd, env });
            deepStrictEqual([missing.code, missing.stderr], [
              1,
              'error: no value under "nothing"\n',
            ]);
            const { stdout, stderr } = await run([...streamingHost, `${cwd}/file`], { cwd, env });
            strictEqual(stdout, "Lorem ipsum dolor sit amet\nended by Shutdown\n", stderr);
          });
          deepStrictEqual(left, ["file"]);
        },
      );
    }
  }

  test(`the greeter on ${host}`, { skip: runtimeMissing(host) ?? false }, async () => {
    const { code, stdout, stderr } = await run([
      ...await ourProgram(host, "examples/greeter/host"),
      "Ada",
    ]);
    strictEqual(code, 0, stderr);
    match(
      stdout,
      /^Handshake: (unix|tcp) \S+, protocol grpc, version 1, certificates on both sides \(AutoMTLS\)\nAnswer: Hello, Ada!\nThe plugin ended by Shutdown: exit code 0\n$/,
    );
  });
}

test("a host and its plugin with --allow-net and --allow-run alone", async () => {
  const flags = ["--allow-net", "--allow-run", "--no-prompt"];
  const host = await ourProgram("deno", "tests/fixtures/frugal_host", flags);
  const { code, stdout, stderr } = await run(host);
  strictEqual(code, 0, stderr);
  strictEqual(stdout, "tcp, AutoMTLS true: Hello, frugal!\n");
});
