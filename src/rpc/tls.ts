/** What the two ends of a connection show and trust: pinned by AutoMTLS, or the user's own. */
import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import type { PeerCertificate } from "node:tls";
import type { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import type { Identity } from "../wire/certificate.ts";
import { encodePem } from "../wire/pem.ts";
import { CERTIFICATE_HOST } from "../wire/x509.ts";
import type { Grpc } from "./grpc.ts";
import { isTrusted, type Trust, trustIn } from "./own_tls.ts";

/** Both sides of a pinned connection. */
export interface PinnedTls {
  /** What we show. */
  readonly identity: Identity;
  /** The only certificate the peer may show, as DER. */
  readonly peerCertificate: Uint8Array;
}

/**
 * TLS of one's own, in place of AutoMTLS. A host needs `ca`, a plugin
 * `certificate` and `privateKey`; with all three on both sides, each proves
 * itself to the other, and the broker's connections work in both directions if
 * both certificates are for servers and for clients.
 *
 * Source: go-plugin `ClientConfig.TLSConfig`, `ServeConfig.TLSProvider`.
 */
export interface TlsConfig {
  /**
   * The authorities whose certificates are trusted, as PEM, or in their place
   * the other side's own self-signed certificate. The system's authorities are
   * not trusted, nor are those of the list while they are not valid. A plugin
   * that names some refuses a host without such a certificate.
   */
  readonly ca?: string;
  /** The certificate to show, as PEM, with those between it and the authority behind it. */
  readonly certificate?: string;
  /** The private key of `certificate`, as PEM, not encrypted. */
  readonly privateKey?: string;
  /**
   * The DNS name or IP address that the certificate of a side has to be made
   * out to when this one connects to it: a plugin's, and a host's for what it
   * serves by the broker. @default {"localhost"}
   */
  readonly serverName?: string;
}

/** TLS of one connection, of either kind. */
export type ConnectionTls = PinnedTls | TlsConfig;

/** Whether the peer is known by its very certificate. */
export function isPinned(tls: ConnectionTls): tls is PinnedTls {
  return "identity" in tls;
}

/** The name that a peer's certificate has to be made out to. */
export function serverNameOf(tls: ConnectionTls | undefined): string {
  return (tls === undefined || isPinned(tls) ? undefined : tls.serverName) ?? CERTIFICATE_HOST;
}

/** The name to ask for while TLS is made; an address may not stand there (RFC 6066, section 3). */
export function sniOf(tls: ConnectionTls | undefined): string {
  const name = serverNameOf(tls);
  return isIP(name) === 0 ? name : CERTIFICATE_HOST;
}

function optional(pem: string | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}

/**
 * Credentials for a channel; without TLS they are insecure.
 *
 * @throws {TypeError} If there is nobody to trust.
 * @throws {CertificateError} If those to trust cannot be trusted now.
 */
export async function channelCredentials(
  grpc: Grpc,
  tls: ConnectionTls | undefined,
): Promise<ChannelCredentials> {
  if (tls === undefined) return grpc.credentials.createInsecure();
  if (!isPinned(tls)) {
    if (tls.ca === undefined) throw new TypeError("tls.ca: needed to trust the other side");
    const trust = trustIn(tls.ca, "serverAuth", new Date());
    const [key, chain] = [optional(tls.privateKey), optional(tls.certificate)];
    const { checkServerIdentity } = await import("node:tls");
    return grpc.credentials.createSsl(Buffer.from(trust.ca), key, chain, {
      checkServerIdentity: (_name, certificate) =>
        identityError(trust, certificate) ?? checkServerIdentity(serverNameOf(tls), certificate),
    });
  }
  const { identity: { certificatePem, privateKeyPem }, peerCertificate } = tls;
  const pinned = Buffer.from(peerCertificate);
  return grpc.credentials.createSsl(
    Buffer.from(encodePem("CERTIFICATE", peerCertificate)),
    Buffer.from(privateKeyPem),
    Buffer.from(certificatePem),
    {
      // go-plugin's certificates may sign others; only the one announced will do.
      // Its name and validity were checked when it was announced.
      checkServerIdentity: (_host, certificate) =>
        certificate.raw !== undefined && pinned.equals(certificate.raw)
          ? undefined
          : new Error("the plugin's certificate is not the one in its handshake"),
    },
  );
}

/** What is wrong with a server's certificate though TLS takes it. */
function identityError(trust: Trust, { raw, subjectaltname }: PeerCertificate): Error | undefined {
  if (!isTrusted(trust, raw)) return new Error("the certificate is not one of those in tls.ca");
  // Node would go by the subject's common name, which Go has given up.
  if (!subjectaltname) {
    return new Error("the certificate is made out to no DNS name or IP address");
  }
}

/** How a server lets others in, for as long as that holds. */
export interface ServerTls {
  /** Its certificate, and whom it trusts. */
  readonly credentials: ServerCredentials;
  /** Of clients, if they have to show a certificate. */
  readonly trust?: Trust;
}

/**
 * Credentials for a server that demands the peer's certificate wherever it
 * knows whom to trust; without TLS they are insecure.
 *
 * @throws {TypeError} If there is no certificate to show.
 * @throws {CertificateError} If those to trust cannot be trusted now.
 */
export function serverTls(grpc: Grpc, tls: ConnectionTls | undefined): ServerTls {
  if (tls === undefined) return { credentials: grpc.ServerCredentials.createInsecure() };
  const secure = (ca: string, certificate: string, privateKey: string, demand: boolean) =>
    grpc.ServerCredentials.createSsl(
      Buffer.from(ca),
      [{ private_key: Buffer.from(privateKey), cert_chain: Buffer.from(certificate) }],
      demand, // A client without a certificate is refused.
    );
  if (isPinned(tls)) {
    const { identity: { certificatePem, privateKeyPem }, peerCertificate } = tls;
    const ca = encodePem("CERTIFICATE", peerCertificate);
    return { credentials: secure(ca, certificatePem, privateKeyPem, true) };
  }
  const { ca, certificate, privateKey } = tls;
  if (certificate === undefined || privateKey === undefined) {
    throw new TypeError("tls.certificate, tls.privateKey: both are needed to serve");
  }
  // With no authority, grpc-js would name every one it knows; Deno's server then
  // sends a handshake that is longer than its clients take.
  if (ca === undefined) return { credentials: secure(certificate, certificate, privateKey, false) };
  const trust = trustIn(ca, "clientAuth", new Date());
  return { credentials: secure(trust.ca, certificate, privateKey, true), trust };
}
