/** Accepted connections under TLS, and whom they are from. */
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { makeDuplexLink } from "../../http2/duplex_link.ts";
import type { Link } from "../../http2/link.ts";
import type { Logger } from "../../logging/logger.ts";
import { type CertificateFacts, readCertificate } from "../../wire/x509.ts";
import { isTrusted, type Trust } from "../own_tls.ts";
import { type ConnectionTls, isPinned } from "../tls.ts";
import { type AcceptorOwner, TlsAcceptor } from "./tls_acceptor.ts";

/**
 * Puts connections under TLS. One that does not get through is gone. A client
 * without a certificate is refused wherever it is known whom to trust, and one
 * with another certificate than the pinned, even one that the pinned has
 * signed.
 */
export class TlsEntrance implements AcceptorOwner {
  readonly #tls: ConnectionTls;
  readonly #createServer: typeof import("node:tls").createServer;
  readonly #accept: (link: Link, socket: TLSSocket) => void;
  readonly #logger: Logger;
  /** When the pinned certificate is valid: Deno's TLS server (2.9) does not look. */
  readonly #pinned: CertificateFacts | undefined;
  #acceptor: TlsAcceptor;

  private constructor(
    tls: ConnectionTls,
    createServer: typeof import("node:tls").createServer,
    accept: (link: Link, socket: TLSSocket) => void,
    logger: Logger,
  ) {
    this.#tls = tls;
    this.#createServer = createServer;
    this.#accept = accept;
    this.#logger = logger;
    this.#pinned = isPinned(tls) ? readCertificate(tls.peerCertificate) : undefined;
    this.#acceptor = TlsAcceptor.take(tls, createServer, this);
  }

  /**
   * Makes the way in.
   *
   * @throws {TypeError} If there is no certificate to show.
   * @throws {CertificateError} If those to trust cannot be trusted now.
   */
  static async open(
    tls: ConnectionTls,
    accept: (link: Link, socket: TLSSocket) => void,
    logger: Logger,
  ): Promise<TlsEntrance> {
    const { createServer } = await import("node:tls");
    return new TlsEntrance(tls, createServer, accept, logger);
  }

  /** Takes a connection. */
  admit(connection: Duplex): void {
    try {
      if (this.#acceptor.isOutdated) {
        this.#acceptor.release();
        this.#acceptor = TlsAcceptor.take(this.#tls, this.#createServer, this);
      }
      this.#acceptor.admit(connection);
    } catch (error) {
      this.#logger.error("a connection was refused", { error });
      connection.destroy();
    }
  }

  /** Takes no more. To be called once. */
  close(): void {
    this.#acceptor.release();
  }

  failed(error: Error): void {
    this.#logger.debug("a connection did not get through TLS", { error });
  }

  secured(socket: TLSSocket, trust: Trust | undefined): void {
    socket.on("error", () => {});
    const shown = trust === undefined ? undefined : socket.getPeerCertificate()?.raw;
    const isWelcome = trust === undefined ||
      (socket.authorized && isTrusted(trust, shown) && this.#isInTime());
    if (isWelcome && socket.alpnProtocol === "h2") {
      return this.#accept(makeDuplexLink(socket), socket);
    }
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
