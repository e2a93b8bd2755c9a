/** TLS in the terms of grpc-js. */
import { Buffer } from "node:buffer";
import type { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import { encodePem } from "../../wire/pem.ts";
import { identityError, type Trust, trustIn } from "../own_tls.ts";
import { type ConnectionTls, isPinned, serverNameOf } from "../tls.ts";
import type { Grpc } from "./grpc.ts";

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
