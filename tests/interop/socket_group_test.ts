/** Unix sockets that a group may use, with the real go-plugin on either side. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { dirname } from "node:path";
import { test } from "node:test";
import { Client } from "@x/goplugin";
import { handshake, KvService } from "../../examples/kv/kv.ts";
import { goMissing, goProgram } from "../helpers/go.ts";
import { accessTo, usableGroup } from "../helpers/groups.ts";
import { recordLogs } from "../helpers/logs.ts";
import { run } from "../helpers/run.ts";
import {
  AUTO_MTLS,
  inTemporaryDirectory,
  ourProgram,
  runtimeMissing,
  RUNTIMES,
  shellWords,
} from "./matrix.ts";

const { id, name } = usableGroup();
const KINDS = [["name", name], ["number", String(id)]] as const;

for (const [kind, group] of KINDS) {
  test(`a Go plugin shares its socket with our host's group, by ${kind}`, {
    skip: goMissing() ?? false,
  }, async () => {
    await using client = new Client({
      handshake,
      plugins: { kv: KvService },
      command: [await goProgram("kv-plugin")],
      unixSocket: { group },
      logger: recordLogs().logger,
    });
    const kv = await client.dispense("kv");
    await kv.put({ key: "key", value: Uint8Array.of(1) });
    deepStrictEqual([...(await kv.get({ key: "key" })).value], [1]);
    const address = await client.start();
    ok(address.network === "unix");
    deepStrictEqual(accessTo(address.path), { mode: "660", group: id });
    deepStrictEqual(accessTo(dirname(address.path)), { mode: "770", group: id });
  });
}

for (const runtime of RUNTIMES) {
  const skip = goMissing() ?? runtimeMissing(runtime) ?? false;
  for (const mtls of AUTO_MTLS) {
    for (const [kind, group] of KINDS) {
      for (const RUNNER of ["0", "1"]) {
        const by = RUNNER === "1" ? "runner" : "command";
        test(
          `our plugin on ${runtime} shares its socket with a Go host's group, by ${kind}, ${by}, AutoMTLS ${mtls}`,
          { skip },
          async () => {
            const host = await goProgram("socket-host");
            const KV_PLUGIN = shellWords(await ourProgram(runtime, "examples/kv/plugin"));
            const { result, left } = await inTemporaryDirectory(async (TMPDIR) => {
              const { code, stdout, stderr } = await run([host], {
                env: {
                  KV_PLUGIN,
                  AUTO_MTLS: mtls,
                  GROUP: group,
                  RUNNER,
                  TEMP_DIR: TMPDIR,
                  TMPDIR,
                },
              });
              strictEqual(code, 0, stderr);
              const { path, ...seen } = JSON.parse(stdout);
              // By its own choice in a directory of its own, or in the one that the host has made.
              const place = RUNNER === "1" ? "plugin-dir\\d+" : "goplugin-\\w+";
              match(path, new RegExp(`^${TMPDIR}/${place}/plugin\\d+$`));
              return seen;
            });
            deepStrictEqual(result, {
              value: "value",
              socket: { mode: "660", group: id },
              directory: { mode: "770", group: id },
            });
            deepStrictEqual(left, []);
          },
        );
      }
    }
  }

  test(`our plugin on ${runtime} tells a Go host of an unknown group`, { skip }, async () => {
    const host = await goProgram("socket-host");
    const KV_PLUGIN = shellWords(await ourProgram(runtime, "examples/kv/plugin"));
    const { result, left } = await inTemporaryDirectory((TMPDIR) =>
      run([host], { env: { KV_PLUGIN, GROUP: "no such group", TMPDIR } })
    );
    strictEqual(result.code, 1);
    match(result.stderr, /\[ERROR\] sh: plugin init error:.*there is no group .*no such group/);
    deepStrictEqual(left, []);
  });
}
