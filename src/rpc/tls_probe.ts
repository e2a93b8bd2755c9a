/** A look at a peer's certificate after TLS has failed, for the error that tells of it. */
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { dial } from "../transport/dial.ts";
import { describeCertificate } from "../wire/describe_certificate.ts";
import { decodePemBlocks } from "../wire/pem.ts";
import type { Peer } from "./peer.ts";
import { type ConnectionTls, isPinned, serverNameOf, sniOf } from "./tls.ts";

/** How long the look may take, in milliseconds. */
const LOOK_MS = 1_000;

/** How many of the certificates to trust are told. */
const MAX_TRUSTED = 3;

/**
 * Says what certificate a peer shows, and what this side wanted to see.
 * Connects once more, accepts anything, and sends nothing. Never rejects.
 *
 * @returns Nothing if neither side speaks TLS.
 */
export async function describePeer(
  peer: Peer,
  tls: ConnectionTls | undefined,
): Promise<string | undefined> {
  const shown = await look(peer, sniOf(tls));
  const certificate = shown && await describeCertificate(shown);
  if (tls === undefined) {
    return certificate &&
      `The plugin serves under TLS and this host connects in clear; it shows: ${certificate}`;
  }
  if (certificate === undefined) {
    return "The plugin shows no certificate: it may not speak TLS at all";
  }
  const lines = [`The plugin shows this certificate: ${certificate}`];
  if (!isPinned(tls)) {
    lines.push(
      `It has to be for ${JSON.stringify(serverNameOf(tls))} and issued by one of tls.ca:`,
    );
    const trusted = decodePemBlocks("CERTIFICATE", tls.ca ?? "").slice(0, MAX_TRUSTED);
    lines.push(...await Promise.all(trusted.map(describeCertificate)));
  } else if (!Buffer.from(shown as Uint8Array).equals(tls.peerCertificate)) {
    lines.push(`It announced this one: ${await describeCertificate(tls.peerCertificate)}`);
  }
  return lines.join("\n");
}

async function look(peer: Peer, servername: string): Promise<Uint8Array | undefined> {
  const { connect } = await import("node:tls");
  const below = await open(peer);
  if (below === undefined) return undefined;
  return await new Promise((resolve) => {
    const socket = connect({
      socket: below,
      servername,
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
    });
    const end = (certificate: Uint8Array | undefined) => {
      clearTimeout(limit);
      socket.destroy();
      below.destroy();
      resolve(certificate);
    };
    const limit = setTimeout(() => end(undefined), LOOK_MS);
    socket.once("secureConnect", () => end(socket.getPeerCertificate()?.raw));
    socket.once("close", () => end(undefined));
    socket.on("error", () => end(undefined));
  });
}

async function open(peer: Peer): Promise<Duplex | undefined> {
  if (typeof peer !== "function") return dial(peer);
  try {
    return await peer(AbortSignal.timeout(LOOK_MS));
  } catch {
    return undefined; // Without a connection there is nothing to see.
  }
}
