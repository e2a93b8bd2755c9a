/** What the two ends of a connection show and trust: pinned by AutoMTLS, or the user's own. */
import type { Identity } from "../wire/certificate.ts";
import { encodePem } from "../wire/pem.ts";
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
 * itself to the other, and the broker's connections work in both directions.
 *
 * Source: go-plugin `ClientConfig.TLSConfig`, `ServeConfig.TLSProvider`.
 */
export interface TlsConfig {
  /**
   * The authorities whose certificates are trusted, as PEM. The system's are
   * not. A plugin that names some refuses a host without such a certificate.
   */
  readonly ca?: string;
  /** The certificate to show, as PEM, with those between it and the authority behind it. */
  readonly certificate?: string;
  /** The private key of `certificate`, as PEM. */
  readonly privateKey?: string;
  /** The name that the plugin's certificate has to be made out to. @default {"localhost"} */
  readonly serverName?: string;
}

/** TLS of one connection, of either kind. */
export type ConnectionTls = PinnedTls | TlsConfig;

/** What TLS wants to know for either role, as PEM. */
export interface TlsMaterial {
  /** The authorities, or the one certificate, that are trusted. */
  readonly ca: string | undefined;
  /** The certificate to show. */
  readonly certificate: string | undefined;
  /** Its private key. */
  readonly privateKey: string | undefined;
}

/** What a connection shows and trusts, as PEM. */
export function materialOf(tls: ConnectionTls): TlsMaterial {
  if (isPinned(tls)) {
    const { identity: { certificatePem: certificate, privateKeyPem: privateKey } } = tls;
    return { ca: encodePem("CERTIFICATE", tls.peerCertificate), certificate, privateKey };
  }
  return { ca: tls.ca, certificate: tls.certificate, privateKey: tls.privateKey };
}

/** Whether the peer is known by its very certificate. */
export function isPinned(tls: ConnectionTls): tls is PinnedTls {
  return "identity" in tls;
}

/** The name that a peer's certificate has to be made out to. */
export function serverNameOf(tls: ConnectionTls | undefined): string {
  return (tls === undefined || isPinned(tls) ? undefined : tls.serverName) ?? CERTIFICATE_HOST;
}
