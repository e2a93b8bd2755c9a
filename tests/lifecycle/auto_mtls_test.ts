import {
  deepStrictEqual,
  match,
  notStrictEqual,
  ok,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { test } from "node:test";
import { type Address, CertificateError, ConnectError } from "@x/goplugin";
import { openChannel } from "../../src/rpc/channel.ts";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { encodeRawBase64 } from "../../src/wire/base64.ts";
import { generateIdentity } from "../../src/wire/certificate.ts";
import { encodePem } from "../../src/wire/pem.ts";
import { failedStart, fixtureClient } from "../helpers/fixture_client.ts";
import { fixture } from "../helpers/program.ts";
import { FIXTURE_ENV, startRaw } from "../helpers/raw_plugin.ts";
import { within } from "../helpers/wait.ts";
import { makeCertificate } from "../wire/certificates.ts";

const LOCALHOST = [{ type: "dns", value: "localhost" }] as const;
const FAULTY = [
  ["expired", { names: LOCALHOST, notBefore: new Date(0), notAfter: new Date(1e12) }],
  ["not-yet-valid", { names: LOCALHOST, notBefore: new Date(4e12), notAfter: new Date(5e12) }],
  ["wrong-name", { notBefore: new Date(0), notAfter: new Date(4e12) }],
] as const;

test("a host refuses a plugin that ignores AutoMTLS", async () => {
  const error = await failedStart("plaintext");
  ok(error instanceof CertificateError);
  strictEqual(error.fault, "missing");
  match(error.message, /AutoMTLS is on and it answered without a certificate/);
});

test("a host refuses a plugin that serves with another certificate than it announced", async () => {
  const error = await failedStart("impostor");
  ok(error instanceof ConnectError, String(error));
  strictEqual(error.report?.phase, "connect");
  const [, shown, announced] = error.message.split("\n");
  const certificate = '"O=HashiCorp, CN=localhost", self-signed, for DNS:localhost, ' +
    "valid from \\S+Z to \\S+Z, ECDSA P-521 key, SHA-256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}";
  match(shown ?? "", new RegExp(`^The plugin shows this certificate: ${certificate}$`));
  match(announced ?? "", new RegExp(`^It announced this one: ${certificate}$`));
  notStrictEqual(shown?.slice(-95), announced?.slice(-95));
});

for (const [fault, options] of FAULTY) {
  test(`a host refuses a plugin's certificate: ${fault}`, async () => {
    const der = await makeCertificate(options);
    const line = `1|1|tcp|127.0.0.1:1|grpc|${encodeRawBase64(der)}\\n`;
    const error = await failedStart(fixture("line", line));
    ok(error instanceof CertificateError, String(error));
    strictEqual(error.fault, fault);
    match(
      error.message,
      /^Cannot trust the plugin's certificate: .*\nIt is: "CN=localhost", self-signed, for /,
    );
    match(error.message, /, valid from \S+Z to \S+Z, ECDSA P-256 key, SHA-256 ([0-9A-F]{2}:){31}/);
  });

  test(`a plugin refuses a host's certificate: ${fault}`, async () => {
    const pem = encodePem("CERTIFICATE", await makeCertificate(options));
    const plugin = startRaw(fixture("obedient"), { ...FIXTURE_ENV, PLUGIN_CLIENT_CERT: pem });
    const { code, stdout, stderr } = await plugin.ended;
    notStrictEqual(code, 0);
    strictEqual(stdout, "");
    match(stderr, /Cannot trust the host's certificate in PLUGIN_CLIENT_CERT/);
    match(stderr, /It is: "CN=localhost", self-signed, for .*, SHA-256 ([0-9A-F]{2}:){31}/);
  });
}

for (
  const pem of [
    "no PEM",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
  ]
) {
  test(`a plugin refuses ${JSON.stringify(pem)} as its host's certificate`, async () => {
    const plugin = startRaw(fixture("obedient"), { ...FIXTURE_ENV, PLUGIN_CLIENT_CERT: pem });
    const { code, stdout } = await plugin.ended;
    notStrictEqual(code, 0);
    strictEqual(stdout, "");
  });
}

const place = (address: Address) =>
  address.network === "unix" ? { path: address.path } : { host: address.host, port: address.port };

/** Whether a TLS peer lets us do an HTTP/2 request: `true` once any response headers come. */
function isLetIn(address: Address, options: ConnectionOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const session = connectHttp2("https://localhost", {
      createConnection: () =>
        connectTls({
          ...place(address),
          servername: "localhost",
          ALPNProtocols: ["h2"],
          rejectUnauthorized: false,
          ...options,
        }),
    });
    const end = (isIn: boolean) => {
      session.destroy();
      resolve(isIn);
    };
    session.on("error", () => end(false));
    session.on("close", () => end(false));
    const stream = session.request({
      ":method": "POST",
      ":path": "/fixture.Fixture/Echo",
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("response", () => end(true));
    stream.on("error", () => end(false));
    stream.on("close", () => end(false));
    stream.end(new Uint8Array(5));
  });
}

for (const network of ["unix", "tcp"]) {
  test(`a plugin under AutoMTLS lets nobody in but its host, ${network}`, async () => {
    await using client = fixtureClient(fixture("obedient", network));
    const address = await client.start();
    const intruder = await generateIdentity();
    const attempts: Record<string, ConnectionOptions> = {
      "no certificate": {},
      "another P-521 certificate": {
        cert: intruder.certificatePem,
        key: intruder.privateKeyPem,
      },
    };
    for (const [name, options] of Object.entries(attempts)) {
      strictEqual(await within(isLetIn(address, options), name), false, name);
    }
    const plugin = await client.dispense("fixture");
    deepStrictEqual({ ...await plugin.echo({ text: "host" }) }, { text: "host" });
  });

  test(`a plugin under AutoMTLS refuses a peer in clear, ${network}`, async () => {
    await using client = fixtureClient(fixture("obedient", network));
    const address = await client.start();
    const channel = await openChannel({
      runtime: await loadRuntime(),
      peer: address,
      gone: new Promise(() => {}),
    });
    try {
      await rejects(within(channel.connect(5_000), "connect"), ConnectError);
    } finally {
      channel.close(new Error("done"));
    }
    // Bytes that are neither TLS nor HTTP/2 do not hurt either.
    await within(
      new Promise<void>((resolve) => {
        const socket = connectTcp(place(address) as { path: string });
        socket.on("error", () => {});
        socket.on("close", () => resolve());
        socket.resume(); // The end of a stream is only seen by who reads it.
        socket.write(new Uint8Array(2000).fill(71));
      }),
      "the end of the connection",
    );
    await client.ping();
  });
}

test("the intruder's way in works where it should: a plugin lets in whoever has the certificate", async () => {
  const host = await generateIdentity();
  const plugin = startRaw(fixture("obedient"), {
    ...FIXTURE_ENV,
    PLUGIN_CLIENT_CERT: host.certificatePem,
  });
  const { parseHandshake } = await import("@x/goplugin");
  const { address } = parseHandshake(await plugin.line);
  const options = { cert: host.certificatePem, key: host.privateKeyPem };
  strictEqual(await within(isLetIn(address, options), "the answer"), true);
  plugin.terminate();
  await plugin.ended;
});
