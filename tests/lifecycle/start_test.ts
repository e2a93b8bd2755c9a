import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import {
  CertificateError,
  ClientStateError,
  ConnectError,
  HandshakeError,
  PluginExitedError,
  SpawnError,
  StartTimeoutError,
  UnknownPluginError,
  UnsupportedProtocolError,
  VersionMismatchError,
} from "@x/goplugin";
import { failedStart, fixtureClient } from "../helpers/fixture_client.ts";
import { fixture } from "../helpers/program.ts";
import { isAlive } from "../helpers/wait.ts";
import { GO_CERTIFICATE } from "../wire/go_certificate.ts";
import { encodeRawBase64 } from "../../src/wire/base64.ts";

for (const autoMtls of [true, false]) {
  for (const network of ["unix", "tcp"]) {
    test(`Client.start() and dispense(), ${network}, autoMtls ${autoMtls}`, async () => {
      await using client = fixtureClient(fixture("obedient", network), { autoMtls });
      strictEqual(client.id, "");
      strictEqual(client.protocol, "");
      const address = await client.start();
      strictEqual(address.network, network);
      strictEqual(client.protocol, "grpc");
      strictEqual(client.negotiatedVersion, 1);
      strictEqual(client.isEncrypted, autoMtls);
      ok(isAlive(client.id));
      const plugin = await client.dispense("fixture");
      deepStrictEqual({ ...await plugin.echo({ text: "hello" }) }, { text: "hello" });
      const counted: number[] = [];
      for await (const { amount } of plugin.count({ amount: 3 })) counted.push(amount);
      deepStrictEqual(counted, [1, 2, 3]);
      await client.ping();
    });
  }
}

test("Client.start() is idempotent, also when called at once", async () => {
  await using client = fixtureClient("obedient");
  const [first, second] = await Promise.all([client.start(), client.start()]);
  deepStrictEqual(first, second);
  deepStrictEqual(await client.start(), first);
});

test("Client.dispense() of an unknown name lists the known ones", async () => {
  await using client = fixtureClient("obedient");
  // @ts-expect-error The compiler knows as well.
  await rejects(client.dispense("nope"), (error: UnknownPluginError) => {
    ok(error instanceof UnknownPluginError);
    deepStrictEqual(error.known, ["fixture"]);
    match(error.message, /unknown plugin type "nope", known: fixture/);
    return true;
  });
});

test("Client.start() ends a plugin without a handshake after startTimeoutMs", async () => {
  const error = await failedStart(fixture("line"), { startTimeoutMs: 4_000 });
  ok(error instanceof StartTimeoutError);
  strictEqual(error.code, "start-timeout");
  strictEqual(error.report?.phase, "handshake");
  deepStrictEqual(error.report?.stderr, ["line fixture"]);
});

test("Client.start() tells how a plugin ended that never spoke", async () => {
  const error = await failedStart("crashing");
  ok(error instanceof PluginExitedError);
  deepStrictEqual(error.exit, { code: 3, signal: null });
  deepStrictEqual(error.report?.stderr, ["first reason", "second reason"]);
  match(error.message, /exit code 3[\s\S]*second reason/);
  match(String(error.stack), /second reason/);
});

test("Client.start() accepts a line that ends with the stream, and then sees the exit", async () => {
  const error = await failedStart(fixture("crashing", "1|1|tcp|127.0.0.1:1|grpc|"), {
    autoMtls: false,
  });
  ok(error instanceof ConnectError, String(error));
  strictEqual(error.report?.line, "1|1|tcp|127.0.0.1:1|grpc|");
  deepStrictEqual(error.report?.exit, { code: 3, signal: null });
});

const TCP = "1|1|tcp|127.0.0.1:1|grpc|";
const cert = encodeRawBase64(GO_CERTIFICATE);
const REFUSED: [
  name: string,
  line: string,
  autoMtls: boolean,
  kind: new (...a: never[]) => Error,
][] = [
  ["an empty line", "\\n", false, HandshakeError],
  ["a banner", "Starting up\\n" + TCP + "\\n", false, HandshakeError],
  ["too few fields", "1|1|tcp\\n", false, HandshakeError],
  ["another core version", "2|1|tcp|127.0.0.1:1|grpc|\\n", false, HandshakeError],
  ["another version", "1|9|tcp|127.0.0.1:1|grpc|\\n", false, VersionMismatchError],
  ["an unknown network", "1|1|udp|127.0.0.1:1|grpc|\\n", false, HandshakeError],
  ["a bad address", "1|1|tcp|127.0.0.1|grpc|\\n", false, HandshakeError],
  ["net/rpc", "1|1|tcp|127.0.0.1:1|netrpc|\\n", false, UnsupportedProtocolError],
  ["a line of four fields", "1|1|tcp|127.0.0.1:1\\n", false, UnsupportedProtocolError],
  ["no certificate under AutoMTLS", TCP + "\\n", true, CertificateError],
  ["a short certificate under AutoMTLS", TCP + "abcd\\n", true, CertificateError],
  ["a certificate without AutoMTLS", TCP + cert + "\\n", false, CertificateError],
  ["a certificate that is none", TCP + "A".repeat(60) + "\\n", true, CertificateError],
  ["nobody at the address", TCP + "\\n", false, ConnectError],
  ["nobody at the socket", "1|1|unix|/nonexistent/socket|grpc|\\n", false, ConnectError],
  ["a first line without end", "x".repeat(70_000), false, HandshakeError],
];

for (const [name, line, autoMtls, kind] of REFUSED) {
  test(`Client.start() refuses ${name} and ends the process`, async () => {
    const error = await failedStart(fixture("line", line), { autoMtls });
    ok(error instanceof kind, String(error));
    ok(error.report !== undefined);
    strictEqual(error.report.exit, undefined);
    deepStrictEqual(error.report.stderr, ["line fixture"]);
  });
}

test("Client.start() takes blanks and CRLF around the line", async () => {
  const error = await failedStart(fixture("line", ` ${TCP} \\r\\n`), { autoMtls: false });
  ok(error instanceof ConnectError, String(error));
});

test("Client.start() says that a program does not exist", async () => {
  const error = await failedStart(["/nonexistent/plugin"]);
  ok(error instanceof SpawnError);
  strictEqual(error.report?.phase, "spawn");
  match(error.message, /"\/nonexistent\/plugin" or its working directory not found/);
});

test("Client.start() says that a program is built for another machine", async () => {
  const folder = mkdtempSync(join(tmpdir(), "other-"));
  try {
    // The start of an ELF file for AArch64, or for x86-64 where that is this machine.
    const machine = process.arch === "arm64" ? 62 : 183;
    const header = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, machine, 0];
    const file = join(folder, "plugin");
    writeFileSync(file, Uint8Array.from([...header, ...new Array(200).fill(0)]), { mode: 0o755 });
    const error = await failedStart([file]);
    match(`${error.message}\n${error.hint}`, /another operating system or processor/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("Client.start() hints at the magic cookie where the plugin complains of it", async () => {
  const error = await failedStart("obedient", {
    handshake: { protocolVersion: 1, magicCookieKey: "FIXTURE_PLUGIN", magicCookieValue: "other" },
  });
  ok(error instanceof PluginExitedError);
  strictEqual(error.exit.code, 1);
  match(String(error.hint), /magic cookie/);
});

test("Client.start() with a signal ends at once and leaves no process", async () => {
  const client = fixtureClient(fixture("line"));
  const abort = new AbortController();
  const starting = client.start({ signal: abort.signal });
  abort.abort(new Error("changed my mind"));
  await rejects(starting, /changed my mind/);
  strictEqual((await client.kill()).step, "none");
});

test("Client.kill() during a start ends the start", async () => {
  const client = fixtureClient(fixture("line"));
  const starting = client.start();
  const killing = client.kill();
  await rejects(starting, ClientStateError);
  strictEqual((await killing).step, "none");
});

test("Client.start() after kill() is refused", async () => {
  const client = fixtureClient("obedient");
  await client.kill();
  await rejects(client.start(), (error: ClientStateError) => error.code === "killed");
});

test("new Client() checks its configuration before anything is started", () => {
  const handshake = { magicCookieKey: "A", magicCookieValue: "b" };
  for (
    const [config, kind] of [
      [{ handshake: { magicCookieKey: "", magicCookieValue: "x" } }, TypeError],
      [{ handshake, command: [] }, TypeError],
      [{ handshake, startTimeoutMs: -1 }, RangeError],
      [{ handshake, killGraceMs: Number.NaN }, RangeError],
      [{ handshake, minPort: 20, maxPort: 10 }, RangeError],
      [{ handshake, minPort: 70_000 }, RangeError],
    ] as const
  ) {
    let thrown: unknown;
    try {
      fixtureClient("obedient", config as Parameters<typeof fixtureClient>[1]);
    } catch (error) {
      thrown = error;
    }
    ok(thrown instanceof kind, JSON.stringify(config));
  }
});
