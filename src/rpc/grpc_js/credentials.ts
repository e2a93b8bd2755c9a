/** TLS in the terms of grpc-js. */
import { Buffer } from "node:buffer";
import type { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import { type ConnectionTls, isPinned, materialOf } from "../tls.ts";
import type { Grpc } from "./grpc.ts";

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
