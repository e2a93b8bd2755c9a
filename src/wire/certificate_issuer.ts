/** The authority that signs a certificate: read from PEM, and found fit to sign. */
import type { AuthorityKeyIdentifierExtension, Name, X509Certificate } from "@peculiar/x509";
import type { CertificateAndKey, Validity } from "./certificate_options.ts";
import { decodePem } from "./pem.ts";
import type { X509Library } from "./x509_library.ts";

/** An algorithm that signs, as Web Crypto and @peculiar/x509 take it. */
export interface SigningAlgorithm {
  /** The kind of key. */
  readonly name: string;
  /** The curve of an ECDSA key. */
  readonly namedCurve?: string;
  /** What is signed: a digest of this kind. */
  readonly hash?: string;
}

/** Who signs. */
export interface Issuer {
  /** Its name, for the certificate's issuer field. */
  readonly name: Name;
  /** Its key. */
  readonly privateKey: CryptoKey;
  /** How it signs. */
  readonly algorithm: SigningAlgorithm;
  /** When it is valid. */
  readonly validity: Validity;
  /** Says in the certificate by which of its keys it signed. */
  readonly keyIdentifier: AuthorityKeyIdentifierExtension;
  /** Whether a certificate bears a signature that the issuer's own certificate vouches for. */
  readonly hasSigned: (certificate: X509Certificate) => Promise<boolean>;
}

/** How a key on a curve signs: with the digest of its strength, as go-plugin's does. */
export function ecdsaAlgorithm(namedCurve: string): SigningAlgorithm | undefined {
  const hash = { "P-256": "SHA-256", "P-384": "SHA-384", "P-521": "SHA-512" }[namedCurve];
  return hash === undefined ? undefined : { name: "ECDSA", namedCurve, hash };
}

/**
 * Reads an authority.
 *
 * @param signsAuthority Whether the certificate to be signed is an authority itself.
 * @throws {TypeError} If it is no pair of PEM texts.
 * @throws {RangeError} If one cannot be read, or may not or cannot sign certificates.
 */
export async function readIssuer(
  x509: X509Library,
  issuer: CertificateAndKey,
  signsAuthority: boolean,
): Promise<Issuer> {
  if (typeof issuer?.certificate !== "string" || typeof issuer.privateKey !== "string") {
    throw new TypeError("CertificateOptions.issuer: certificate and privateKey are needed, as PEM");
  }
  const certificate = readCertificate(x509, issuer.certificate);
  checkAuthority(x509, certificate, signsAuthority);
  const algorithm = signingAlgorithm(certificate);
  return {
    name: certificate.subjectName,
    privateKey: await readKey(issuer.privateKey, algorithm),
    algorithm,
    validity: { notBefore: certificate.notBefore, notAfter: certificate.notAfter },
    keyIdentifier: await keyIdentifier(x509, certificate),
    hasSigned: (other) =>
      other.verify({ publicKey: certificate.publicKey, signatureOnly: true }).catch(() => false),
  };
}

function readCertificate(x509: X509Library, pem: string): X509Certificate {
  try {
    return new x509.X509Certificate(decodePem("CERTIFICATE", pem));
  } catch (cause) {
    throw unusable(`its certificate cannot be read: ${(cause as Error).message}`, cause);
  }
}

function checkAuthority(
  x509: X509Library,
  certificate: X509Certificate,
  signsAuthority: boolean,
): void {
  const constraints = certificate.getExtension(x509.BasicConstraintsExtension);
  if (constraints?.ca !== true) {
    throw unusable(`"${certificate.subject}" is not an authority`);
  }
  if (signsAuthority && constraints.pathLength === 0) {
    throw unusable(`"${certificate.subject}" may not sign authorities: its path length is 0`);
  }
  const usages = certificate.getExtension(x509.KeyUsagesExtension)?.usages;
  if (usages !== undefined && (usages & x509.KeyUsageFlags.keyCertSign) === 0) {
    throw unusable(`"${certificate.subject}" may not sign certificates: no keyCertSign`);
  }
}

function signingAlgorithm({ publicKey }: X509Certificate): SigningAlgorithm {
  const { name, namedCurve = "" } = publicKey.algorithm as SigningAlgorithm;
  const algorithm = name === "ECDSA"
    ? ecdsaAlgorithm(namedCurve)
    : name === "RSASSA-PKCS1-v1_5"
    ? { name, hash: "SHA-256" }
    : name === "Ed25519"
    ? { name }
    : undefined;
  if (algorithm !== undefined) return algorithm;
  throw unusable(`a key of kind ${`${name} ${namedCurve}`.trim()} cannot be used here`);
}

async function readKey(pem: string, algorithm: SigningAlgorithm): Promise<CryptoKey> {
  try {
    const der = decodePem("PRIVATE KEY", pem);
    return await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
  } catch (cause) {
    const kind = algorithm.namedCurve ?? algorithm.name;
    throw unusable(
      `its private key cannot be read as PKCS #8 with a key of its certificate's kind, ${kind}: ` +
        (cause as Error).message,
      cause,
    );
  }
}

/** As in the issuer's certificate, however it was computed there (RFC 5280, 4.2.1.1). */
async function keyIdentifier(
  x509: X509Library,
  certificate: X509Certificate,
): Promise<AuthorityKeyIdentifierExtension> {
  const keyId = certificate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  return keyId === undefined
    ? await x509.AuthorityKeyIdentifierExtension.create(certificate.publicKey)
    : new x509.AuthorityKeyIdentifierExtension(keyId);
}

function unusable(what: string, cause?: unknown): RangeError {
  return new RangeError(`CertificateOptions.issuer: ${what}`, { cause });
}
