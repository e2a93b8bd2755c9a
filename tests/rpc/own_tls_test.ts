/** TLS of one's own between a server and a channel: who gets in, on Deno and on Node alike. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import { type CertificateError, ConnectError, RpcError } from "../../src/errors.ts";
import { checkKey, trustIn } from "../../src/rpc/own_tls.ts";
import type { TlsConfig } from "../../src/rpc/tls.ts";
import type { Address } from "../../src/wire/address.ts";
import type { CertificateAndKey, CertificateOptions } from "../../src/wire/certificate_options.ts";
import { createCertificate } from "../../src/wire/create_certificate.ts";
import { authority, chained, EARLY, EXPIRED, signed, stranger } from "../helpers/authority.ts";
import { probeTool, reasonToSkip } from "../helpers/cache.ts";
import { connectTo, type EngineName, ENGINES, openServer } from "../helpers/rpc_pair.ts";
import { until } from "../helpers/wait.ts";
import { CallsService, chunk, implementCalls } from "./calls.ts";
import { forge } from "./identities.ts";

const LONG_MS = 60_000;
const ca = authority.certificate;
const good = await signed();
const alone = await createCertificate();
/** Signed by one that may not sign, which shows itself with it. */
const underGood = await signedBy(good);

/** What no honest authority makes: one signed by a certificate that is no authority. */
async function signedBy(issuer: CertificateAndKey): Promise<CertificateAndKey> {
  const leaf = await forge(issuer);
  return { ...leaf, certificate: leaf.certificate + issuer.certificate };
}

/** One after the other: what is compared must not get into each other's way. */
async function inTurn<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await run(item));
  return results;
}

/** Calls once on each of the engines; gives what went wrong, if it does on both. */
async function attempt(server: TlsConfig, channel: TlsConfig): Promise<unknown> {
  const [own, ...others] = await inTurn(ENGINES, (engine) => attemptOn(engine, server, channel));
  for (const other of others) {
    strictEqual(own === undefined, other === undefined, `${own}, by grpc-js ${other}`);
  }
  return own;
}

async function attemptOn(
  engine: EngineName,
  server: TlsConfig,
  channel: TlsConfig,
): Promise<unknown> {
  let served = 0;
  const plugin = implementCalls({
    unary(request) {
      served++;
      return request;
    },
  });
  await using opened = await openServer([plugin], { tls: server, engine });
  await using connected = await connectTo(opened.address, channel, engine);
  const calls = await connected.client(CallsService);
  try {
    strictEqual((await calls.unary(chunk(1))).number, 1);
  } catch (error) {
    strictEqual(served, 0);
    return error;
  }
  strictEqual(served, 1);
}

/** Both show `good` and trust the authority, but for what is said otherwise. */
const both = (change: TlsConfig = {}): TlsConfig => ({ ca, ...good, ...change });

for (
  const [who, server, channel] of [
    ["sides under one authority", both(), both()],
    ["a client that shows nothing, if the server trusts nobody", good, { ca }],
    ["a client that shows something nobody asked for", good, { ca, ...alone }],
    [
      "a client for nothing else",
      both(),
      both(await signed({ usages: ["clientAuth"], names: [] })),
    ],
    ["a server for nothing else", both(await signed({ usages: ["serverAuth"] })), both()],
    ["a client under an authority below", both(), both(await chained())],
    ["a server under an authority below", both(await chained()), both()],
    ["sides under two authorities", both({ ca: stranger.certificate + ca }), both()],
    [
      "sides that know one another's own certificate",
      { ...alone, ca: alone.certificate },
      { ...alone, ca: alone.certificate },
    ],
    [
      "a server of another name",
      both(await signed({ names: ["plugin.example"] })),
      both({ serverName: "plugin.example" }),
    ],
    [
      "a server of any name below",
      both(await signed({ names: ["*.plugins.example"] })),
      both({ serverName: "one.plugins.example" }),
    ],
    [
      "a server with an address",
      both(await signed({ names: ["127.0.0.1"] })),
      both({ serverName: "127.0.0.1" }),
    ],
    [
      "those of a list that holds an expired authority",
      both({ ca: (await createCertificate({ isAuthority: true, ...EXPIRED })).certificate + ca }),
      both({ ca: (await createCertificate({ isAuthority: true, ...EXPIRED })).certificate + ca }),
    ],
    ...await Promise.all((["P-256", "P-384", "P-521"] as const).map(async (curve) => {
      const issuer = await createCertificate({ isAuthority: true, curve });
      const side = { ca: issuer.certificate, ...await createCertificate({ issuer, curve }) };
      return [`sides on ${curve}`, side, side] as const;
    })),
  ] as const
) {
  test(`TlsConfig connects ${who}`, async () => {
    strictEqual(await attempt(server, channel), undefined);
  });
}

/** A certificate with an RSA key, made by OpenSSL under the authority. */
function rsaByOpenssl(): CertificateAndKey {
  const folder = mkdtempSync(join(tmpdir(), "rsa-"));
  const openssl = (...args: string[]) =>
    void execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  try {
    writeFileSync(join(folder, "ca.pem"), authority.certificate);
    writeFileSync(join(folder, "ca.key"), authority.privateKey);
    writeFileSync(join(folder, "names"), "subjectAltName=DNS:localhost\n");
    const made = ["-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-subj", "/CN=RSA"];
    openssl("req", "-new", ...made, "-out", "request");
    const issuer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "7", "-days", "2"];
    openssl("x509", "-req", "-in", "request", ...issuer, "-extfile", "names", "-out", "pem");
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    return { certificate: read("pem"), privateKey: read("key") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("TlsConfig connects sides with RSA keys and no extended key usage", {
  skip: reasonToSkip(probeTool("openssl", ["version"])) ?? false,
}, async () => {
  const side = both(rsaByOpenssl());
  strictEqual(await attempt(side, side), undefined);
});

const below = await chained();
const END = "-----END CERTIFICATE-----\n";
const bad: readonly (readonly [string, CertificateAndKey])[] = [
  ["under another authority of the same name", await createCertificate({ issuer: stranger })],
  ["signed by itself", alone],
  ["expired", await signed(EXPIRED)],
  ["not yet valid", await signed(EARLY)],
  ["under an authority below that has expired", await chained(EXPIRED, EXPIRED)],
  ["without the authority below", { ...below, certificate: below.certificate.split(END)[0] + END }],
  ["signed by one that may not sign", underGood],
];

for (
  const [what, shown] of [
    ...bad,
    ["for servers only", await signed({ usages: ["serverAuth"] })],
    ["under an authority for servers only", await chained({ usages: ["serverAuth"] })],
  ] as const
) {
  test(`TlsConfig: a server refuses a client's certificate ${what}`, async () => {
    const error = await attempt(both(), both(shown));
    ok(error instanceof RpcError, String(error));
    strictEqual(error.status, "UNAVAILABLE");
  });
}

test("TlsConfig: a server that trusts somebody refuses a client that shows nothing", async () => {
  const error = await attempt(both(), { ca });
  ok(error instanceof RpcError, String(error));
  strictEqual(error.status, "UNAVAILABLE");
});

for (
  const [what, shown] of [
    ...bad,
    ["for clients only", await signed({ usages: ["clientAuth"] })],
    ["under an authority for clients only", await chained({ usages: ["clientAuth"] })],
    ["of another name", await signed({ names: ["plugin.example"] })],
    ["with its name as common name alone", await signed({ names: [], commonName: "localhost" })],
  ] as const
) {
  test(`TlsConfig: a channel refuses a server's certificate ${what}`, async () => {
    await using opened = await openServer([implementCalls({})], { tls: { ...shown } });
    for (const engine of ENGINES) {
      await using channel = await connectTo(opened.address, { ca }, engine);
      await rejects(channel.connect(LONG_MS), ConnectError);
    }
  });
}

// Where a certificate that is no authority is trusted, it is trusted alone: by
// rustls, which Deno has, it could vouch for others.
const underAlone = await signedBy(alone);

test("TlsConfig: a server refuses what a trusted certificate has signed", async () => {
  const error = await attempt({ ...alone, ca: alone.certificate }, {
    ...underAlone,
    ca: alone.certificate,
  });
  ok(error instanceof RpcError, String(error));
  match(error.status, /^(UNAUTHENTICATED|UNAVAILABLE)$/);
});

test("TlsConfig: a channel refuses what a trusted certificate has signed", async () => {
  await using opened = await openServer([implementCalls({})], { tls: underAlone });
  for (const engine of ENGINES) {
    await using channel = await connectTo(opened.address, { ca: alone.certificate }, engine);
    await rejects(channel.connect(LONG_MS), ConnectError);
  }
});

const faults:
  readonly (readonly [string, CertificateOptions, CertificateError["fault"], RegExp])[] = [
    ["has expired", EXPIRED, "expired", /^Cannot trust what is in tls\.ca: it expired at 20/],
    ["is not yet valid", EARLY, "not-yet-valid", /it is valid only from 20/],
  ];
for (const [what, options, fault, message] of faults) {
  for (const isAuthority of [true, false]) {
    test(`TlsConfig.ca may not be one that ${what}, isAuthority ${isAuthority}`, async () => {
      const { certificate } = await createCertificate({ ...options, isAuthority });
      const expected = { name: "CertificateError", fault, message };
      await rejects(openServer([], { tls: both({ ca: certificate }) }), expected);
      await rejects(
        connectTo({ network: "tcp", host: "127.0.0.1", port: 1 }, { ca: certificate }),
        expected,
      );
    });
  }
}

test("TlsConfig.ca may not be one for the other side only", async () => {
  for (const isAuthority of [true, false]) {
    const servers = await createCertificate({ isAuthority, usages: ["serverAuth"] });
    const clients = await createCertificate({ isAuthority, usages: ["clientAuth"] });
    const expected = { name: "CertificateError", fault: "wrong-usage" };
    await rejects(openServer([], { tls: both({ ca: servers.certificate }) }), expected);
    throws(() => trustIn(clients.certificate, "serverAuth", new Date()), expected);
    ok(trustIn(clients.certificate, "clientAuth", new Date()));
  }
});

for (
  const [what, pem] of [
    ["nothing", ""],
    ["no PEM", "no PEM"],
    ["a key", good.privateKey],
    ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ["half a certificate", `${ca}-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`],
  ] as const
) {
  test(`TlsConfig.ca may not be ${what}`, async () => {
    const expected = {
      name: "CertificateError",
      fault: "malformed",
      message: /Cannot use tls\.ca/,
    };
    await rejects(openServer([], { tls: both({ ca: pem }) }), expected);
  });
}

test("TlsConfig.ca may not mix authorities with certificates that are none", () => {
  throws(() => trustIn(ca + alone.certificate, "serverAuth", new Date()), TypeError);
});

test("trustIn() says when what it says changes", async () => {
  const now = new Date(Math.floor(Date.now() / 1000) * 1000);
  const make = (from: number, forMs: number) =>
    createCertificate({ isAuthority: true, notBefore: new Date(+now + from), validForMs: forMs });
  const [long, short, later] = [
    await make(-5_000, 100_000),
    await make(-5_000, 10_000),
    await make(50_000, 10_000),
  ];
  const list = long.certificate + short.certificate + later.certificate;
  const at = (ms: number) => trustIn(list, "serverAuth", new Date(+now + ms));
  strictEqual(at(0).ca, long.certificate + short.certificate);
  strictEqual(at(0).changesAtMs, +now + 5_001);
  strictEqual(at(5_001).ca, long.certificate);
  strictEqual(at(5_001).changesAtMs, +now + 50_000);
  strictEqual(at(50_000).ca, long.certificate + later.certificate);
});

test("TlsConfig: a server stops trusting an authority that expires while it serves", async () => {
  const end = Date.now() + 5_000;
  const short = { notBefore: new Date(end - 60_000), validForMs: 60_000 };
  const issuer = await createCertificate({ isAuthority: true, ...short });
  // It outlives its issuer: createCertificate() would not make it.
  const client = await forge(issuer);
  const plugin = implementCalls({ unary: (request) => request });
  const tls = both({ ca: issuer.certificate });
  const servers = await inTurn(ENGINES, (engine) => openServer([plugin], { tls, engine }));
  const callOnce = async ({ address }: { readonly address: Address }) => {
    await using channel = await connectTo(address, both(client));
    await (await channel.client(CallsService)).unary(chunk(1));
  };
  for (const server of servers) await callOnce(server);
  await until(() => Date.now() > end + 1_000, "the authority's end");
  for (const server of servers) {
    await rejects(callOnce(server), RpcError);
    strictEqual(server.log.at(-1)?.message, "a connection was refused");
    await server[Symbol.asyncDispose]();
  }
});

test("checkKey() wants the key of the certificate", async () => {
  await checkKey(good.certificate, good.privateKey);
  await checkKey((await chained()).certificate, (await signed()).privateKey).then(
    () => Promise.reject(new Error("took another's key")),
    (error) => match(error.message, /^tls\.privateKey: it is not the key of tls\.certificate$/),
  );
  await rejects(checkKey(good.certificate, "no PEM"), {
    name: "TypeError",
    message: /^tls\.certificate, tls\.privateKey: they cannot be read: ./,
  });
  await rejects(checkKey("no PEM", good.privateKey), TypeError);
});
