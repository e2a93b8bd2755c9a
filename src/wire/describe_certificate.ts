/** A certificate in words, for the error of a connection that TLS refused. */
import type { PublicKey, X509Certificate } from "@peculiar/x509";
import { readCertificate } from "./x509.ts";
import { loadX509, type X509Library } from "./x509_library.ts";

/** A peer may write as much as it likes into its certificate; an error message is no place for it. */
const MAX_BYTES = 65_536;
const MAX_NAMES = 10;
const MAX_CHARACTERS = 200;

/**
 * Says in one line what a certificate holds: subject, issuer, names, validity,
 * key and fingerprint. For messages only, nothing is verified except whether
 * it signed itself. It never rejects: of bytes that are no certificate it says
 * why they cannot be read.
 *
 * Loads @peculiar/x509 when it is called. Needs no permissions.
 *
 * @param der The certificate as DER.
 *
 * @example
 * ```ts
 * import { match } from "node:assert/strict";
 * import { decodePem } from "./pem.ts";
 * import { createCertificate } from "./create_certificate.ts";
 *
 * const { certificate } = await createCertificate({ names: ["localhost", "127.0.0.1"] });
 * match(
 *   await describeCertificate(decodePem("CERTIFICATE", certificate)),
 *   /^"CN=localhost", self-signed, for DNS:localhost, IP:127\.0\.0\.1, valid from 2.+ to 2.+, ECDSA P-521 key, SHA-256 ../,
 * );
 * ```
 */
export async function describeCertificate(der: Uint8Array): Promise<string> {
  try {
    return await describe(der);
  } catch (error) {
    return `a certificate that cannot be read: ${reason(error)}${await tryFingerprint(der)}`;
  }
}

async function describe(der: Uint8Array): Promise<string> {
  if (der.length > MAX_BYTES) {
    throw new RangeError(`it has ${der.length} bytes, more than ${MAX_BYTES}`);
  }
  // Stricter than the library, and says what is wrong.
  const { notBefore, notAfter } = readCertificate(der);
  const x509 = await loadX509();
  const certificate = new x509.X509Certificate(Uint8Array.from(der));
  return [
    quote(certificate.subject),
    await issuerText(certificate),
    namesText(x509, certificate),
    `valid from ${notBefore.toISOString()} to ${notAfter.toISOString()}`,
    `${keyText(certificate.publicKey)} key`,
    await fingerprint(der),
  ].join(", ");
}

async function issuerText(certificate: X509Certificate): Promise<string> {
  const { subject, issuer } = certificate;
  // The same name alone says little: an authority and what it signed may share one.
  const isSelfSigned = subject === issuer &&
    await certificate.isSelfSigned().catch(() => false);
  return isSelfSigned ? "self-signed" : `issued by ${quote(issuer)}`;
}

function namesText(x509: X509Library, certificate: X509Certificate): string {
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  if (names.length === 0) return "for no DNS name or IP address";
  const shown = names.slice(0, MAX_NAMES)
    .map(({ type, value }) => `${type.toUpperCase()}:${nameText(value)}`);
  const more = names.length - shown.length;
  return `for ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** A name with something in it that could pass for the next part of the line stands in quotes. */
function nameText(value: string): string {
  return /[\s,"]/.test(value) ? quote(value.replaceAll('"', '\\"')) : printable(value);
}

function keyText({ algorithm }: PublicKey): string {
  const { name, namedCurve, modulusLength } = algorithm as Algorithm & {
    readonly namedCurve?: string;
    readonly modulusLength?: number;
  };
  if (modulusLength !== undefined) return `RSA ${modulusLength} bit`;
  return namedCurve === undefined ? printable(name) : printable(`${name} ${namedCurve}`);
}

async function fingerprint(der: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(der));
  const bytes = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0"));
  return `SHA-256 ${bytes.join(":").toUpperCase()}`;
}

/** By its fingerprint even a broken certificate can be told from another. */
async function tryFingerprint(der: Uint8Array): Promise<string> {
  try {
    return ` (${der.length} bytes, ${await fingerprint(der)})`;
  } catch {
    return ""; // They are no bytes, as the reason says already.
  }
}

function reason(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error));
}

function quote(text: string): string {
  return `"${printable(text)}"`;
}

/** Without line breaks, terminal commands and what turns the direction of text around. */
function printable(text: string): string {
  const cut = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
  return cut.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
