/** What the two ends of a connection show and trust: pinned by AutoMTLS, or the user's own. */
import { isIP } from "node:net";
import type { Identity } from "../wire/certificate.ts";
import { CERTIFICATE_HOST } from "../wire/x509.ts";

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
