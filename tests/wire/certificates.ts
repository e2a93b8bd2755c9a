import "reflect-metadata"; // @peculiar/x509 does not load without it
import * as x509 from "@peculiar/x509";

export { x509 };

const KEY_ALGORITHMS = {
  "P-256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "RSA": {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: Uint8Array.of(1, 0, 1),
    modulusLength: 2048,
  },
  "Ed25519": { name: "Ed25519" },
};

/** What {@linkcode makeCertificate} may be told. */
export interface CertificateOptions {
  /** @default {"P-256"} */
  readonly algorithm?: keyof typeof KEY_ALGORITHMS;
  /** @default {new Date("2026-01-01T00:00:00Z")} */
  readonly notBefore?: Date;
  /** @default {new Date("2027-01-01T00:00:00Z")} */
  readonly notAfter?: Date;
  /** What stands in subjectAltName; there is none without. */
  readonly names?: readonly x509.JsonGeneralName[];
}

/** A self-signed certificate as DER, by a library that is not ours. */
export async function makeCertificate(
  options: CertificateOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = KEY_ALGORITHMS[options.algorithm ?? "P-256"];
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=localhost",
    keys: await crypto.subtle.generateKey(algorithm, false, [
      "sign",
      "verify",
    ]) as CryptoKeyPair,
    signingAlgorithm: algorithm,
    notBefore: options.notBefore ?? new Date("2026-01-01T00:00:00Z"),
    notAfter: options.notAfter ?? new Date("2027-01-01T00:00:00Z"),
    extensions: options.names === undefined
      ? []
      : [new x509.SubjectAlternativeNameExtension([...options.names])],
  });
  return new Uint8Array(certificate.rawData);
}
