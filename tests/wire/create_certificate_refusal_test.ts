import { ok, rejects, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { createCertificate } from "../../src/wire/create_certificate.ts";
import { encodePem } from "../../src/wire/pem.ts";
import { x509 } from "./certificates.ts";

const HOUR_MS = 3_600_000;
const START = new Date("2026-06-01T12:00:00Z");
const TIME = { notBefore: START, validForMs: HOUR_MS };

const authority = await createCertificate({ isAuthority: true, commonName: "A", ...TIME });
const other = await createCertificate({ isAuthority: true, commonName: "B", ...TIME });
const small = await createCertificate({ isAuthority: true, curve: "P-256", ...TIME });
const leaf = await createCertificate({ issuer: authority, ...TIME });
const narrow = await foreignAuthority([new x509.BasicConstraintsExtension(true, 0, true)]);
const unsigning = await foreignAuthority([
  new x509.BasicConstraintsExtension(true, undefined, true),
  new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
]);

/** An authority that we would not make. */
async function foreignAuthority(extensions: x509.Extension[]) {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=C",
    keys,
    signingAlgorithm: algorithm,
    notBefore: START,
    notAfter: new Date(START.getTime() + HOUR_MS),
    extensions,
  });
  const privateKey = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificate: encodePem("CERTIFICATE", new Uint8Array(certificate.rawData)),
    privateKey: encodePem("PRIVATE KEY", new Uint8Array(privateKey)),
  };
}

const after = (ms: number) => new Date(START.getTime() + ms);
const issuer = authority;

for (
  const [options, type, said] of [
    [null, TypeError, ": an object is needed, not null"],
    ["localhost", TypeError, ': an object is needed, not "localhost"'],
    [{ commonName: 1 }, TypeError, ".commonName: 1 is not a string"],
    [{ commonName: "" }, RangeError, '.commonName: "" is not 1 to 64 characters'],
    [{ commonName: "a\nb" }, RangeError, '.commonName: "a\\nb" is not 1 to 64 characters'],
    [{ commonName: "\ud800" }, RangeError, '.commonName: "\\ud800" is not 1 to 64 characters'],
    [{ commonName: "a".repeat(65) }, RangeError, /^\.commonName: "a+" is not 1 to 64 characters$/],
    [{ names: "localhost" }, TypeError, '.names: "localhost" is not an array'],
    [{ names: [undefined] }, TypeError, ".names: undefined is not a string"],
    ...["", " ", "a..b", "a.", "-a", "a-", "*", "a.*.b", "ö", "a b", "a:1", "https://a", "[::1]"]
      .map(unusableName),
    ...["127.0.0.256", "127.1", "10.0.0.0/8", "::1%lo", ":::", "a".repeat(64)].map(unusableName),
    [{ names: ["a.".repeat(127) + "b"] }, RangeError, /^\.names: .* is neither a DNS name nor/],
    [{ curve: 256 }, TypeError, ".curve: 256 is not a string"],
    [{ curve: "p256" }, RangeError, '.curve: "p256" is not one of P-256, P-384, P-521'],
    [{ usages: "serverAuth" }, TypeError, '.usages: "serverAuth" is not an array'],
    [{ usages: [] }, RangeError, ".usages: at least one is needed"],
    [{ usages: ["any"] }, RangeError, '.usages: "any" is not one of serverAuth, clientAuth'],
    [{ isAuthority: "no" }, TypeError, '.isAuthority: "no" is not a boolean'],
    [{ notBefore: 0 }, TypeError, ".notBefore: 0 is not a Date"],
    [{ notBefore: new Date(NaN) }, RangeError, ".notBefore: the date is invalid"],
    [
      { notBefore: new Date("1949-12-31T23:59:59Z") },
      RangeError,
      ".notBefore: 1949-12-31T23:59:59.000Z is before 1950",
    ],
    [{ validForMs: "1" }, TypeError, '.validForMs: "1" is not a number'],
    ...[0, -1, 999, NaN, Infinity].map((validForMs) =>
      [{ validForMs }, RangeError, `.validForMs: ${validForMs} is not 1000 or more`] as const
    ),
    [
      { validForMs: 1e18 },
      RangeError,
      ".validForMs: 1000000000000000000 leads beyond the year 9999",
    ],
    [
      { notBefore: new Date("9999-12-31T00:00:00Z") },
      RangeError,
      ".validForMs: 31536000000 leads beyond the year 9999",
    ],
    [
      { issuer, notBefore: after(-1000) },
      RangeError,
      ".notBefore: 2026-06-01T11:59:59.000Z is before the issuer's 2026-06-01T12:00:00.000Z",
    ],
    [
      { issuer, notBefore: after(1000), validForMs: HOUR_MS },
      RangeError,
      ".validForMs: 3600000 leads beyond the issuer's end, " +
      "which is 3599000 ms after the certificate's first moment",
    ],
    [
      { issuer, notBefore: after(HOUR_MS + 1000) },
      RangeError,
      ".issuer: it expired at 2026-06-01T13:00:00.000Z, " +
      "before the certificate's first moment 2026-06-01T13:00:01.000Z",
    ],
    [{ issuer: null }, TypeError, ".issuer: certificate and privateKey are needed, as PEM"],
    [{ issuer: authority.certificate }, TypeError, /^\.issuer: certificate and privateKey/],
    [
      { issuer: { ...authority, certificate: "" } },
      RangeError,
      '.issuer: its certificate cannot be read: no PEM block "CERTIFICATE"',
    ],
    [
      { issuer: { ...authority, certificate: encodePem("CERTIFICATE", Uint8Array.of(48, 0)) } },
      RangeError,
      /^\.issuer: its certificate cannot be read: ./,
    ],
    [
      { issuer: { ...authority, privateKey: authority.certificate } },
      RangeError,
      ".issuer: its private key cannot be read as PKCS #8 with a key of its certificate's kind, " +
      'P-521: no PEM block "PRIVATE KEY"',
    ],
    [
      { issuer: { ...authority, privateKey: small.privateKey } },
      RangeError,
      /^\.issuer: its private key cannot be read as PKCS #8 .* P-521: ./,
    ],
    [
      { issuer: { ...authority, privateKey: other.privateKey }, ...TIME },
      RangeError,
      ".issuer: its private key is not that of its certificate",
    ],
    [{ issuer: leaf, ...TIME }, RangeError, '.issuer: "CN=localhost" is not an authority'],
    [
      { issuer: narrow, isAuthority: true, ...TIME },
      RangeError,
      '.issuer: "CN=C" may not sign authorities: its path length is 0',
    ],
    [
      { issuer: unsigning, ...TIME },
      RangeError,
      '.issuer: "CN=C" may not sign certificates: no keyCertSign',
    ],
  ] as const
) {
  const what = `CertificateOptions${said}`.slice(0, 100);
  test(`createCertificate() refuses ${shown(options)}: ${what}`, async () => {
    await rejects(createCertificate(options as never), (error: Error) => {
      strictEqual(error.constructor, type, error.message);
      ok(error.message.startsWith("CertificateOptions"), error.message);
      const rest = error.message.slice("CertificateOptions".length);
      if (typeof said === "string") strictEqual(rest, said);
      else ok(said.test(rest), rest);
      return true;
    });
  });
}

function unusableName(name: string) {
  const said = `.names: ${JSON.stringify(name)} is neither a DNS name nor an IP address`;
  return [{ names: ["localhost", name] }, RangeError, said] as const;
}

function shown(options: unknown): string {
  return options === null ? "null" : Object.keys(Object(options)).slice(0, 3).join(", ");
}

test("createCertificate() takes a leaf from an authority whose path length is 0", async () => {
  ok((await createCertificate({ issuer: narrow, ...TIME })).certificate.length > 0);
});
