/** Certificates for those who bring their own TLS: authorities, and what they sign. */
import type { Extension, X509Certificate } from "@peculiar/x509";
import type { Issuer } from "./certificate_issuer.ts";
import type {
  CertificateAndKey,
  CertificateOptions,
  ResolvedCertificateOptions,
} from "./certificate_options.ts";
import { encodePem } from "./pem.ts";
import { loadX509, type X509Library } from "./x509_library.ts";

/**
 * Makes a key and a certificate for it: an authority, a certificate signed by
 * one, or one that signs itself. For hosts and plugins that bring their own
 * TLS; AutoMTLS makes its own certificates and needs none of this.
 *
 * Without options it is what go-plugin's hosts and plugins would accept of one
 * another: a P-521 key, made out to `localhost`, for servers and clients. An
 * authority's certificate can serve TLS as well, but not every TLS takes one
 * there: sign a certificate with it. A server under an authority that is not
 * trusted by itself shows its own certificate and that of the authority, one
 * PEM text behind the other.
 *
 * Have clients show a certificate under an authority: of a self-signed one
 * that is trusted as such, Deno's TLS server (2.9) checks neither dates nor
 * usages.
 *
 * Loads @peculiar/x509 when it is called. Needs no permissions.
 *
 * @returns The certificate and its private key, which is kept nowhere else.
 * @throws {TypeError} If an option is of the wrong kind.
 * @throws {RangeError} If an option has a value that cannot be used, the issuer
 * is no authority, its key is not that of its certificate, or its certificate
 * is valid for a shorter time than asked for.
 *
 * @example A plugin and a host under an authority of their own
 * ```ts
 * import { X509Certificate } from "node:crypto";
 * import { ok } from "node:assert/strict";
 * import { createCertificate } from "@x/goplugin";
 *
 * const authority = await createCertificate({ commonName: "My plugins", isAuthority: true });
 * const plugin = await createCertificate({ issuer: authority, usages: ["serverAuth"] });
 * const host = await createCertificate({ issuer: authority, usages: ["clientAuth"], names: [] });
 *
 * for (const { certificate } of [plugin, host]) {
 *   const issuer = new X509Certificate(authority.certificate);
 *   ok(new X509Certificate(certificate).checkIssued(issuer));
 * }
 * ```
 *
 * Source: RFC 5280, section 4.
 */
export async function createCertificate(
  options: CertificateOptions = {},
): Promise<CertificateAndKey> {
  // Few programs call it, and those that do not need not load it.
  const [{ ecdsaAlgorithm, readIssuer }, { resolveCertificateOptions, resolveValidity }] =
    await Promise.all([import("./certificate_issuer.ts"), import("./certificate_options.ts")]);
  const resolved = resolveCertificateOptions(options);
  const x509 = await loadX509();
  const issuer = options.issuer === undefined
    ? undefined
    : await readIssuer(x509, options.issuer, resolved.isAuthority);
  const validity = resolveValidity(options, issuer?.validity, new Date());
  const keys = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: resolved.curve },
    true,
    ["sign", "verify"],
  );
  const subject = new x509.Name([{ CN: [{ utf8String: resolved.commonName }] }]);
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: issuer?.name ?? subject,
    ...validity,
    publicKey: keys.publicKey,
    signingKey: issuer?.privateKey ?? keys.privateKey,
    signingAlgorithm: issuer?.algorithm ?? ecdsaAlgorithm(resolved.curve) as EcdsaParams,
    extensions: await extensions(x509, resolved, keys.publicKey, issuer),
  });
  await checkSignature(certificate, issuer);
  return {
    certificate: encodePem("CERTIFICATE", new Uint8Array(certificate.rawData)),
    privateKey: encodePem(
      "PRIVATE KEY",
      new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey)),
    ),
  };
}

async function extensions(
  x509: X509Library,
  { names, isAuthority, usages }: ResolvedCertificateOptions,
  publicKey: CryptoKey,
  issuer: Issuer | undefined,
): Promise<Extension[]> {
  const { digitalSignature, keyCertSign, cRLSign } = x509.KeyUsageFlags;
  const keyUsage = isAuthority ? digitalSignature | keyCertSign | cRLSign : digitalSignature;
  return [
    new x509.BasicConstraintsExtension(isAuthority, undefined, true),
    new x509.KeyUsagesExtension(keyUsage, true),
    new x509.ExtendedKeyUsageExtension(usages.map((usage) => x509.ExtendedKeyUsage[usage])),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    // A certificate that signs itself may leave it out (RFC 5280, 4.2.1.1); Go's does.
    ...(issuer === undefined ? [] : [issuer.keyIdentifier]),
    ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension([...names])]),
  ];
}

/** A key that is not that of the issuer's certificate signs just as well, for nobody. */
async function checkSignature(
  certificate: X509Certificate,
  issuer: Issuer | undefined,
): Promise<void> {
  if (issuer === undefined || await issuer.hasSigned(certificate)) return;
  throw new RangeError("CertificateOptions.issuer: its private key is not that of its certificate");
}
