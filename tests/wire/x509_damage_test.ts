import { match, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { CertificateError } from "../../src/errors.ts";
import { element, sequence, TAG } from "../../src/wire/der.ts";
import { checkPeerCertificate, readCertificate } from "../../src/wire/x509.ts";
import { caught } from "./caught.ts";
import { GO_CERTIFICATE } from "./go_certificate.ts";
import { forSeeds } from "./random.ts";

const NOW = new Date("2026-12-01T00:00:00Z");

function check(der: Uint8Array): void {
  checkPeerCertificate(der, "it", NOW);
}

/** GO_CERTIFICATE with one run of bytes replaced, given in Latin-1. */
function damaged(from: string, to: string): Uint8Array {
  const text = Buffer.from(GO_CERTIFICATE).toString("latin1");
  ok(text.includes(from));
  return Uint8Array.from(Buffer.from(text.replace(from, to), "latin1"));
}

function refuse(der: Uint8Array): CertificateError {
  const error = caught(CertificateError, () => check(der));
  strictEqual(error.fault, "malformed");
  strictEqual(error.code, "certificate-malformed");
  match(error.message, /^Cannot trust it: /);
  strictEqual((error.cause as Error).constructor, RangeError);
  return error;
}

test("checkPeerCertificate() refuses a certificate cut off anywhere", () => {
  for (let end = 0; end < GO_CERTIFICATE.length; end++) {
    refuse(GO_CERTIFICATE.subarray(0, end));
  }
});

const ELEMENT = element(TAG.octetString, new Uint8Array(3));

for (
  const [what, der] of [
    [
      "a byte behind the certificate",
      Buffer.concat([GO_CERTIFICATE, Uint8Array.of(0)]),
    ],
    ["two certificates", Buffer.concat([GO_CERTIFICATE, GO_CERTIFICATE])],
    ["text", Buffer.from("-----BEGIN CERTIFICATE-----")],
    ["zeros", new Uint8Array(100)],
    ["an empty sequence", sequence()],
    ["another type than a sequence", element(TAG.set, ELEMENT)],
    ["a sequence of other things", sequence(ELEMENT, ELEMENT, ELEMENT)],
    ["an empty body", sequence(sequence(), sequence(), element(TAG.bitString))],
  ] as const
) {
  test(`checkPeerCertificate() refuses ${what}`, () => {
    match(refuse(der).message, /DER|malformed certificate/);
  });
}

test("readCertificate() throws a RangeError where checkPeerCertificate() refuses", () => {
  const read = () => readCertificate(sequence(ELEMENT));
  match(caught(RangeError, read).message, /^malformed certificate: /);
});

for (
  const notAfter of [
    "20561322042038Z",
    "20560022042038Z",
    "20561132042038Z",
    "20561100042038Z",
    "20560230042038Z",
    "20570229042038Z",
    "20561122242038Z",
    "20561122046038Z",
    "20561122042060Z",
    "2056112204203xZ",
    "20561122042038+",
  ]
) {
  test(`checkPeerCertificate() refuses the time ${notAfter}, which is none`, () => {
    const error = refuse(damaged("20561122042038Z", notAfter));
    match(error.message, /malformed certificate: time/);
    ok(error.message.includes(notAfter));
  });
}

test("checkPeerCertificate() refuses a time of another type", () => {
  const digits = "20561122042038Z";
  refuse(damaged(`\x18\x0f${digits}`, `\x04\x0f${digits}`));
});

test("checkPeerCertificate() throws nothing but a CertificateError, whatever is damaged", () => {
  let refused = 0;
  forSeeds(3000, (random) => {
    const der = GO_CERTIFICATE.slice();
    for (let count = 1 + random.below(4); count > 0; count--) {
      der[random.below(der.length)] = random.below(256);
    }
    try {
      check(der);
    } catch (error) {
      strictEqual((error as Error).constructor, CertificateError);
      refused++;
    }
  });
  ok(refused > 0);
});

test("checkPeerCertificate() refuses random bytes", () => {
  forSeeds(1000, (random) => {
    refuse(random.bytes(random.below(200)));
  });
});
