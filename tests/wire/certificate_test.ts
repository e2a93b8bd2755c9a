import { deepStrictEqual, match, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { generateIdentity } from "../../src/wire/certificate.ts";
import { decodePem } from "../../src/wire/pem.ts";
import { readCertificate } from "../../src/wire/x509.ts";
import { x509 } from "./certificates.ts";
import { GO_CERTIFICATE } from "./go_certificate.ts";

const NOW = new Date("2026-11-22T12:00:00.750Z");
const identity = await generateIdentity(NOW);
const certificate = new x509.X509Certificate(identity.certificate);

test("generateIdentity() makes a P-521 key", () => {
  deepStrictEqual(certificate.publicKey.algorithm, {
    name: "ECDSA",
    namedCurve: "P-521",
  });
});

test("generateIdentity() signs with ecdsa-with-SHA512", () => {
  deepStrictEqual(certificate.signatureAlgorithm, {
    name: "ECDSA",
    hash: { name: "SHA-512" },
  });
  // Twice, without parameters: in the part that is signed and behind it.
  const identifier = "300a06082a8648ce3d040304";
  strictEqual(hex(identity.certificate.buffer).split(identifier).length, 3);
});

test("generateIdentity() signs with the certificate's own key", async () => {
  ok(await certificate.isSelfSigned());
  ok(await certificate.verify({ date: NOW }));
});

// r and s are integers of DER: one may be shorter than the curve's 66 bytes.
test("generateIdentity() makes signatures that verify, time after time", async () => {
  for (let round = 0; round < 20; round++) {
    const { certificate } = await generateIdentity(NOW);
    ok(await new x509.X509Certificate(certificate).verify({ date: NOW }));
  }
});

test("generateIdentity() makes version 3", () => {
  match(certificate.toString("text"), /Version: v3 \(2\)/);
});

test("generateIdentity() draws a new key and a serial of 128 bits", async () => {
  const other = new x509.X509Certificate(
    (await generateIdentity(NOW)).certificate,
  );
  const serials = [certificate, other].map(({ serialNumber }) => BigInt(`0x${serialNumber}`));
  ok(serials.every((serial) => serial >= 0n && serial < 2n ** 128n));
  notDeepStrictEqual(serials[0], serials[1]);
  notDeepStrictEqual(certificate.publicKey.rawData, other.publicKey.rawData);
});

test("generateIdentity() names subject and issuer O=HashiCorp, CN=localhost", () => {
  const name = [{ O: ["HashiCorp"] }, { CN: ["localhost"] }];
  deepStrictEqual(certificate.subjectName.toJSON(), name);
  deepStrictEqual(certificate.issuerName.toJSON(), name);
});

test("generateIdentity() is valid from 30 s ago for 262980 h, to the second", () => {
  deepStrictEqual(certificate.notBefore, new Date("2026-11-22T11:59:30Z"));
  deepStrictEqual(certificate.notAfter, new Date("2056-11-22T00:00:00Z"));
});

test("generateIdentity() counts from the present moment by itself", async () => {
  const before = Date.now();
  const { notBefore } = readCertificate((await generateIdentity()).certificate);
  const made = notBefore.getTime() + 30_000;
  ok(made > before - 1000 && made <= Date.now());
});

test("generateIdentity() has the five extensions of go-plugin, no authority key id", () => {
  deepStrictEqual(
    new Map(certificate.extensions.map((one) => [one.type, one.critical])),
    new Map([
      ["2.5.29.15", true], // key usage
      ["2.5.29.37", false], // extended key usage
      ["2.5.29.19", true], // basic constraints
      ["2.5.29.14", false], // subject key id
      ["2.5.29.17", false], // subject alternative name
    ]),
  );
});

test("generateIdentity() allows the key what go-plugin allows", () => {
  const { usages } = certificate.getExtension(x509.KeyUsagesExtension) ?? {};
  const { digitalSignature, keyEncipherment, keyAgreement, keyCertSign } = x509.KeyUsageFlags;
  strictEqual(
    usages,
    digitalSignature | keyEncipherment | keyAgreement | keyCertSign,
  );
});

test("generateIdentity() is for TLS clients and servers, in this order", () => {
  const usage = certificate.getExtension(x509.ExtendedKeyUsageExtension);
  deepStrictEqual(
    [...usage?.usages ?? []],
    [x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth],
  );
});

test("generateIdentity() makes a CA without a path length", () => {
  const constraints = certificate.getExtension(x509.BasicConstraintsExtension);
  strictEqual(constraints?.ca, true);
  strictEqual(constraints.pathLength, undefined);
});

test("generateIdentity() has a subject key id of 20 bytes", () => {
  const { keyId } = certificate.getExtension(x509.SubjectKeyIdentifierExtension) ?? {};
  match(keyId ?? "", /^[0-9a-f]{40}$/);
});

test("generateIdentity() is made out to DNS:localhost", () => {
  deepStrictEqual(
    certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names
      .toJSON(),
    [{ type: "dns", value: "localhost" }],
  );
});

test("generateIdentity() writes names and extensions as Go does, byte by byte", () => {
  deepStrictEqual(
    templateOf(certificate),
    templateOf(new x509.X509Certificate(GO_CERTIFICATE)),
  );
});

function templateOf({ issuerName, subjectName, extensions }: x509.X509Certificate) {
  return {
    names: [issuerName, subjectName].map((name) => hex(name.toArrayBuffer())),
    extensions: extensions.map(({ type, critical, value }) => ({
      type,
      critical,
      // The subject key id is a digest of the key.
      value: type === "2.5.29.14" ? value.byteLength : hex(value),
    })),
  };
}

function hex(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString("hex");
}

test("generateIdentity() gives the certificate as DER and as the same in PEM", () => {
  match(
    identity.certificatePem,
    /^-----BEGIN CERTIFICATE-----\n[^-]+\n-----END CERTIFICATE-----\n$/,
  );
  deepStrictEqual(
    decodePem("CERTIFICATE", identity.certificatePem),
    identity.certificate,
  );
});

test("generateIdentity() makes what node:crypto and readCertificate() read alike", () => {
  const node = new X509Certificate(identity.certificatePem);
  const facts = readCertificate(identity.certificate);
  deepStrictEqual(facts.notBefore, new Date(node.validFrom));
  deepStrictEqual(facts.notAfter, new Date(node.validTo));
  strictEqual(
    facts.dnsNames.map((name) => `DNS:${name}`).join(", "),
    node.subjectAltName,
  );
  strictEqual(node.ca, true);
});

test("generateIdentity() gives the private key of the certificate", async () => {
  const node = new X509Certificate(identity.certificatePem);
  const other = await generateIdentity(NOW);
  ok(node.checkPrivateKey(createPrivateKey(identity.privateKeyPem)));
  ok(!node.checkPrivateKey(createPrivateKey(other.privateKeyPem)));
});
