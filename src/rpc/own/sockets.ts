/** Connections for the engine: dialled or accepted, under TLS where that is wanted. */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { PeerCertificate, SecureContext, TLSSocket } from "node:tls";
import { makeDuplexLink } from "../../http2/duplex_link.ts";
import type { Link } from "../../http2/link.ts";
import { dial, opened } from "../../transport/dial.ts";
import { encodePem } from "../../wire/pem.ts";
import { identityError, trustIn } from "../own_tls.ts";
import type { Peer } from "../peer.ts";
import { type ConnectionTls, isPinned, serverNameOf, sniOf } from "../tls.ts";
import { keepSession, sessionOf } from "./resumption.ts";

/** What both sides agree on by TLS, as gRPC wants it. */
export const ALPN = ["h2"];

/**
 * Connects.
 *
 * @param signal Gives up.
 * @throws {Error} What the system or TLS said.
 */
export async function connectLink(
  peer: Peer,
  tls: ConnectionTls | undefined,
  signal: AbortSignal,
): Promise<Link> {
  const secure = tls && await secureOptions(tls);
  const below = typeof peer === "function" ? await peer(signal) : dial(peer);
  if (tls === undefined || secure === undefined) {
    // A stream is open from the first moment.
    if (typeof peer !== "function") await opened(below, "connect", signal);
    return linkOf(below);
  }
  const { connect } = await import("node:tls");
  const over = connect({ ...secure, socket: below });
  try {
    await opened(over, "secureConnect", signal);
  } catch (error) {
    below.destroy();
    throw error;
  }
  requireHttp2(over);
  keepSession(tls, over);
  return linkOf(over);
}

/** Makes a link of a connection. */
export function linkOf(connection: Duplex): Link {
  return makeDuplexLink(connection, connection instanceof Socket);
}

function requireHttp2(socket: TLSSocket): void {
  if (socket.alpnProtocol === "h2") return;
  socket.destroy();
  throw new Error("the other side does not speak HTTP/2 under TLS (no ALPN h2)");
}

/** The keys and certificates that were read last for one side's TLS, by those it trusted then. */
const contexts = new WeakMap<
  ConnectionTls,
  { readonly ca: string; readonly read: SecureContext }
>();

/** Options to connect with. Keys and certificates are read once: that costs more than a millisecond. */
async function secureOptions(tls: ConnectionTls) {
  const { ca, cert, key, minVersion, ...options } = await clientOptions(tls);
  let known = contexts.get(tls);
  if (known?.ca !== ca) {
    const { createSecureContext } = await import("node:tls");
    known = { ca, read: createSecureContext({ ca, cert, key, minVersion }) };
    contexts.set(tls, known);
  }
  return { ...options, secureContext: known.read, session: sessionOf(tls) };
}

/**
 * What to show and whom to trust when connecting, at this time.
 *
 * @throws {TypeError} If there is nobody to trust.
 * @throws {CertificateError} If those to trust cannot be trusted now.
 */
export async function clientOptions(tls: ConnectionTls) {
  const common = { servername: sniOf(tls), ALPNProtocols: ALPN, minVersion: "TLSv1.2" as const };
  if (isPinned(tls)) {
    const { identity: { certificatePem, privateKeyPem }, peerCertificate } = tls;
    return {
      ...common,
      ca: encodePem("CERTIFICATE", peerCertificate),
      cert: certificatePem,
      key: privateKeyPem,
      // go-plugin's certificates may sign others; only the one announced will do.
      // Its name and validity were checked when it was announced.
      checkServerIdentity: (_host: string, { raw }: { readonly raw?: Uint8Array }) =>
        isEqual(raw, peerCertificate)
          ? undefined
          : new Error("the plugin's certificate is not the one in its handshake"),
    };
  }
  const { ca, certificate, privateKey } = tls;
  if (ca === undefined) throw new TypeError("tls.ca: needed to trust the other side");
  const { checkServerIdentity } = await import("node:tls");
  const trust = trustIn(ca, "serverAuth", new Date());
  return {
    ...common,
    ca: trust.ca,
    cert: certificate,
    key: privateKey,
    checkServerIdentity: (_host: string, shown: PeerCertificate) =>
      identityError(trust, shown) ?? checkServerIdentity(serverNameOf(tls), shown),
  };
}

function isEqual(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one?.length === other.length && one.every((byte, i) => byte === other[i]);
}
