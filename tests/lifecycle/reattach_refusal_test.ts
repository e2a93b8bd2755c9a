import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import process from "node:process";
import { test } from "node:test";
import {
  type AttachedRunner,
  CertificateError,
  Client,
  ReattachError,
  UnsupportedProtocolError,
  VersionMismatchError,
} from "@x/goplugin";
import { FixtureService, handshake } from "../fixtures/fixture.ts";
import { failedAttach, firstHost, secondHost, throughJson } from "../helpers/attached_client.ts";
import { recordLogs } from "../helpers/logs.ts";
import { fixture } from "../helpers/program.ts";
import { isAlive, within } from "../helpers/wait.ts";

const NOWHERE = { network: "tcp", host: "127.0.0.1", port: 1 } as const;
const CONFIG = {
  protocol: "grpc",
  protocolVersion: 1,
  address: NOWHERE,
  pid: 1,
  test: false,
} as const;

/** A first host whose plugin a test must not harm, and how to attach to it. */
async function attachable(autoMtls = true) {
  const host = firstHost({ autoMtls });
  await host.start();
  return { host, config: throughJson(host.reattachConfig({ withPrivateKey: true })) };
}

test("attaching under AutoMTLS takes the certificates", async () => {
  const { host, config } = await attachable();
  await using _ = host;
  const { tls, ...bare } = config;
  const { privateKey: _key, ...lacking } = tls ?? { peerCertificate: "" };
  for (const reattach of [bare, { ...bare, tls: lacking }]) {
    const error = await failedAttach(reattach);
    ok(error instanceof CertificateError, String(error));
    strictEqual(error.fault, "missing");
    strictEqual(
      error.message,
      "Cannot reattach: AutoMTLS is on and the reattach configuration lacks certificates",
    );
    match(error.hint ?? "", /reattachConfig\(\{ withPrivateKey: true \}\)/);
  }
  await host.ping();
});

test("a second host in clear does not reach a plugin under AutoMTLS", async () => {
  const { host, config } = await attachable();
  await using _ = host;
  const { tls: _tls, ...bare } = config;
  const error = await failedAttach(bare, { autoMtls: false });
  ok(error instanceof ReattachError, String(error));
  await host.ping();
});

test("a second host that has certificates uses them, whatever autoMtls says", async () => {
  const { host, config } = await attachable();
  await using _ = host;
  const second = secondHost(config, { autoMtls: false });
  await second.start();
  ok(second.isEncrypted);
  await second.kill();
});

test("a second host that has certificates does not fall back to clear", async () => {
  const encrypted = await attachable();
  await using _1 = encrypted.host;
  const clear = await attachable(false);
  await using _2 = clear.host;
  const { tls } = encrypted.config;
  ok(tls !== undefined);
  for (const autoMtls of [true, false]) {
    const error = await failedAttach({ ...clear.config, tls }, { autoMtls });
    ok(error instanceof ReattachError, String(error));
  }
  await clear.host.ping();
});

test("a second host trusts no plugin but the one whose certificate it has", async () => {
  const [one, other] = [await attachable(), await attachable()];
  await using _1 = one.host;
  await using _2 = other.host;
  const { tls } = other.config;
  ok(tls !== undefined);
  const error = await failedAttach({ ...one.config, tls });
  ok(error instanceof ReattachError, String(error));
  await one.host.ping();
});

test("a malformed certificate is named", async () => {
  const tls = { peerCertificate: "no PEM", certificate: "no PEM", privateKey: "SECRET" };
  const error = await failedAttach({ ...CONFIG, tls });
  ok(error instanceof CertificateError, String(error));
  strictEqual(error.fault, "malformed");
  match(error.message, /^Cannot reattach: tls.peerCertificate: /);
  ok(!error.message.includes("SECRET"));
});

for (const protocol of ["netrpc", ""]) {
  test(`a plugin that speaks ${JSON.stringify(protocol)} is refused`, async () => {
    const error = await failedAttach({ ...CONFIG, protocol });
    ok(error instanceof UnsupportedProtocolError, String(error));
    strictEqual(error.protocol, protocol);
  });
}

/** A client of the plugin with versions, with certificates if it attaches. */
function versioned(
  versions: readonly number[],
  source: ConstructorParameters<typeof Client>[0] | object,
  protocolVersion = 1,
) {
  const set = (version: number) => [version, { [`fixture${version}`]: FixtureService }];
  return new Client({
    handshake: { ...handshake, protocolVersion },
    versionedPlugins: Object.fromEntries(versions.map(set)),
    autoMtls: false,
    logger: recordLogs().logger,
    ...source as { command: [string] },
  });
}

test("a second host uses the plugins of the version that the first agreed on", async () => {
  await using first = versioned([2, 3], { command: fixture("versions", "2,3,4") });
  await first.start();
  const config = throughJson(first.reattachConfig());
  strictEqual(config.protocolVersion, 3);
  const second = versioned([1, 2, 3, 4], { reattach: config });
  await rejects(second.dispense("fixture4"), /unknown plugin type "fixture4", known: fixture3/);
  const plugin = await second.dispense("fixture3") as { echo(r: object): Promise<object> };
  deepStrictEqual({ ...await plugin.echo({ text: "hello" }) }, { text: "hello from version 3" });
  strictEqual(second.negotiatedVersion, 3);

  const third = versioned([1, 2], { reattach: config });
  await rejects(third.start(), (error: VersionMismatchError) => {
    ok(error instanceof VersionMismatchError, String(error));
    deepStrictEqual([error.pluginVersion, error.hostVersions], [3, [1, 2]]);
    return true;
  });
  await second.kill();
});

test("without a version, as Go gives it, a second host uses the handshake's or its only one", async () => {
  await using first = versioned([2, 3], { command: fixture("versions", "2,3") });
  await first.start();
  const reattach = { ...throughJson(first.reattachConfig()), protocolVersion: 0 };
  for (
    const [versions, protocolVersion, known] of [
      [[3], 1, "fixture3"],
      [[2, 3], 2, "fixture2"],
    ] as const
  ) {
    const second = versioned(versions, { reattach: { ...reattach, test: true } }, protocolVersion);
    await second.dispense(known);
    strictEqual(second.negotiatedVersion, 0);
    await second.kill();
  }
  const unsure = versioned([2, 3], { reattach }, 9);
  await rejects(unsure.start(), VersionMismatchError);
  await first.ping();
});

/** Says that nothing was found, in the words that go-plugin's users know. */
function assertNotFound(error: Error, found: RegExp): void {
  ok(error instanceof ReattachError, String(error));
  strictEqual(error.code, "process-not-found");
  match(error.message, /^Cannot reattach: reattachment process not found: /);
  match(error.message, found);
}

test("a process that has ended is not found", async () => {
  const child = spawn("true");
  await within(once(child, "exit"), "the exit");
  const pid = child.pid as number;
  const error = await failedAttach({ ...CONFIG, pid }, { autoMtls: false });
  assertNotFound(error, new RegExp(`no process ${pid} of this user runs$`));
  strictEqual(error.hint, "The plugin has ended since; start it anew");
});

for (const address of [NOWHERE, { network: "unix", path: "/tmp/nobody-listens-here" } as const]) {
  test(`a process that does not listen at its ${address.network} address is not found`, async () => {
    const { host, config } = await attachable();
    await using _ = host;
    const error = await failedAttach({ ...config, address });
    assertNotFound(error, /nobody answers at (127.0.0.1:1|\/tmp\/nobody-listens-here): /);
    await host.ping();
  });
}

/** A server that takes connections and never says a word. */
async function silentServer(): Promise<Server & AsyncDisposable> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

for (const autoMtls of [true, false]) {
  test(`somebody who never answers is given up, autoMtls ${autoMtls}`, async () => {
    const { host, config } = await attachable(autoMtls);
    await using _ = host;
    await using server = await silentServer();
    const { port } = server.address() as AddressInfo;
    const address = { network: "tcp", host: "127.0.0.1", port } as const;
    const reattach = { ...config, address };
    assertNotFound(
      await within(failedAttach(reattach, { autoMtls, startTimeoutMs: 300 }), "the refusal"),
      /nobody answers/,
    );
    const client = secondHost(reattach, { autoMtls });
    const stopping = new AbortController();
    const starting = client.start({ signal: stopping.signal });
    await once(server, "connection");
    stopping.abort(new Error("aborted"));
    await rejects(within(starting, "the abort"), /^Error: aborted$/);
    strictEqual((await client.kill()).step, "none");
    await host.ping();
  });
}

test("a later process of the same id is left alone", async () => {
  const { host, config } = await attachable();
  await using _ = host;
  ok(process.platform === "win32" || config.startTime !== undefined);
  const other = spawn("sleep", ["60"]);
  try {
    const pid = other.pid as number;
    const client = secondHost({ ...config, pid });
    await rejects(client.start(), (error: Error) => {
      assertNotFound(error, new RegExp(`process ${pid} is a later one$`));
      return true;
    });
    strictEqual((await client.kill()).step, "none");
    ok(isAlive(pid));
    strictEqual(other.exitCode, null);
  } finally {
    other.kill("SIGKILL");
    await once(other, "exit");
  }
});

test("this very program is no plugin, unless in test mode", async () => {
  const error = await failedAttach({ ...CONFIG, pid: process.pid }, { autoMtls: false });
  assertNotFound(error, new RegExp(`process ${process.pid} is this very program$`));
  match(error.hint ?? "", /test: true/);
});

test("a configuration without a process id or an attach function is wrong", async () => {
  const error = await failedAttach({ ...CONFIG, pid: 0 }, { autoMtls: false });
  ok(error instanceof TypeError, String(error));
  match(error.message, /^ClientConfig.reattach: pid or attach is needed/);
});

test("ClientConfig.reattach.attach finds the plugin in place of the process id", async () => {
  const { host, config } = await attachable();
  await using _ = host;
  const steps: string[] = [];
  const attach = (): AttachedRunner => ({
    id: "container 7",
    exited: host.closed,
    kill: (signal) => void steps.push(signal),
  });
  const second = secondHost({ ...config, pid: 0, attach });
  const memory = await second.dispense("memory");
  await memory.echo({ text: "found" });
  deepStrictEqual([second.id, second.reattachConfig().pid], ["container 7", 0]);
  ok(!("startTime" in second.reattachConfig()));
  deepStrictEqual(await within(second.kill(), "kill()"), {
    code: 0,
    signal: null,
    step: "Shutdown",
  });
  deepStrictEqual(steps, []);
});

test("ClientConfig.reattach.attach that fails or never ends fails the start", async () => {
  const failure = new Error("no such container");
  const attach = () => Promise.reject(failure);
  strictEqual(await failedAttach({ ...CONFIG, attach }, { autoMtls: false }), failure);
  const never = () => new Promise<AttachedRunner>(() => {});
  const error = await failedAttach({ ...CONFIG, attach: never }, {
    autoMtls: false,
    startTimeoutMs: 100,
  });
  assertNotFound(error, /no answer in 100 ms$/);
});

for (const excluded of ["command", "runner", "secure"] as const) {
  test(`ClientConfig: reattach excludes ${excluded}`, () => {
    const values = { command: ["./plugin"], runner: () => {}, secure: { checksum: "", file: "" } };
    const config = { handshake, plugins: {}, reattach: CONFIG, [excluded]: values[excluded] };
    try {
      new Client(config as unknown as ConstructorParameters<typeof Client>[0]);
    } catch (error) {
      ok(error instanceof TypeError);
      return match(
        error.message,
        excluded === "secure"
          ? /^ClientConfig: only one of reattach or secure can be set$/
          : /^ClientConfig: exactly one of command, reattach, runner must be set, found 2$/,
      );
    }
    throw new Error("it was taken");
  });
}
