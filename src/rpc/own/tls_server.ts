/** Accepted connections under TLS, and whom they are from. */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Server, TLSSocket } from "node:tls";
import type { Link } from "../../http2/link.ts";
import type { Logger } from "../../logging/logger.ts";
import { encodePem } from "../../wire/pem.ts";
import { type CertificateFacts, readCertificate } from "../../wire/x509.ts";
import { isTrusted, type Trust, trustIn } from "../own_tls.ts";
import { type ConnectionTls, isPinned } from "../tls.ts";
import { ALPN, linkOf } from "./sockets.ts";

/** What a server shows, and whom it lets in. */
interface Entrance {
  readonly certificate: string;
  readonly privateKey: string;
  readonly trust: Trust | undefined;
}

/**
 * Puts connections under TLS. One that does not get through is gone. A client
 * without a certificate is refused wherever it is known whom to trust, and one
 * with another certificate than the pinned, even one that the pinned has
 * signed.
 */
export class TlsEntrance {
  readonly #tls: ConnectionTls;
  readonly #createServer: typeof import("node:tls").createServer;
  readonly #accept: (link: Link) => void;
  readonly #logger: Logger;
  /** When the pinned certificate is valid: Deno's TLS server (2.9) does not look. */
  readonly #pinned: CertificateFacts | undefined;
  #server: Server;
  #changesAtMs: number;

  private constructor(
    tls: ConnectionTls,
    createServer: typeof import("node:tls").createServer,
    accept: (link: Link) => void,
    logger: Logger,
  ) {
    this.#tls = tls;
    this.#createServer = createServer;
    this.#accept = accept;
    this.#logger = logger;
    this.#pinned = isPinned(tls) ? readCertificate(tls.peerCertificate) : undefined;
    [this.#server, this.#changesAtMs] = this.#open();
  }

  /**
   * Makes the way in.
   *
   * @throws {TypeError} If there is no certificate to show.
   * @throws {CertificateError} If those to trust cannot be trusted now.
   */
  static async open(
    tls: ConnectionTls,
    accept: (link: Link) => void,
    logger: Logger,
  ): Promise<TlsEntrance> {
    const { createServer } = await import("node:tls");
    return new TlsEntrance(tls, createServer, accept, logger);
  }

  /** Takes a connection. Deno's TLS does not look at the dates of authorities: with them, whom to trust changes. */
  admit(connection: Duplex): void {
    try {
      if (Date.now() >= this.#changesAtMs) [this.#server, this.#changesAtMs] = this.#open();
      this.#server.emit("connection", connection as Socket);
    } catch (error) {
      this.#logger.error("a connection was refused", { error });
      connection.destroy();
    }
  }

  #open(): [Server, number] {
    const { certificate, privateKey, trust } = entranceOf(this.#tls);
    const server = this.#createServer({
      cert: certificate,
      key: privateKey,
      ...(trust !== undefined && { ca: trust.ca, requestCert: true, rejectUnauthorized: true }),
      ALPNProtocols: ALPN,
      minVersion: "TLSv1.2",
    }, (socket) => this.#welcome(socket, trust));
    server.on("tlsClientError", (error, socket) => {
      this.#logger.debug("a connection did not get through TLS", { error });
      socket.destroy();
    });
    return [server, trust?.changesAtMs ?? Infinity];
  }

  #welcome(socket: TLSSocket, trust: Trust | undefined): void {
    socket.on("error", () => {});
    const shown = trust === undefined ? undefined : socket.getPeerCertificate()?.raw;
    const isWelcome = trust === undefined ||
      (socket.authorized && isTrusted(trust, shown) && this.#isInTime());
    if (isWelcome && socket.alpnProtocol === "h2") return this.#accept(linkOf(socket));
    this.#logger.warn("a connection was refused", {
      reason: isWelcome ? "it does not speak HTTP/2" : "its certificate is not trusted",
    });
    socket.destroy();
  }

  #isInTime(): boolean {
    if (this.#pinned === undefined) return true;
    const now = new Date();
    return now >= this.#pinned.notBefore && now <= this.#pinned.notAfter;
  }
}

function entranceOf(tls: ConnectionTls): Entrance {
  if (isPinned(tls)) {
    const { identity, peerCertificate } = tls;
    return {
      certificate: identity.certificatePem,
      privateKey: identity.privateKeyPem,
      trust: {
        ca: encodePem("CERTIFICATE", peerCertificate),
        pins: [peerCertificate],
        changesAtMs: Infinity,
      },
    };
  }
  const { ca, certificate, privateKey } = tls;
  if (certificate === undefined || privateKey === undefined) {
    throw new TypeError("tls.certificate, tls.privateKey: both are needed to serve");
  }
  const trust = ca === undefined ? undefined : trustIn(ca, "clientAuth", new Date());
  return { certificate, privateKey, trust };
}
