import { match, ok, strictEqual } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { createCertificate } from "../../src/wire/create_certificate.ts";
import { describeCertificate } from "../../src/wire/describe_certificate.ts";
import { decodePem } from "../../src/wire/pem.ts";
import { makeCertificate } from "./certificates.ts";
import { GO_CERTIFICATE } from "./go_certificate.ts";
import { forSeeds } from "./random.ts";

const START = new Date("2026-06-01T12:00:00Z");
const derOf = ({ certificate }: { certificate: string }) => decodePem("CERTIFICATE", certificate);

test("describeCertificate() tells what a certificate of go-plugin's holds", async () => {
  strictEqual(
    await describeCertificate(GO_CERTIFICATE),
    '"O=HashiCorp, CN=localhost", self-signed, for DNS:localhost, ' +
      "valid from 2026-11-22T16:20:08.000Z to 2056-11-22T04:20:38.000Z, ECDSA P-521 key, " +
      `SHA-256 ${new X509Certificate(GO_CERTIFICATE).fingerprint256}`,
  );
});

test("describeCertificate() tells who issued a certificate, and all its names", async () => {
  const issuer = await createCertificate({ isAuthority: true, commonName: "A", notBefore: START });
  const leaf = derOf(
    await createCertificate({
      issuer,
      commonName: "B",
      names: ["b.example", "127.0.0.1", "::1"],
      curve: "P-256",
      notBefore: START,
      validForMs: 60_000,
    }),
  );
  strictEqual(
    await describeCertificate(leaf),
    '"CN=B", issued by "CN=A", for DNS:b.example, IP:127.0.0.1, IP:::1, ' +
      "valid from 2026-06-01T12:00:00.000Z to 2026-06-01T12:01:00.000Z, ECDSA P-256 key, " +
      `SHA-256 ${new X509Certificate(leaf).fingerprint256}`,
  );
});

test("describeCertificate() does not take a certificate with its issuer's name for self-signed", async () => {
  const issuer = await createCertificate({ isAuthority: true, commonName: "A" });
  const leaf = await createCertificate({ issuer, commonName: "A" });
  match(await describeCertificate(derOf(leaf)), /^"CN=A", issued by "CN=A", /);
  match(await describeCertificate(derOf(issuer)), /^"CN=A", self-signed, for no DNS name or IP/);
});

for (
  const [algorithm, said] of [
    ["RSA", "RSA 2048 bit key"],
    ["Ed25519", "Ed25519 key"],
    ["P-256", "ECDSA P-256 key"],
  ] as const
) {
  test(`describeCertificate() tells a key's kind: ${said}`, async () => {
    const text = await describeCertificate(await makeCertificate({ algorithm }));
    ok(text.includes(`, ${said}, `), text);
    match(text, /^"CN=localhost", self-signed, /);
  });
}

test("describeCertificate() tells of other kinds of names, and cuts a long list", async () => {
  const names = [
    { type: "url", value: "spiffe://a/b" },
    ...Array.from({ length: 500 }, (_, i) => ({ type: "dns", value: `n${i}.example` }) as const),
  ] as const;
  const text = await describeCertificate(await makeCertificate({ names }));
  ok(text.includes("for URL:spiffe://a/b, DNS:n0.example, "), text);
  ok(text.includes(", DNS:n8.example and 491 more, valid from "), text);
});

test("describeCertificate() stays one line that names cannot imitate", async () => {
  const names = [
    { type: "dns", value: 'a, valid from "now"' },
    { type: "dns", value: "b\r\nc\x1b[31m" },
    { type: "dns", value: "d".repeat(10_000) },
  ] as const;
  const text = await describeCertificate(await makeCertificate({ names }));
  ok(text.includes('for DNS:"a, valid from \\"now\\"", DNS:"b\\u{d}\\u{a}c\\u{1b}[31m", '), text);
  match(text, /^[^\p{Cc}]{1,900}$/u);
});

for (
  const [what, bytes, said] of [
    ["no bytes", new Uint8Array(0), /: malformed certificate: no single sequence \(0 bytes, SHA/],
    ["text", new TextEncoder().encode("hello"), /: DER element cut off at byte 0 \(5 bytes, SHA/],
    ["half a certificate", GO_CERTIFICATE.slice(0, 300), /cut off at byte 0 \(300 bytes, SHA-256 /],
    ["too much", new Uint8Array(1_000_000), /: it has 1000000 bytes, more than 65536 \(1000000/],
    ["no array at all", undefined, /: ./],
  ] as const
) {
  test(`describeCertificate() says why ${what} cannot be read`, async () => {
    const text = await describeCertificate(bytes as Uint8Array);
    match(text, /^a certificate that cannot be read: [^\n]+$/);
    match(text, said);
  });
}

test("describeCertificate() gives one line for a damaged certificate, whatever the damage", async () => {
  const damaged: Uint8Array[] = [];
  forSeeds(300, (random) => {
    const bytes = GO_CERTIFICATE.slice();
    for (let i = 0; i <= random.below(3); i++) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    damaged.push(bytes);
  });
  for (const bytes of damaged) {
    match(await describeCertificate(bytes), /^("|a certificate that cannot be read: )[^\n]+$/);
  }
});
