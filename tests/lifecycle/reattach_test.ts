import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { formatReattach, parseReattach, type ReattachConfig } from "@x/goplugin";
import { fixture as echoing, FixtureService } from "../fixtures/fixture.ts";
import { firstHost, secondHost, throughJson } from "../helpers/attached_client.ts";
import { leftovers } from "../helpers/fixture_client.ts";
import { fixture, isDeno, moduleCommand } from "../helpers/program.ts";
import { run } from "../helpers/run.ts";
import { until, within } from "../helpers/wait.ts";

for (const autoMtls of [true, false]) {
  const on = `autoMtls ${autoMtls}`;

  test(`a second host goes on where the first was, ${on}`, async () => {
    await using first = firstHost({ autoMtls });
    const told = await first.dispense("memory");
    strictEqual((await told.echo({ text: "by the first" })).text, "nothing");
    const config = throughJson(first.reattachConfig({ withPrivateKey: true }));
    strictEqual(config.tls !== undefined, autoMtls);

    await using second = secondHost(config, { autoMtls });
    const memory = await second.dispense("memory");
    strictEqual((await memory.echo({ text: "by the second" })).text, "by the first");
    strictEqual((await told.echo({ text: "by both" })).text, "by the second");
    await second.ping();
    deepStrictEqual(
      [second.id, second.protocol, second.negotiatedVersion, second.isEncrypted, second.exited],
      [first.id, "grpc", 1, autoMtls, false],
    );
    deepStrictEqual(await second.start(), await first.start());
    deepStrictEqual(second.reattachConfig({ withPrivateKey: true }), config);
  });

  test(`the broker works for the second host, ${on}`, async () => {
    await using first = firstHost({ autoMtls });
    await first.start();
    const config = throughJson(first.reattachConfig({ withPrivateKey: true }));
    await using second = secondHost(config, { autoMtls });
    const exchange = await second.dispense("exchange");
    const { id } = await exchange.lend({ id: 0 });
    {
      await using lent = await second.broker.dial(id, FixtureService);
      strictEqual((await lent.echo({ text: "to the plugin" })).text, "to the plugin");
    }
    const own = second.broker.nextId();
    await using _served = await second.broker.serve(own, echoing);
    strictEqual((await exchange.borrow({ id: own })).said, `id ${own}`);
  });

  test(`kill() by the second host ends the plugin, and the first host sees it, ${on}`, async () => {
    const first = firstHost({ autoMtls });
    await first.start();
    const config = throughJson(first.reattachConfig({ withPrivateKey: true }));
    const second = secondHost(config, { autoMtls });
    const memory = await second.dispense("memory");
    // Nobody but the process that started it can tell how it ended.
    deepStrictEqual(await within(second.kill(), "kill()"), {
      code: null,
      signal: null,
      step: "Shutdown",
    });
    deepStrictEqual(await within(first.closed, "the exit"), { code: 0, signal: null });
    deepStrictEqual(await second.closed, { code: null, signal: null });
    ok(second.exited);
    strictEqual(second.id, "");
    await rejects(memory.echo({ text: "too late" }));
    strictEqual((await first.kill()).step, "exited");
  });
}

test("what the plugin prints goes to the host that came last", async () => {
  const read = { first: "", second: "" };
  const into = (host: "first" | "second") => (bytes: Uint8Array) =>
    void (read[host] += new TextDecoder().decode(bytes));
  await using first = firstHost({ syncStdout: into("first") });
  const told = await first.dispense("memory");
  await told.echo({ text: "1" });
  await until(() => read.first === "told 1\n", "the first host's output");
  const config = first.reattachConfig({ withPrivateKey: true });
  await using second = secondHost(config, { syncStdout: into("second") });
  const memory = await second.dispense("memory");
  await memory.echo({ text: "2" });
  await told.echo({ text: "3" });
  await until(() => read.second === "told 2\ntold 3\n", "the second host's output");
  strictEqual(read.first, "told 1\n");
});

for (const mode of ["mtls", "clear"]) {
  test(`a plugin outlives a host that ends without kill(), ${mode}`, async () => {
    const left = await leftovers(async (env) => {
      const host = await run([...moduleCommand("tests/fixtures/leaving_host"), mode], { env });
      strictEqual(host.code, 0, host.stderr);
      const client = secondHost(parseReattach(host.stdout), { autoMtls: mode === "mtls" });
      const memory = await client.dispense("memory");
      strictEqual((await memory.echo({ text: "after" })).text, "before");
      strictEqual((await within(client.kill(), "kill()")).step, "Shutdown");
    });
    deepStrictEqual(left, []);
  });
}

test("a second host removes what a plugin that hangs leaves, if the first is gone", async () => {
  const left = await leftovers(async (env) => {
    const host = await run(fixture("leaving_host", "mtls"), { env });
    await using client = secondHost(parseReattach(host.stdout), { killGraceMs: 300 });
    await client.start();
    process.kill(Number(client.id), "SIGSTOP");
    // Where nobody collects orphans, what is left of a process still has its id.
    strictEqual((await within(client.kill(), "kill()")).step, "SIGKILL");
  });
  deepStrictEqual(left, []);
});

test("kill() by a second host forces a plugin that hangs, by its process id", async () => {
  await using first = firstHost();
  await first.start();
  const config = first.reattachConfig({ withPrivateKey: true });
  const second = secondHost(config, { killGraceMs: 300 });
  await second.start();
  process.kill(config.pid, "SIGSTOP");
  strictEqual((await within(second.kill(), "kill()")).step, "SIGKILL");
  deepStrictEqual(await within(first.closed, "the exit"), { code: null, signal: "SIGKILL" });
});

test("Client.closed of a second host tells of an end that nobody asked for", async () => {
  await using first = firstHost();
  await first.start();
  const config = first.reattachConfig({ withPrivateKey: true });
  await using second = secondHost(config);
  const memory = await second.dispense("memory");
  process.kill(config.pid, "SIGKILL");
  deepStrictEqual(await within(second.closed, "the end"), { code: null, signal: null });
  await rejects(memory.echo({ text: "too late" }), { status: "UNAVAILABLE" });
});

test("Client.reattachConfig() holds no private key that was not asked for", async () => {
  await using first = firstHost();
  await first.start();
  const config = first.reattachConfig();
  ok(!("tls" in config));
  ok(!JSON.stringify(config).includes("PRIVATE"));
  match(JSON.stringify(first.reattachConfig({ withPrivateKey: true })), /PRIVATE KEY/);
});

for (const [network, autoMtls] of [["unix", true], ["tcp", true], ["tcp", false]] as const) {
  test(`a host program ends by itself after kill(), ${network}, autoMtls ${autoMtls}`, async () => {
    await using first = firstHost({ autoMtls }, fixture("remembering", network));
    await first.start();
    const config = first.reattachConfig({ withPrivateKey: true });
    deepStrictEqual(await attachInProgram("kill", config, autoMtls), [
      "nothing",
      "Shutdown null null",
    ]);
    await within(first.closed, "the end of the plugin");
  });
}

test("a host program ends by itself after a refused attempt", async () => {
  await using first = firstHost();
  await first.start();
  const config = first.reattachConfig({ withPrivateKey: true });
  const address = { network: "tcp", host: "127.0.0.1", port: 1 } as const;
  const [line] = await attachInProgram("kill", { ...config, address });
  match(line ?? "", /^ReattachError process-not-found: .*nobody answers at 127.0.0.1:1: /);
  await first.ping();
});

test("a host program ends by itself after an attempt that was aborted before it began", async () => {
  await using first = firstHost();
  await first.start();
  const config = first.reattachConfig({ withPrivateKey: true });
  deepStrictEqual(await attachInProgram("abort", config), ["Error undefined: aborted"]);
  await first.ping();
});

test("a host program without --allow-run is told to add it", { skip: !isDeno }, async () => {
  await using first = firstHost();
  await first.start();
  const config = first.reattachConfig({ withPrivateKey: true });
  const flags = ["--no-prompt", "--allow-net", "--allow-env", "--allow-read", "--allow-write"];
  const [line] = await attachInProgram("kill", config, true, flags);
  strictEqual(
    line,
    `PermissionError permission: Cannot reattach to process ${config.pid}: add --allow-run`,
  );
  await first.ping();
});

test(
  "a host program attaches with --allow-net and --allow-run alone",
  { skip: !isDeno },
  async () => {
    await using first = firstHost({}, fixture("remembering", "tcp"));
    await first.start();
    const config = first.reattachConfig({ withPrivateKey: true });
    const flags = ["--no-prompt", "--allow-net", "--allow-run", "--allow-env=REATTACH,AUTO_MTLS"];
    deepStrictEqual(await attachInProgram("kill", config, true, flags), [
      "nothing",
      "Shutdown null null",
    ]);
  },
);

/** Runs a program that attaches, to its end; gives the lines that it printed. */
async function attachInProgram(
  how: "kill" | "abort",
  config: ReattachConfig,
  autoMtls = true,
  flags?: readonly string[],
): Promise<string[]> {
  const program = moduleCommand("tests/fixtures/attaching_host", flags);
  const REATTACH = JSON.stringify(formatReattach(config));
  const { code, stdout, stderr } = await run([...program, how], {
    env: { REATTACH, AUTO_MTLS: autoMtls ? "1" : "0" },
  });
  strictEqual(code, 0, stderr);
  return stdout.trimEnd().split("\n");
}
