import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { createCertificate } from "../../src/wire/create_certificate.ts";
import { decodePem } from "../../src/wire/pem.ts";
import { isDeno, moduleCommand } from "../helpers/program.ts";
import { run } from "../helpers/run.ts";
import { x509 } from "./certificates.ts";

const HOUR_MS = 3_600_000;
const START = new Date("2026-06-01T12:00:00Z");

const authority = await createCertificate({ isAuthority: true });
const leaf = await createCertificate({ issuer: authority });
const alone = await createCertificate();

const node = ({ certificate }: { certificate: string }) => new X509Certificate(certificate);
const library = ({ certificate }: { certificate: string }) =>
  new x509.X509Certificate(decodePem("CERTIFICATE", certificate));
const endOf = (certificate: { certificate: string }) => new Date(node(certificate).validTo);
const startOf = (certificate: { certificate: string }) => new Date(node(certificate).validFrom);

test("createCertificate() gives PEM, with the certificate's own key", () => {
  for (const { certificate, privateKey } of [authority, leaf, alone]) {
    match(certificate, /^-----BEGIN CERTIFICATE-----\n[^-]+\n-----END CERTIFICATE-----\n$/);
    match(privateKey, /^-----BEGIN PRIVATE KEY-----\n[^-]+\n-----END PRIVATE KEY-----\n$/);
    ok(node({ certificate }).checkPrivateKey(createPrivateKey(privateKey)));
  }
  ok(!node(leaf).checkPrivateKey(createPrivateKey(authority.privateKey)));
});

test("createCertificate() makes by default what is made out to localhost, for a year", () => {
  const certificate = node(alone);
  strictEqual(certificate.subject, "CN=localhost");
  strictEqual(certificate.issuer, "CN=localhost");
  strictEqual(certificate.subjectAltName, "DNS:localhost");
  strictEqual(certificate.checkHost("localhost"), "localhost");
  strictEqual(certificate.checkHost("localhost.example"), undefined);
  strictEqual(certificate.ca, false);
  strictEqual(endOf(alone).getTime() - startOf(alone).getTime(), 365 * 24 * HOUR_MS);
  ok(startOf(alone).getTime() <= Date.now() - 30_000);
  strictEqual(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "secp521r1");
});

test("createCertificate() makes an authority, made out to nobody", () => {
  const certificate = node(authority);
  strictEqual(certificate.subject, "CN=localhost authority");
  strictEqual(certificate.ca, true);
  strictEqual(certificate.subjectAltName, undefined);
  ok(certificate.checkIssued(certificate));
});

test("createCertificate() makes a certificate that its issuer issued, and no other", async () => {
  const other = await createCertificate({ isAuthority: true });
  ok(node(leaf).checkIssued(node(authority)));
  ok(!node(leaf).checkIssued(node(other)));
  ok(!node(leaf).checkIssued(node(leaf)));
  strictEqual(node(leaf).issuer, node(authority).subject);
  ok(await library(leaf).verify({ publicKey: library(authority) }));
  ok(!await library(leaf).verify({ publicKey: library(other) }));
  ok(await library(alone).isSelfSigned());
});

const CURVES = [
  ["P-256", "prime256v1", "SHA-256"],
  ["P-384", "secp384r1", "SHA-384"],
  ["P-521", "secp521r1", "SHA-512"],
] as const;

for (const [curve, name, hash] of CURVES) {
  test(`createCertificate() makes a key on ${curve}, which signs with ${hash}`, async () => {
    const issuer = await createCertificate({ isAuthority: true, curve });
    strictEqual(node(issuer).publicKey.asymmetricKeyDetails?.namedCurve, name);
    for (const { 0: other, 1: otherName } of CURVES) {
      const signed = await createCertificate({ issuer, curve: other });
      strictEqual(node(signed).publicKey.asymmetricKeyDetails?.namedCurve, otherName);
      deepStrictEqual(library(signed).signatureAlgorithm, { name: "ECDSA", hash: { name: hash } });
      // Deno's node:crypto verifies no signature on P-521; the handshakes do.
      if (!isDeno || curve !== "P-521") ok(node(signed).verify(node(issuer).publicKey));
    }
  });
}

// r and s are integers of DER: one of 128 is a byte shorter than the curve.
test("createCertificate() makes signatures that verify, time after time", async () => {
  const issuer = await createCertificate({ isAuthority: true, curve: "P-256" });
  const { publicKey } = node(issuer);
  for (let round = 0; round < 200; round++) {
    ok(node(await createCertificate({ issuer, curve: "P-256" })).verify(publicKey));
  }
});

test("createCertificate() draws a positive serial of at most 20 bytes", async () => {
  const serials = [leaf, alone, await createCertificate({ issuer: authority })]
    .map((certificate) => BigInt(`0x${node(certificate).serialNumber}`));
  strictEqual(new Set(serials).size, 3);
  // In its DER, a sign bit comes before it.
  for (const serial of serials) ok(serial > 2n ** 64n && serial < 2n ** 159n);
});

test("createCertificate() writes the names, in order", async () => {
  const names = [
    "localhost",
    "*.plugins.example",
    "127.0.0.1",
    "::1",
    "FE80::0:1",
    "::ffff:1.2.3.4",
  ];
  const certificate = node(await createCertificate({ names }));
  // Deno's node:crypto matches no wildcard.
  if (!isDeno) strictEqual(certificate.checkHost("a.plugins.example"), "*.plugins.example");
  strictEqual(certificate.checkIP("127.0.0.1"), "127.0.0.1");
  strictEqual(certificate.checkIP("::ffff:1.2.3.4"), "::ffff:1.2.3.4");
  strictEqual(certificate.checkIP("127.0.0.2"), undefined);
  match(
    certificate.subjectAltName ?? "",
    /^DNS:localhost, DNS:\*\.plugins\.example, IP Address:127/,
  );
  strictEqual(certificate.subjectAltName?.split(", ").length, names.length);
});

test("createCertificate() leaves subjectAltName out for no names", async () => {
  strictEqual(node(await createCertificate({ names: [] })).subjectAltName, undefined);
});

test("createCertificate() takes the common name as it is", async () => {
  const commonName = 'Größe "1", O=x+y #2 \\ <é> 😀';
  const { certificate } = await createCertificate({ commonName, isAuthority: true });
  deepStrictEqual(library({ certificate }).subjectName.getField("CN"), [commonName]);
});

test("createCertificate() marks what must be understood", () => {
  const marks = (certificate: { certificate: string }) =>
    Array.from(
      library(certificate).extensions,
      ({ type, critical }) => critical ? `${type}!` : type,
    );
  const always = ["2.5.29.19!", "2.5.29.15!", "2.5.29.37", "2.5.29.14"];
  deepStrictEqual(marks(authority), always);
  deepStrictEqual(marks(alone), [...always, "2.5.29.17"]);
  deepStrictEqual(marks(leaf), [...always, "2.5.29.35", "2.5.29.17"]);
});

test("createCertificate() names the issuer's key as the issuer's certificate does", () => {
  const { keyId } = library(leaf).getExtension(x509.AuthorityKeyIdentifierExtension) ?? {};
  const issuer = library(authority).getExtension(x509.SubjectKeyIdentifierExtension);
  match(keyId ?? "", /^[0-9a-f]{40}$/);
  strictEqual(keyId, issuer?.keyId);
  notStrictEqual(keyId, library(leaf).getExtension(x509.SubjectKeyIdentifierExtension)?.keyId);
});

test("createCertificate() gives the usages asked for, each once", async () => {
  const certificate = await createCertificate({ usages: ["clientAuth", "clientAuth"] });
  const { usages = [] } = library(certificate).getExtension(x509.ExtendedKeyUsageExtension) ?? {};
  deepStrictEqual([...usages], [x509.ExtendedKeyUsage.clientAuth]);
});

test("createCertificate() takes the dates to the second", async () => {
  const notBefore = new Date(START.getTime() + 999);
  const certificate = await createCertificate({ notBefore, validForMs: HOUR_MS + 999 });
  deepStrictEqual(startOf(certificate), START);
  strictEqual(endOf(certificate).getTime(), START.getTime() + HOUR_MS);
});

test("createCertificate() writes dates from 1950 to 9999", async () => {
  const notBefore = new Date("1950-01-01T00:00:00Z");
  const end = new Date("9999-12-31T23:59:59Z");
  const validForMs = end.getTime() - notBefore.getTime();
  const certificate = await createCertificate({ notBefore, validForMs });
  deepStrictEqual([startOf(certificate), endOf(certificate)], [notBefore, end]);
});

test("createCertificate() stays within the issuer's time by default", async () => {
  const now = Math.floor(Date.now() / 1000) * 1000;
  const notBefore = new Date(now - 10_000);
  const issuer = await createCertificate({ isAuthority: true, notBefore, validForMs: HOUR_MS });
  const certificate = await createCertificate({ issuer });
  deepStrictEqual(startOf(certificate), startOf(issuer));
  deepStrictEqual(endOf(certificate), endOf(issuer));
});

test("createCertificate() signs up to the issuer's last second", async () => {
  const time = { notBefore: START, validForMs: HOUR_MS };
  const issuer = await createCertificate({ isAuthority: true, ...time });
  deepStrictEqual(endOf(await createCertificate({ issuer, ...time })), endOf(issuer));
});

test("createCertificate() makes an authority under an authority, which signs", async () => {
  const below = await createCertificate({
    isAuthority: true,
    issuer: authority,
    commonName: "Below",
  });
  const lowest = await createCertificate({ issuer: below });
  ok(node(below).checkIssued(node(authority)));
  ok(node(lowest).checkIssued(node(below)));
  ok(!node(lowest).checkIssued(node(authority)));
});

test("createCertificate() reads an issuer's certificate before those it is followed by", async () => {
  const chain = { ...authority, certificate: authority.certificate + alone.certificate };
  ok(node(await createCertificate({ issuer: chain })).checkIssued(node(authority)));
});

// @peculiar/x509 comes with reflect-metadata, which leaves its marks on Reflect.
test("createCertificate() needs no permissions, and loads its library when it is called", async () => {
  const command = moduleCommand("tests/fixtures/certificates", ["--no-prompt"]);
  const { stdout, stderr, code } = await run(command);
  strictEqual(code, 0, stderr);
  const said = JSON.parse(stdout);
  deepStrictEqual([said.loadedAtStart, said.loadedAtEnd], [false, true]);
  ok(node(said.leaf).checkIssued(node(said.authority)));
});
