/** AutoMTLS on one connection: our identity and the one certificate that is trusted. */
import { Buffer } from "node:buffer";
import type { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import type { Identity } from "../wire/certificate.ts";
import { encodePem } from "../wire/pem.ts";
import type { Grpc } from "./grpc.ts";

/** Both sides of a pinned connection. */
export interface PinnedTls {
  /** What we show. */
  readonly identity: Identity;
  /** The only certificate the peer may show, as DER. */
  readonly peerCertificate: Uint8Array;
}

/** Credentials for a channel; without TLS they are insecure. */
export function channelCredentials(
  grpc: Grpc,
  tls: PinnedTls | undefined,
): ChannelCredentials {
  if (tls === undefined) return grpc.credentials.createInsecure();
  const { identity, peerCertificate } = tls;
  const pinned = Buffer.from(peerCertificate);
  return grpc.credentials.createSsl(
    Buffer.from(encodePem("CERTIFICATE", peerCertificate)),
    Buffer.from(identity.privateKeyPem),
    Buffer.from(identity.certificatePem),
    {
      // go-plugin's certificates may sign others; only the one announced will do.
      // Its name and validity were checked when it was announced.
      checkServerIdentity: (_host, certificate) =>
        certificate.raw !== undefined && pinned.equals(certificate.raw) ? undefined : new Error(
          "the plugin's certificate is not the one in its handshake",
        ),
    },
  );
}

/** Credentials for a server that demands the peer's certificate; without TLS they are insecure. */
export function serverCredentials(
  grpc: Grpc,
  tls: PinnedTls | undefined,
): ServerCredentials {
  if (tls === undefined) return grpc.ServerCredentials.createInsecure();
  const { identity, peerCertificate } = tls;
  return grpc.ServerCredentials.createSsl(
    Buffer.from(encodePem("CERTIFICATE", peerCertificate)),
    [{
      private_key: Buffer.from(identity.privateKeyPem),
      cert_chain: Buffer.from(identity.certificatePem),
    }],
    true, // A client without the certificate is refused.
  );
}
