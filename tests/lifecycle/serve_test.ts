import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseHandshake } from "@x/goplugin";
import { fixture } from "../helpers/program.ts";
import { FIXTURE_ENV, startRaw } from "../helpers/raw_plugin.ts";
import { generateIdentity } from "../../src/wire/certificate.ts";
import { readCertificate } from "../../src/wire/x509.ts";

for (
  const [what, env] of [
    ["no magic cookie", {}],
    ["an empty magic cookie", { FIXTURE_PLUGIN: "" }],
    ["another magic cookie", { FIXTURE_PLUGIN: "Fixture" }],
  ] as const
) {
  test(`serve() with ${what} says that this is a plugin and exits with 1`, async () => {
    const { code, stdout, stderr } = await startRaw(fixture("obedient"), env).ended;
    strictEqual(code, 1);
    strictEqual(stdout, "");
    match(stderr, /^This program is a plugin/);
    match(stderr, /FIXTURE_PLUGIN/);
  });
}

test("serve() without a cookie of its own blames the author and exits with 1", async () => {
  const { code, stdout, stderr } = await startRaw(fixture("uncookied"), FIXTURE_ENV).ended;
  strictEqual(code, 1);
  strictEqual(stdout, "");
  match(stderr, /^Misconfigured plugin/);
});

test("serve() prints one line of six fields and nothing else, and ends in order on SIGTERM", async () => {
  const plugin = startRaw(fixture("obedient", "unix"), FIXTURE_ENV);
  const line = await plugin.line;
  match(line, /^1\|1\|unix\|[^|]+\|grpc\|$/);
  plugin.terminate();
  const { code, signal, stdout, stderr } = await plugin.ended;
  deepStrictEqual({ code, signal, stdout }, { code: 0, signal: null, stdout: `${line}\n` });
  for (const entry of stderr.trim().split("\n").filter((text) => text.startsWith("{"))) {
    match(JSON.parse(entry)["@timestamp"], /\.\d{6}Z$/);
  }
});

for (
  const [value, expected] of [
    ["true", "true"],
    ["1", "true"],
    ["false", "false"],
    ["banana", "false"],
    ["", undefined],
  ] as const
) {
  test(`serve() answers PLUGIN_MULTIPLEX_GRPC=${value || "(empty)"} with ${expected}`, async () => {
    const plugin = startRaw(fixture("obedient"), { ...FIXTURE_ENV, PLUGIN_MULTIPLEX_GRPC: value });
    const fields = (await plugin.line).split("|");
    strictEqual(fields[6], expected);
    strictEqual(fields.length, expected === undefined ? 6 : 7);
    plugin.terminate();
    strictEqual((await plugin.ended).code, 0);
  });
}

test("serve() answers a host's certificate with its own", async () => {
  const { certificatePem } = await generateIdentity();
  const plugin = startRaw(fixture("obedient"), {
    ...FIXTURE_ENV,
    PLUGIN_CLIENT_CERT: certificatePem,
  });
  const { certificate } = parseHandshake(await plugin.line);
  ok(certificate !== undefined);
  deepStrictEqual(readCertificate(certificate).dnsNames, ["localhost"]);
  plugin.terminate();
  strictEqual((await plugin.ended).code, 0);
});

for (
  const [offered, served, expected] of [
    ["1,3,2", "2,3,5", 3],
    ["9", "2,3,5", 2],
    ["", "2,3,5", 2],
    ["x, 5,3", "2,3,5", 3],
    ["2", "2,3", 2],
  ] as const
) {
  test(`serve() of ${served} to a host of "${offered}" announces ${expected}`, async () => {
    const plugin = startRaw(fixture("versions", served), {
      ...FIXTURE_ENV,
      PLUGIN_PROTOCOL_VERSIONS: offered,
    });
    strictEqual(parseHandshake(await plugin.line).protocolVersion, expected);
    plugin.terminate();
    strictEqual((await plugin.ended).code, 0);
  });
}

test("serve() puts its socket where PLUGIN_UNIX_SOCKET_DIR says and takes it away", async () => {
  const directory = mkdtempSync(join(tmpdir(), "dir-"));
  try {
    const plugin = startRaw(fixture("obedient"), {
      ...FIXTURE_ENV,
      PLUGIN_UNIX_SOCKET_DIR: directory,
    });
    const { address } = parseHandshake(await plugin.line);
    ok(address.network === "unix");
    strictEqual(join(address.path, ".."), directory);
    strictEqual(readdirSync(directory).length, 1);
    plugin.terminate();
    strictEqual((await plugin.ended).code, 0);
    deepStrictEqual(readdirSync(directory), []);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("serve() on TCP takes the first free port of the range", async () => {
  const taken = createServer();
  const min = await new Promise<number>((resolve) => {
    taken.listen(0, "127.0.0.1", () => resolve((taken.address() as { port: number }).port));
  });
  try {
    const plugin = startRaw(fixture("obedient", "tcp"), {
      ...FIXTURE_ENV,
      PLUGIN_MIN_PORT: String(min),
      PLUGIN_MAX_PORT: String(min + 50),
    });
    const { address } = parseHandshake(await plugin.line);
    ok(address.network === "tcp" && address.port > min && address.port <= min + 50);
    plugin.terminate();
    await plugin.ended;
  } finally {
    taken.close();
  }
});

for (
  const [network, isStarted] of [["unix", true], ["tcp", false]] as const
) {
  test(`serve() on ${network} with a bad port range ${isStarted ? "does not look at it" : "fails"}`, async () => {
    const plugin = startRaw(fixture("obedient", network), {
      ...FIXTURE_ENV,
      PLUGIN_MIN_PORT: "20",
      PLUGIN_MAX_PORT: "10",
    });
    strictEqual(await plugin.line !== "", isStarted);
    plugin.terminate();
    const { code, stderr } = await plugin.ended;
    strictEqual(code === 0, isStarted);
    strictEqual(stderr.includes("PLUGIN_MIN_PORT value of 20 is greater"), !isStarted);
  });
}
