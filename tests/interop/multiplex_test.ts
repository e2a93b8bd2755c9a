/** One connection for everything, with the real go-plugin: its own test service and upstream's counter. */
import { deepStrictEqual } from "node:assert/strict";
import process from "node:process";
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

const ROUNDS = 20;
const NETWORKS = process.platform === "win32" ? ["tcp"] : ["unix", "tcp"];
const PLUGIN = "tests/interop/programs/bidirectional_plugin";
const HOST = "tests/interop/programs/bidirectional_host";

/** Runs our host with a plugin; whatever that is, the host sees the same. */
async function checkOurHost(
  host: readonly [string, ...string[]],
  plugin: readonly string[],
  mtls: string,
  network: string,
): Promise<void> {
  const { result, left } = await inTemporaryDirectory(async (TMPDIR) => {
    const env = {
      PLUGIN: shellWords(plugin),
      ROUNDS: String(ROUNDS),
      AUTO_MTLS: mtls,
      MULTIPLEX: "1",
      TMPDIR,
    };
    const { code, stdout, stderr } = await run(host, { env });
    deepStrictEqual(code, 0, stderr);
    return JSON.parse(stdout);
  });
  const isCounted = process.platform === "linux" && network === "unix";
  deepStrictEqual(result, {
    doubled: [42, 2, 4, 6],
    inTurn: ROUNDS,
    atOnce: ROUNDS,
    long: true,
    printed: "printed\n",
    connections: isCounted ? 1 : 0,
    exit: { code: 0, signal: null, step: "Shutdown" },
    warnings: [],
  });
  deepStrictEqual(left, []);
}

for (const runtime of RUNTIMES) {
  const skip = goMissing() ?? runtimeMissing(runtime) ?? false;
  for (const mtls of AUTO_MTLS) {
    test(`our host on ${runtime} multiplexes with a Go plugin, AutoMTLS ${mtls}`, {
      skip,
    }, async () => {
      const plugin = await goProgram("bidirectional-plugin");
      await checkOurHost(await ourProgram(runtime, HOST), [plugin], mtls, "unix");
    });

    for (const network of NETWORKS) {
      test(`a Go host multiplexes with our plugin on ${runtime}, ${network}, AutoMTLS ${mtls}`, {
        skip,
      }, async () => {
        const host = await goProgram("bidirectional-host");
        const plugin = [...await ourProgram(runtime, PLUGIN), network];
        const { result, left } = await inTemporaryDirectory((TMPDIR) =>
          run([host], {
            env: {
              PLUGIN: shellWords(plugin),
              ROUNDS: String(ROUNDS),
              AUTO_MTLS: mtls,
              MULTIPLEX: "1",
              TMPDIR,
            },
          })
        );
        deepStrictEqual(result, {
          code: 0,
          stdout: `42, ${ROUNDS} rounds, "printed\\n"\n`,
          stderr: "",
        });
        deepStrictEqual(left, []);
      });

      for (const other of RUNTIMES) {
        test(
          `our host on ${runtime} multiplexes with ours on ${other}, ${network}, AutoMTLS ${mtls}`,
          {
            skip: runtimeMissing(runtime) ?? runtimeMissing(other) ?? false,
          },
          async () => {
            const plugin = [...await ourProgram(other, PLUGIN), network];
            await checkOurHost(await ourProgram(runtime, HOST), plugin, mtls, network);
          },
        );
      }
    }

    test(
      `our host on ${runtime} is called back by upstream's plugin on one connection, AutoMTLS ${mtls}`,
      {
        skip,
      },
      async () => {
        const host = await ourProgram(runtime, "examples/callback/host");
        const COUNTER_PLUGIN = await goProgram("upstream-counter-plugin");
        const { result } = await inTemporaryDirectory((cwd) =>
          run([...host, "key", "1", "2"], {
            cwd,
            env: { COUNTER_PLUGIN, AUTO_MTLS: mtls, MULTIPLEX: "1", TMPDIR: cwd },
          })
        );
        deepStrictEqual(result, {
          code: 0,
          stdout: "the plugin asks for 0 + 1\nthe plugin asks for 1 + 2\nkey: 3\n",
          stderr: "",
        });
      },
    );

    test(`our plugin on ${runtime} calls back into a Go host on one connection, AutoMTLS ${mtls}`, {
      skip,
    }, async () => {
      const host = await goProgram("counter-host");
      const COUNTER_PLUGIN = shellWords(await ourProgram(runtime, "examples/callback/plugin"));
      const { result, left } = await inTemporaryDirectory((TMPDIR) =>
        run([host, "key", "1", "2"], {
          env: { COUNTER_PLUGIN, AUTO_MTLS: mtls, MULTIPLEX: "1", TMPDIR },
        })
      );
      deepStrictEqual(result, { code: 0, stdout: "0 + 1\n1 + 2\n3\n", stderr: "" });
      deepStrictEqual(left, []);
    });
  }
}
