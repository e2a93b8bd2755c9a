import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import {
  formatReattach,
  parseReattach,
  type PluginError,
  type ReattachConfig,
  ReattachError,
  type RpcError,
  serve,
  type ServeConfig,
} from "@x/goplugin";
import { generateIdentity } from "../../src/wire/certificate.ts";
import { handshake } from "../fixtures/fixture.ts";
import { plugins } from "../fixtures/remembering.ts";
import { failedAttach, secondHost } from "../helpers/attached_client.ts";
import { leftovers } from "../helpers/fixture_client.ts";
import { recordLogs } from "../helpers/logs.ts";
import { fixture } from "../helpers/program.ts";
import { type RawPlugin, startRaw } from "../helpers/raw_plugin.ts";
import { run } from "../helpers/run.ts";
import { isAlive, until, within } from "../helpers/wait.ts";

const CLEAR = { autoMtls: false };

/** A plugin that this very process serves in test mode; the end of its block ends it. */
interface Served extends AsyncDisposable {
  readonly config: ReattachConfig;
  readonly ended: Promise<void>;
  readonly stop: AbortController;
}

function serveHere(overrides: Partial<ServeConfig> = {}): Promise<Served> {
  const stop = new AbortController();
  const { logger } = recordLogs();
  const served = (config: ReattachConfig, ended: Promise<void>): Served => ({
    config,
    ended,
    stop,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await within(ended, "the end of serve()");
    },
  });
  return within(
    new Promise((resolve, reject) => {
      const ended = serve({
        handshake,
        plugins,
        logger,
        ...overrides,
        test: {
          signal: stop.signal,
          // A turn later: serve() has given its promise by then.
          onReattach: (config) => queueMicrotask(() => resolve(served(config, ended))),
        },
      });
      ended.catch(reject);
    }),
    "the reattach configuration",
  );
}

test("serve({ test }) tells how to attach to it, with this program's process id", async () => {
  await using served = await serveHere();
  const { config, ended, stop } = served;
  const { address, ...rest } = config;
  deepStrictEqual(rest, { protocol: "grpc", protocolVersion: 1, pid: process.pid, test: true });
  ok(address.network === "tcp" || existsSync(address.path));
  stop.abort();
  await within(ended, "the end of serve()");
  ok(address.network === "tcp" || !existsSync(address.path));
});

function isKilled(error: RpcError): boolean {
  return error.status === "UNAVAILABLE" && (error.cause as PluginError).code === "killed";
}

for (const network of ["unix", "tcp"] as const) {
  test(`serve({ test }) serves host after host until its signal fires, ${network}`, async () => {
    const left = await leftovers(async () => {
      await using served = await serveHere({ network });
      const { config, ended, stop } = served;
      for (const [text, before] of [["one", undefined], ["two", "one"]] as const) {
        await using client = secondHost(config, CLEAR);
        const memory = await client.dispense("memory");
        const { text: told } = await memory.echo({ text });
        if (before !== undefined) strictEqual(told, before);
        deepStrictEqual(await within(client.kill(), "kill()"), {
          code: null,
          signal: null,
          step: "none",
        });
        await rejects(memory.echo({ text: "killed" }), isKilled);
      }
      await using last = secondHost(config, CLEAR);
      await last.ping();
      stop.abort();
      await within(ended, "the end of serve()");
      await rejects(last.ping(), { status: "UNAVAILABLE" });
      await last.kill();
      ok(await failedAttach(config, CLEAR) instanceof ReattachError);
    });
    deepStrictEqual(left, []);
  });
}

test("serve({ test }) with a signal that has fired ends at once", async () => {
  const left = await leftovers(async () => {
    const signal = AbortSignal.abort();
    const { logger } = recordLogs();
    await within(serve({ handshake, plugins, logger, test: { signal } }), "the end of serve()");
  });
  deepStrictEqual(left, []);
});

test("serve({ test }) passes on what its onReattach throws, and leaves nothing", async () => {
  const left = await leftovers(async () => {
    const failure = new Error("thrown by the test");
    const onReattach = () => {
      throw failure;
    };
    const { logger } = recordLogs();
    await rejects(
      within(serve({ handshake, plugins, logger, test: { onReattach } }), "the end of serve()"),
      failure,
    );
  });
  deepStrictEqual(left, []);
});

/** A plugin that a child process serves in test mode; the end of its block ends it. */
interface Serving extends AsyncDisposable {
  readonly plugin: RawPlugin;
  readonly config: ReattachConfig;
}

async function startServing(
  { args = ["auto"], env = {} }: { args?: string[]; env?: Record<string, string> } = {},
): Promise<Serving> {
  const unset = { FIXTURE_PLUGIN: "", PLUGIN_PROTOCOL_VERSIONS: "" };
  const plugin = startRaw(fixture("test_mode", ...args), { ...unset, ...env }, "pipe");
  return {
    plugin,
    config: parseReattach(await plugin.line),
    async [Symbol.asyncDispose]() {
      plugin.closeStdin();
      await plugin.ended;
    },
  };
}

test("serve({ test }) needs no cookie and writes no handshake line", async () => {
  await using serving = await startServing();
  const { plugin, config } = serving;
  deepStrictEqual([config.pid, config.test, config.protocolVersion], [plugin.pid, true, 1]);
  plugin.closeStdin();
  const { code, stdout, stderr } = await plugin.ended;
  strictEqual(code, 0, stderr);
  strictEqual(stdout, `${JSON.stringify(formatReattach(config))}\nserved\n`);
  match(stderr, /"@message":"plugin is shutting down",.*"reason":"its signal"/);
});

test("serve({ test }) negotiates with what PLUGIN_PROTOCOL_VERSIONS offers", async () => {
  await using serving = await startServing({ env: { PLUGIN_PROTOCOL_VERSIONS: "1,2,3" } });
  const { config } = serving;
  strictEqual(config.protocolVersion, 2);
});

test("kill() of a host in test mode ends nothing but the host's program", async () => {
  await using serving = await startServing();
  const { plugin, config } = serving;
  const REATTACH = JSON.stringify(formatReattach(config));
  const host = fixture("attaching_host", "kill");
  for (const before of ["nothing", "after"]) {
    const { code, stdout, stderr } = await run(host, { env: { REATTACH, AUTO_MTLS: "0" } });
    deepStrictEqual([code, stdout], [0, `${before}\nnone null null\n`], stderr);
  }
  ok(isAlive(plugin.pid));
  plugin.closeStdin();
  strictEqual((await plugin.ended).code, 0);
});

test("a host that is not told of the test mode ends the plugin by Shutdown", async () => {
  await using serving = await startServing();
  const { plugin, config } = serving;
  await using client = secondHost({ ...config, test: false }, CLEAR);
  await client.start();
  const killing = client.kill();
  plugin.closeStdin();
  strictEqual((await within(killing, "kill()")).step, "Shutdown");
  match((await plugin.ended).stdout, /\nserved\n$/);
});

test("a host in test mode sees the end of the plugin", async () => {
  await using serving = await startServing();
  const { plugin, config } = serving;
  await using client = secondHost(config, CLEAR);
  await client.start();
  plugin.closeStdin();
  deepStrictEqual(await within(client.closed, "the end"), { code: null, signal: null });
  strictEqual((await client.kill()).step, "exited");
  await plugin.ended;
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends a plugin in test mode as it would end any program`, async () => {
    await using serving = await startServing({ args: ["tcp"] });
    const { plugin } = serving;
    process.kill(plugin.pid, signal);
    const { code, signal: by } = await plugin.ended;
    deepStrictEqual([code, by], [null, signal]);
  });
}

for (const isSynced of [false, true]) {
  const where = isSynced ? "goes to the host" : "stays on the terminal";
  test(`what a plugin in test mode prints ${where}, syncStdio ${isSynced}`, async () => {
    await using serving = await startServing({ args: ["auto", isSynced ? "sync" : ""] });
    const { plugin, config } = serving;
    let read = "";
    await using client = secondHost(config, {
      ...CLEAR,
      syncStdout: (bytes) => void (read += new TextDecoder().decode(bytes)),
    });
    const memory = await client.dispense("memory");
    await memory.echo({ text: "it" });
    if (isSynced) await until(() => read !== "", "the output");
    await client.kill();
    plugin.closeStdin();
    const { stdout } = await plugin.ended;
    const own = stdout.split("\n").slice(1).join("\n");
    deepStrictEqual([read, own], isSynced ? ["told it\n", "served\n"] : ["", "told it\nserved\n"]);
  });
}

test("serve({ test }) is under AutoMTLS if PLUGIN_CLIENT_CERT is set", async () => {
  const identity = await generateIdentity();
  const env = { PLUGIN_CLIENT_CERT: identity.certificatePem };
  await using serving = await startServing({ env });
  const { plugin, config } = serving;
  ok(config.tls !== undefined);
  deepStrictEqual(Object.keys(config.tls), ["peerCertificate"]);
  ok(await failedAttach(config, CLEAR) instanceof ReattachError);
  await using client = secondHost({
    ...config,
    tls: {
      ...config.tls,
      certificate: identity.certificatePem,
      privateKey: identity.privateKeyPem,
    },
  });
  const memory = await client.dispense("memory");
  strictEqual((await memory.echo({ text: "" })).text, "nothing");
  ok(client.isEncrypted);
  strictEqual((await client.kill()).step, "none");
  plugin.closeStdin();
  strictEqual((await plugin.ended).code, 0);
});
