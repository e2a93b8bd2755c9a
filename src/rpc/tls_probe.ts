/** A look at a peer's certificate after TLS has failed, for the error that tells of it. */
import { Buffer } from "node:buffer";
import type { Address } from "../wire/address.ts";
import { describeCertificate } from "../wire/describe_certificate.ts";
import { type ConnectionTls, isPinned } from "./tls.ts";

/** How long the look may take, in milliseconds. */
const LOOK_MS = 1_000;

/**
 * Says what certificate a peer shows and, if another one was announced, what
 * that is. Connects once more, accepts anything, and sends nothing. Never
 * rejects.
 */
export async function describePeer(address: Address, tls: ConnectionTls): Promise<string> {
  const shown = await look(address);
  if (shown === undefined) return "The plugin shows no certificate: it may not speak TLS at all";
  const lines = [`The plugin shows this certificate: ${await describeCertificate(shown)}`];
  if (isPinned(tls) && !Buffer.from(shown).equals(tls.peerCertificate)) {
    lines.push(`It announced this one: ${await describeCertificate(tls.peerCertificate)}`);
  }
  return lines.join("\n");
}

async function look(address: Address): Promise<Uint8Array | undefined> {
  const { connect } = await import("node:tls");
  return await new Promise((resolve) => {
    const where = address.network === "unix"
      ? { path: address.path }
      : { host: address.host, port: address.port };
    const socket = connect({ ...where, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
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
