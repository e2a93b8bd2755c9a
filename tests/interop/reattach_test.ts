/** Reattach and test mode with the real go-plugin, both ways. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { parseReattach } from "@x/goplugin";
import { goMissing, goProgram } from "../helpers/go.ts";
import type { Command } from "../helpers/program.ts";
import { startRaw } from "../helpers/raw_plugin.ts";
import { run } from "../helpers/run.ts";
import { isRunning, until } from "../helpers/wait.ts";
import {
  AUTO_MTLS,
  inTemporaryDirectory,
  ourProgram,
  runtimeMissing,
  RUNTIMES,
  shellWords,
} from "./matrix.ts";

const OUR_HOST = "tests/interop/programs/reattaching_host";

/** One program that starts a plugin and leaves it, another that attaches to it and ends it. */
interface Relay {
  readonly first: Command;
  readonly second: Command;
  readonly plugin: string;
  readonly AUTO_MTLS?: string;
  /** What the second one prints behind the value. */
  readonly printed: string;
}

async function relay({ first, second, plugin, AUTO_MTLS = "0", printed }: Relay): Promise<void> {
  const { left } = await inTemporaryDirectory(async (TMPDIR) => {
    const env = { KV_PLUGIN: plugin, AUTO_MTLS, TMPDIR };
    const starting = await run([...first, "leave", "key", "from the first"], { env });
    strictEqual(starting.code, 0, starting.stderr);
    const { pid } = parseReattach(starting.stdout);
    try {
      ok(isRunning(pid));
      const { code, stdout, stderr } = await run([...second, "attach", "key", "new"], {
        env: { ...env, REATTACH: starting.stdout },
      });
      deepStrictEqual([code, stdout], [0, `from the first\n${printed}`], stderr);
      await until(() => !isRunning(pid), "the end of the plugin");
    } finally {
      if (isRunning(pid)) process.kill(pid, "SIGKILL");
    }
  });
  deepStrictEqual(left, []);
}

/** A plugin in test mode, which two hosts attach to, one after the other; neither ends it. */
async function visit(plugin: Command, host: Command, printed: string): Promise<void> {
  const { left } = await inTemporaryDirectory(async (TMPDIR) => {
    const serving = startRaw(plugin, { TMPDIR }, "pipe");
    try {
      const REATTACH = await serving.line;
      const config = parseReattach(REATTACH);
      deepStrictEqual([config.pid, config.protocolVersion, config.test], [serving.pid, 1, true]);
      const env = { REATTACH, AUTO_MTLS: "0", TMPDIR };
      for (const [found, value] of [["nothing", "one"], ["one", "two"]] as const) {
        const { code, stdout, stderr } = await run([...host, "attach", "key", value], { env });
        deepStrictEqual([code, stdout], [0, `${found}\n${printed}`], stderr);
      }
    } finally {
      serving.closeStdin();
    }
    const { code, stdout, stderr } = await serving.ended;
    strictEqual(code, 0, stderr);
    match(stdout, /\nserved\n$/);
  });
  deepStrictEqual(left, []);
}

for (const runtime of RUNTIMES) {
  const skip = goMissing() ?? runtimeMissing(runtime) ?? false;

  for (const mtls of AUTO_MTLS) {
    test(`our host on ${runtime} attaches to a Go plugin that ours started, AutoMTLS ${mtls}`, {
      skip,
    }, async () => {
      const host = await ourProgram(runtime, OUR_HOST);
      await relay({
        first: host,
        second: host,
        plugin: await goProgram("kv-plugin"),
        AUTO_MTLS: mtls,
        printed: "Shutdown\n",
      });
    });
  }

  test(`our host on ${runtime} attaches to a Go plugin that a Go host started`, {
    skip,
  }, async () => {
    await relay({
      first: [await goProgram("reattach-host")],
      second: await ourProgram(runtime, OUR_HOST),
      plugin: await goProgram("kv-plugin"),
      printed: "Shutdown\n",
    });
  });

  test(`our host on ${runtime} attaches to our plugin that a Go host started`, {
    skip,
  }, async () => {
    await relay({
      first: [await goProgram("reattach-host")],
      second: await ourProgram(runtime, OUR_HOST),
      plugin: shellWords(await ourProgram(runtime, "examples/kv/plugin")),
      printed: "Shutdown\n",
    });
  });

  test(`a Go host attaches to our plugin on ${runtime} that our host started`, {
    skip,
  }, async () => {
    await relay({
      first: await ourProgram(runtime, OUR_HOST),
      second: [await goProgram("reattach-host")],
      plugin: shellWords(await ourProgram(runtime, "examples/kv/plugin")),
      printed: "",
    });
  });

  test(`our host on ${runtime} attaches to a Go plugin in test mode`, { skip }, async () => {
    const host = await ourProgram(runtime, OUR_HOST);
    await visit([await goProgram("test-plugin")], host, "none\n");
  });

  test(`a Go host attaches to our plugin on ${runtime} in test mode`, { skip }, async () => {
    const plugin = await ourProgram(runtime, "tests/interop/programs/test_plugin");
    await visit(plugin, [await goProgram("reattach-host")], "");
  });

  for (const host of RUNTIMES.filter((name) => name !== runtime)) {
    test(`our host on ${host} attaches to our plugin on ${runtime}, AutoMTLS`, {
      skip: runtimeMissing("node") ?? false,
    }, async () => {
      await relay({
        first: await ourProgram(runtime, OUR_HOST),
        second: await ourProgram(host, OUR_HOST),
        plugin: shellWords(await ourProgram(runtime, "examples/kv/plugin")),
        AUTO_MTLS: "1",
        printed: "Shutdown\n",
      });
    });
  }
}
