import { deepStrictEqual, doesNotThrow, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { CertificateError } from "../../src/errors.ts";
import { generateIdentity } from "../../src/wire/certificate.ts";
import { bitString, sequence, time, unsignedInteger } from "../../src/wire/der.ts";
import { createCertificate } from "../../src/wire/create_certificate.ts";
import { decodePem } from "../../src/wire/pem.ts";
import { allowsUsage, checkPeerCertificate, readCertificate } from "../../src/wire/x509.ts";
import { caught } from "./caught.ts";
import { makeCertificate } from "./certificates.ts";
import { GO_CERTIFICATE } from "./go_certificate.ts";

const NOW = new Date("2026-12-01T00:00:00Z");
const LOCALHOST = [{ type: "dns", value: "localhost" }] as const;
const PEER = "the plugin's certificate";

test("readCertificate() reads a certificate of go-plugin's", () => {
  deepStrictEqual(readCertificate(GO_CERTIFICATE), {
    notBefore: new Date("2026-11-22T16:20:08Z"),
    notAfter: new Date("2056-11-22T04:20:38Z"),
    dnsNames: ["localhost"],
    isAuthority: true,
    usages: ["2b06010505070302", "2b06010505070301"],
  });
});

// UTCTime has two digits for the year, and ends with 2049.
for (
  const [from, to] of [
    ["1950-01-01T00:00:00Z", "1999-12-31T23:59:59Z"],
    ["2000-02-29T12:34:56Z", "2049-12-31T23:59:59Z"],
    ["2050-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
  ] as const
) {
  test(`readCertificate() reads the dates from ${from} to ${to}`, async () => {
    const notBefore = new Date(from);
    const notAfter = new Date(to);
    const der = await makeCertificate({ notBefore, notAfter });
    const facts = readCertificate(der);
    deepStrictEqual([facts.notBefore, facts.notAfter], [notBefore, notAfter]);
  });
}

test("readCertificate() lists the DNS names and no other kind", async () => {
  const der = await makeCertificate({
    names: [
      { type: "ip", value: "127.0.0.1" },
      { type: "dns", value: "a.example" },
      { type: "email", value: "b@example.com" },
      { type: "dns", value: "localhost" },
    ],
  });
  deepStrictEqual(readCertificate(der).dnsNames, ["a.example", "localhost"]);
});

test("readCertificate() finds no names without subjectAltName", async () => {
  deepStrictEqual(readCertificate(await makeCertificate({})).dnsNames, []);
});

test("readCertificate() reads version 1, which has neither version nor extensions", () => {
  const body = sequence(
    unsignedInteger(Uint8Array.of(1)),
    sequence(),
    sequence(),
    sequence(time(NOW), time(NOW)),
    sequence(),
    sequence(),
  );
  const der = sequence(body, sequence(), bitString(new Uint8Array(0)));
  deepStrictEqual(readCertificate(der), {
    notBefore: NOW,
    notAfter: NOW,
    dnsNames: [],
    isAuthority: false,
  });
});

for (const algorithm of ["P-256", "RSA", "Ed25519"] as const) {
  test(`checkPeerCertificate() accepts a key of the kind ${algorithm}`, async () => {
    const der = await makeCertificate({ algorithm, names: LOCALHOST });
    doesNotThrow(() => checkPeerCertificate(der, PEER, NOW));
  });
}

test("checkPeerCertificate() accepts go-plugin's certificates and ours", async () => {
  const { certificate } = await generateIdentity(NOW);
  doesNotThrow(() => checkPeerCertificate(GO_CERTIFICATE, PEER, NOW));
  doesNotThrow(() => checkPeerCertificate(certificate, PEER, NOW));
});

for (
  const names of [
    [{ type: "dns", value: "LocalHost" }],
    [{ type: "dns", value: "a.example" }, ...LOCALHOST],
  ] as const
) {
  const text = names.map(({ value }) => value).join(", ");
  test(`checkPeerCertificate() accepts the names ${text}`, async () => {
    const der = await makeCertificate({ names });
    doesNotThrow(() => checkPeerCertificate(der, PEER, NOW));
  });
}

test("checkPeerCertificate() accepts the first and the last moment", async () => {
  const { certificate } = await generateIdentity(NOW);
  const { notBefore, notAfter } = readCertificate(certificate);
  doesNotThrow(() => checkPeerCertificate(certificate, PEER, notBefore));
  doesNotThrow(() => checkPeerCertificate(certificate, PEER, notAfter));
});

for (
  const [fault, now, message] of [
    [
      "expired",
      "2027-01-01T00:00:00.001Z",
      /it expired at 2027-01-01T00:00:00/,
    ],
    [
      "not-yet-valid",
      "2025-12-31T23:59:59.999Z",
      /it is valid only from 2026-01-01T00:00:00/,
    ],
  ] as const
) {
  test(`checkPeerCertificate() refuses one that is ${fault} by a millisecond`, async () => {
    const der = await makeCertificate({ names: LOCALHOST });
    const error = caught(
      CertificateError,
      () => checkPeerCertificate(der, PEER, new Date(now)),
    );
    strictEqual(error.fault, fault);
    strictEqual(error.code, `certificate-${fault}`);
    match(error.message, /^Cannot trust the plugin's certificate: /);
    match(error.message, message);
    match(error.hint ?? "", /clock/);
  });
}

for (
  const [what, names, message] of [
    [
      "another name",
      [{ type: "dns", value: "a.example" }],
      /made out to a\.example, not to "localhost"/,
    ],
    ["names that only contain it", [
      { type: "dns", value: "localhost.example" },
      { type: "dns", value: "xlocalhost" },
    ], /localhost\.example, xlocalhost, not to/],
    [
      "an IP address alone",
      [{ type: "ip", value: "127.0.0.1" }],
      /no DNS name/,
    ],
    ["no subjectAltName, whatever its CN", undefined, /no DNS name/],
  ] as const
) {
  test(`checkPeerCertificate() refuses ${what}`, async () => {
    const der = await makeCertificate(names === undefined ? {} : { names });
    const error = caught(
      CertificateError,
      () => checkPeerCertificate(der, PEER, NOW),
    );
    strictEqual(error.fault, "wrong-name");
    strictEqual(error.code, "certificate-wrong-name");
    match(error.message, /^Cannot trust the plugin's certificate: /);
    match(error.message, message);
  });
}

test("readCertificate() tells authorities from others", async () => {
  for (const isAuthority of [true, false]) {
    const { certificate } = await createCertificate({ isAuthority });
    strictEqual(readCertificate(decodePem("CERTIFICATE", certificate)).isAuthority, isAuthority);
  }
  strictEqual(readCertificate(await makeCertificate({})).isAuthority, false);
});

test("allowsUsage() goes by the extended key usages, all of them if there are none", async () => {
  const { certificate } = await createCertificate({ usages: ["clientAuth"] });
  const clients = readCertificate(decodePem("CERTIFICATE", certificate));
  deepStrictEqual(
    [allowsUsage(clients, "clientAuth"), allowsUsage(clients, "serverAuth")],
    [true, false],
  );
  strictEqual(allowsUsage(readCertificate(await makeCertificate({})), "serverAuth"), true);
  // anyExtendedKeyUsage
  strictEqual(allowsUsage({ ...clients, usages: ["551d2500"] }, "serverAuth"), true);
});
