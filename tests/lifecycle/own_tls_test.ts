/** TLS of one's own: `tls` on the host, `tlsProvider` on the plugin, in two processes. */
import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import {
  CertificateError,
  Client,
  type ClientOptions,
  ConnectError,
  type PluginError,
  PluginExitedError,
  type TlsConfig,
} from "@x/goplugin";
import { encodeRawBase64 } from "../../src/wire/base64.ts";
import { createCertificate } from "../../src/wire/create_certificate.ts";
import { decodePem } from "../../src/wire/pem.ts";
import { ExchangeService } from "../fixtures/exchange.ts";
import { fixture as echoing, FixtureService, handshake } from "../fixtures/fixture.ts";
import { authority, chained, EXPIRED, signed, stranger } from "../helpers/authority.ts";
import { leftovers } from "../helpers/fixture_client.ts";
import { recordLogs } from "../helpers/logs.ts";
import { type Command, fixture } from "../helpers/program.ts";

const ca = authority.certificate;
const good = await signed();
const other = await signed();

type HostOptions = Pick<ClientOptions, "tls" | "autoMtls" | "env" | "stderr">;

/** A host and a plugin with TLS of their own. */
function ownTlsClient(
  host: HostOptions,
  plugin: TlsConfig | "throw" | "nothing",
  command: Command = fixture("own_tls"),
) {
  return new Client({
    handshake,
    plugins: { fixture: FixtureService, exchange: ExchangeService },
    command,
    logger: recordLogs().logger,
    killGraceMs: 5_000,
    ...host,
    env: {
      FIXTURE_TLS: typeof plugin === "string" ? plugin : JSON.stringify(plugin),
      ...host.env,
    },
  });
}

/** Starts what must not start. */
async function refused(...args: Parameters<typeof ownTlsClient>): Promise<PluginError> {
  const client = ownTlsClient(...args);
  try {
    await client.start();
  } catch (error) {
    return error as PluginError;
  } finally {
    await client.kill();
  }
  throw new Error("the plugin started");
}

const elsewhere = await signed({ names: ["plugin.example"] });

for (
  const [how, host, plugin] of [
    ["both sides under one authority", { ca, ...good }, { ca, ...other }],
    ["an authority below, sent along", { ca, ...await chained() }, { ca, ...await chained() }],
    [
      "a name of its own",
      { ca, ...elsewhere, serverName: "plugin.example" },
      { ca, ...elsewhere, serverName: "plugin.example" },
    ],
  ] as const
) {
  test(`tls and tlsProvider connect, the broker both ways: ${how}`, async () => {
    const left = await leftovers(async (env) => {
      await using client = ownTlsClient({ tls: host, env }, plugin);
      const exchange = await client.dispense("exchange");
      ok(client.isEncrypted);
      await client.ping();
      const { id } = await exchange.lend({ id: 0 });
      {
        await using lent = await client.broker.dial(id, FixtureService);
        strictEqual((await lent.echo({ text: "to the plugin" })).text, "to the plugin");
      }
      const own = client.broker.nextId();
      await using _served = await client.broker.serve(own, echoing);
      strictEqual((await exchange.borrow({ id: own })).said, `id ${own}`);
      strictEqual((await client.kill()).step, "Shutdown");
    });
    deepStrictEqual(left, []);
  });
}

test("tls without a certificate connects to a plugin that asks for none, and dials its broker", async () => {
  await using client = ownTlsClient({ tls: { ca } }, { ...other });
  const exchange = await client.dispense("exchange");
  const { id } = await exchange.lend({ id: 0 });
  await using lent = await client.broker.dial(id, FixtureService);
  strictEqual((await lent.echo({ text: "one way" })).text, "one way");
  // The host has nothing to show to a plugin that would dial it.
  await rejects(client.broker.serve(client.broker.nextId(), echoing), {
    name: "TypeError",
    message: "tls.certificate, tls.privateKey: both are needed to serve",
  });
});

test("a tlsProvider without ca cannot dial: it knows nobody to trust", async () => {
  await using client = ownTlsClient({ tls: { ca, ...good } }, { ...other });
  const exchange = await client.dispense("exchange");
  const id = client.broker.nextId();
  // The host wants to see a certificate of the authority, and gets a dialler that trusts nobody.
  await using _served = await client.broker.serve(id, echoing);
  await rejects(exchange.borrow({ id }), /tls\.ca: needed to trust the other side/);
});

test("a tlsProvider that gives nothing leaves AutoMTLS on", async () => {
  await using client = ownTlsClient({}, "nothing");
  const plugin = await client.dispense("fixture");
  strictEqual((await plugin.echo({ text: "pinned" })).text, "pinned");
  ok(client.isEncrypted);
});

// Whatever does not fit together is refused: no call goes out, least of all in clear.

test("tls refuses a plugin in clear", async () => {
  const error = await refused({ tls: { ca, ...good } }, "nothing");
  ok(error instanceof ConnectError, String(error));
  match(error.message, /\nThe plugin shows no certificate: it may not speak TLS at all\n/);
});

test("a host in clear is refused by a tlsProvider, and told why", async () => {
  for (const plugin of [{ ...other }, { ca, ...other }]) {
    const error = await refused({ autoMtls: false }, plugin);
    ok(error instanceof ConnectError, String(error));
    match(
      error.message,
      /\nThe plugin serves under TLS and this host connects in clear; it shows: "CN=localhost", issued by "CN=localhost authority"/,
    );
    match(error.hint ?? "", /set tls/);
  }
});

test("AutoMTLS refuses a tlsProvider, and names tls", async () => {
  const error = await refused({}, { ca, ...other });
  ok(error instanceof CertificateError, String(error));
  strictEqual(error.fault, "missing");
  match(error.hint ?? "", /the plugin brings TLS of its own \(then set tls\)/);
});

test("tls refuses a plugin that announces an AutoMTLS certificate", async () => {
  const certificate = encodeRawBase64(decodePem("CERTIFICATE", other.certificate));
  const line = `1|1|tcp|127.0.0.1:1|grpc|${certificate}\\n`;
  const error = await refused({ tls: { ca, ...good } }, "nothing", fixture("line", line));
  ok(error instanceof CertificateError, String(error));
  strictEqual(error.fault, "unexpected");
  match(error.hint ?? "", /leave tls out/);
});

for (
  const [what, shown, saying] of [
    [
      "under another authority",
      await createCertificate({ issuer: stranger }),
      /"CN=localhost", issued by "CN=localhost authority", for DNS:localhost, valid from 20/,
    ],
    ["for another name", elsewhere, /for DNS:plugin\.example, .*\nIt has to be for "localhost"/],
    ["that has expired", await signed(EXPIRED), /valid from 20\S+Z to 20\S+Z, ECDSA P-521 key/],
    ["of its own making", await createCertificate({ curve: "P-256" }), /self-signed, .* P-256 key/],
  ] as const
) {
  test(`tls refuses a plugin's certificate ${what}, and says what it holds`, async () => {
    const error = await refused({ tls: { ca } }, shown);
    ok(error instanceof ConnectError, String(error));
    strictEqual(error.report?.phase, "connect");
    match(error.message, saying);
    const [, seen, , trusted] = error.message.split("\n");
    match(
      seen ?? "",
      /^The plugin shows this certificate: ".*, SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/,
    );
    match(trusted ?? "", /^"CN=localhost authority", self-signed, /);
  });
}

for (
  const [what, host] of [
    ["nothing", {}],
    ["a certificate under another authority", await createCertificate({ issuer: stranger })],
    ["an expired certificate", await signed(EXPIRED)],
    ["a certificate for servers", await signed({ usages: ["serverAuth"] })],
  ] as const
) {
  test(`a tlsProvider refuses a host that shows ${what}`, async () => {
    const client = ownTlsClient({ tls: { ca, ...host } }, { ca, ...other });
    try {
      // By TLS 1.3, a client may have connected before it hears that it is refused.
      await rejects(client.dispense("fixture").then((plugin) => plugin.echo({ text: "in" })));
    } finally {
      await client.kill();
    }
  });
}

for (
  const [what, plugin, said] of [
    ["throws", "throw", /the vault is closed/],
    ["gives no key", { certificate: other.certificate }, /certificate and privateKey are needed/],
    ["gives no certificate", { ca }, /certificate and privateKey are needed/],
    ["gives another's key", { ...other, privateKey: good.privateKey }, /it is not the key of/],
    ["gives what is no PEM", { certificate: "no", privateKey: "PEM" }, /they cannot be read/],
    ["trusts what cannot be read", { ...other, ca: "no PEM" }, /Cannot use tls\.ca: no PEM block/],
    [
      "trusts what has expired",
      { ...other, ca: (await createCertificate({ isAuthority: true, ...EXPIRED })).certificate },
      /Cannot trust what is in tls\.ca: it expired at 20/,
    ],
  ] as const
) {
  test(`a plugin whose tlsProvider ${what} does not start`, async () => {
    const left = await leftovers(async (env) => {
      let text = "";
      const stderr = (bytes: Uint8Array) => void (text += new TextDecoder().decode(bytes));
      const error = await refused({ tls: { ca }, env, stderr }, plugin);
      ok(error instanceof PluginExitedError, String(error));
      match(text, said);
    });
    deepStrictEqual(left, []);
  });
}

test("tls that cannot be used is refused before anything is started", async () => {
  const expired = (await createCertificate({ isAuthority: true, ...EXPIRED })).certificate;
  for (
    const [tls, name, phase] of [
      [{ ca: expired }, "CertificateError", "identity"],
      [{ ca: "no PEM" }, "CertificateError", "identity"],
      [{ ca, ...good, privateKey: other.privateKey }, "TypeError", undefined],
      [{ ca: ca + good.certificate }, "TypeError", undefined],
    ] as const
  ) {
    const error = await refused({ tls }, other);
    strictEqual(error.name, name);
    strictEqual(error.report?.phase, phase);
  }
});

test("ClientConfig.tls is checked when a client is made", () => {
  const make = (options: HostOptions) => () => ownTlsClient(options, "nothing");
  throws(make({ tls: { ca }, autoMtls: true }), /only one of tls or autoMtls: true can be set/);
  throws(make({ tls: { ...good } }), /ClientConfig\.tls\.ca: needed to trust the plugin/);
  for (const half of [{ certificate: "a" }, { privateKey: "b" }]) {
    throws(make({ tls: { ca, ...half } }), {
      name: "TypeError",
      message: "ClientConfig.tls: certificate and privateKey come together",
    });
  }
});
