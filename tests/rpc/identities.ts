/** Certificates with their keys, made by a library that is not ours. */
import type { Identity } from "../../src/wire/certificate.ts";
import { decodePem, encodePem } from "../../src/wire/pem.ts";
import { x509 } from "../wire/certificates.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const HOUR_MS = 3600_000;

/** What {@linkcode makeIdentity} may be told. */
export interface IdentityOptions {
  /** The name in subjectAltName; there is none without. */
  readonly name?: string;
  /** When it becomes valid, for an hour. @default {now} */
  readonly from?: Date;
  /** Who signs it: an identity from `generateIdentity`. It signs itself without. */
  readonly issuer?: Identity;
}

const ISSUER_ALGORITHM = { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" };

function signingKey({ privateKeyPem }: Identity): Promise<CryptoKey> {
  const key = decodePem("PRIVATE KEY", privateKeyPem);
  return crypto.subtle.importKey("pkcs8", key, ISSUER_ALGORITHM, false, ["sign"]);
}

/** Makes a certificate and its key. */
export async function makeIdentity(options: IdentityOptions): Promise<Identity> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const from = options.from?.getTime() ?? Date.now() - 60_000;
  const { issuer } = options;
  const made = await x509.X509CertificateGenerator.create({
    subject: "CN=localhost",
    issuer: issuer === undefined
      ? "CN=localhost"
      : new x509.X509Certificate(Uint8Array.from(issuer.certificate)).subjectName,
    publicKey: keys.publicKey,
    signingKey: issuer === undefined ? keys.privateKey : await signingKey(issuer),
    signingAlgorithm: issuer === undefined ? ALGORITHM : ISSUER_ALGORITHM,
    notBefore: new Date(from),
    notAfter: new Date(from + HOUR_MS),
    extensions: options.name === undefined
      ? []
      : [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: options.name }])],
  });
  const certificate = new Uint8Array(made.rawData);
  const privateKey = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificate,
    certificatePem: encodePem("CERTIFICATE", certificate),
    privateKeyPem: encodePem("PRIVATE KEY", new Uint8Array(privateKey)),
  };
}

/**
 * Signs for an hour whatever the issuer is: one that may not sign, or one that
 * ends before. The issuer has a P-521 key.
 */
export async function forge(
  issuer: { readonly certificate: string; readonly privateKey: string },
): Promise<{ readonly certificate: string; readonly privateKey: string }> {
  const { certificatePem, privateKeyPem } = await makeIdentity({
    name: "localhost",
    issuer: {
      certificate: decodePem("CERTIFICATE", issuer.certificate),
      certificatePem: issuer.certificate,
      privateKeyPem: issuer.privateKey,
    },
  });
  return { certificate: certificatePem, privateKey: privateKeyPem };
}
