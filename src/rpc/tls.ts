/** What the two ends of a connection show and trust: pinned by AutoMTLS, or the user's own. */
import { Buffer } from "node:buffer";
import type { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import type { Identity } from "../wire/certificate.ts";
import { encodePem } from "../wire/pem.ts";
import { CERTIFICATE_HOST } from "../wire/x509.ts";
import type { Grpc } from "./grpc.ts";

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
interface TlsMaterial {
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly privateKey: string | undefined;
}

function materialOf(tls: ConnectionTls): TlsMaterial {
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

function optional(pem: string | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}

/** Credentials for a channel; without TLS they are insecure. */
export function channelCredentials(
  grpc: Grpc,
  tls: ConnectionTls | undefined,
): ChannelCredentials {
  if (tls === undefined) return grpc.credentials.createInsecure();
  const { ca, certificate, privateKey } = materialOf(tls);
  if (ca === undefined) throw new TypeError("tls.ca: needed to trust the other side");
  const [key, chain] = [optional(privateKey), optional(certificate)];
  if (!isPinned(tls)) return grpc.credentials.createSsl(Buffer.from(ca), key, chain);
  const pinned = Buffer.from(tls.peerCertificate);
  return grpc.credentials.createSsl(Buffer.from(ca), key, chain, {
    // go-plugin's certificates may sign others; only the one announced will do.
    // Its name and validity were checked when it was announced.
    checkServerIdentity: (_host, certificate) =>
      certificate.raw !== undefined && pinned.equals(certificate.raw)
        ? undefined
        : new Error("the plugin's certificate is not the one in its handshake"),
  });
}

/**
 * Credentials for a server that demands the peer's certificate wherever it
 * knows whom to trust; without TLS they are insecure.
 */
export function serverCredentials(
  grpc: Grpc,
  tls: ConnectionTls | undefined,
): ServerCredentials {
  if (tls === undefined) return grpc.ServerCredentials.createInsecure();
  const { ca, certificate, privateKey } = materialOf(tls);
  if (certificate === undefined || privateKey === undefined) {
    throw new TypeError("tls.certificate, tls.privateKey: both are needed to serve");
  }
  return grpc.ServerCredentials.createSsl(
    // With none, grpc-js would name every authority it knows; Deno's server then
    // sends a handshake that is longer than its clients take.
    Buffer.from(ca ?? certificate),
    [{ private_key: Buffer.from(privateKey), cert_chain: Buffer.from(certificate) }],
    ca !== undefined, // A client without the certificate is refused.
  );
}
