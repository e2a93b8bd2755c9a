/** A look at a peer's certificate after TLS has failed, for the error that tells of it. */
import { Buffer } from "node:buffer";
import type { Address } from "../wire/address.ts";
import { describeCertificate } from "../wire/describe_certificate.ts";
import { decodePemBlocks } from "../wire/pem.ts";
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
  address: Address,
  tls: ConnectionTls | undefined,
): Promise<string | undefined> {
  const shown = await look(address, sniOf(tls));
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

async function look(address: Address, servername: string): Promise<Uint8Array | undefined> {
  const { connect } = await import("node:tls");
  return await new Promise((resolve) => {
    const where = address.network === "unix"
      ? { path: address.path }
      : { host: address.host, port: address.port };
    const socket = connect({
      ...where,
      servername,
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
    });
    const end = (certificate: Uint8Array | undefined) => {
      clearTimeout(limit);
      socket.destroy();
      resolve(certificate);
    };
    const limit = setTimeout(() => end(undefined), LOOK_MS);
    socket.once("secureConnect", () => end(socket.getPeerCertificate()?.raw));
    socket.once("close", () => end(undefined));
    socket.on("error", () => end(undefined));
  });
}
