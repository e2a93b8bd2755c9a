/**
 * The server's side of TLS. A `tls.Server` reads its keys and certificates when
 * it is made, which takes longer than a millisecond: for the short lives of
 * what a broker serves, one is used again.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Server, TLSSocket } from "node:tls";
import { encodePem } from "../../wire/pem.ts";
import { type Trust, trustIn } from "../own_tls.ts";
import { type ConnectionTls, isPinned } from "../tls.ts";
import { ticketKeysOf } from "./resumption.ts";
import { ALPN } from "./sockets.ts";

/** Who is told how a connection fared. */
export interface AcceptorOwner {
  /** TLS stands; whom it is with, has still to be looked at. */
  secured(socket: TLSSocket, trust: Trust | undefined): void;
  /** It did not get through; it is gone. */
  failed(error: Error): void;
}

/** What a server shows, and whom it lets in. */
interface Entrance {
  readonly certificate: string;
  readonly privateKey: string;
  readonly trust: Trust | undefined;
}

/** How many that nobody uses are kept for one side's TLS. */
const MAX_SPARE = 4;

const spares = new WeakMap<ConnectionTls, TlsAcceptor[]>();

/** Puts connections under TLS, for one owner at a time. */
export class TlsAcceptor {
  readonly #tls: ConnectionTls;
  readonly #server: Server;
  readonly #trust: Trust | undefined;
  #owner: AcceptorOwner | undefined;
  #openCount = 0;
  #isReleased = false;

  private constructor(
    tls: ConnectionTls,
    createServer: typeof import("node:tls").createServer,
  ) {
    const { certificate, privateKey, trust } = entranceOf(tls);
    this.#tls = tls;
    this.#trust = trust;
    this.#server = createServer({
      cert: certificate,
      key: privateKey,
      ...(trust !== undefined && { ca: trust.ca, requestCert: true, rejectUnauthorized: true }),
      ALPNProtocols: ALPN,
      ...(isPinned(tls) && { ticketKeys: ticketKeysOf(tls) }),
      minVersion: "TLSv1.2",
    }, (socket) => {
      if (this.#owner === undefined) socket.destroy();
      else this.#owner.secured(socket, trust);
    });
    this.#server.on("tlsClientError", (error, socket) => {
      this.#owner?.failed(error);
      socket.destroy();
    });
  }

  /**
   * Takes one that nobody uses, or makes one.
   *
   * @throws {TypeError} If there is no certificate to show.
   * @throws {CertificateError} If those to trust cannot be trusted now.
   */
  static take(
    tls: ConnectionTls,
    createServer: typeof import("node:tls").createServer,
    owner: AcceptorOwner,
  ): TlsAcceptor {
    let acceptor = spares.get(tls)?.pop();
    while (acceptor?.isOutdated) acceptor = spares.get(tls)?.pop();
    acceptor ??= new TlsAcceptor(tls, createServer);
    acceptor.#owner = owner;
    acceptor.#isReleased = false;
    return acceptor;
  }

  /** Whether others are to be trusted by now. Deno's TLS does not look at the dates of authorities. */
  get isOutdated(): boolean {
    return Date.now() >= (this.#trust?.changesAtMs ?? Infinity);
  }

  /** Takes a connection. */
  admit(connection: Duplex): void {
    this.#openCount++;
    connection.once("close", () => {
      this.#openCount--;
      this.#spare();
    });
    this.#server.emit("connection", connection as Socket);
  }

  /** Gives it back. Nobody else gets it before the last connection of this owner is gone. */
  release(): void {
    this.#isReleased = true;
    this.#spare();
  }

  #spare(): void {
    if (!this.#isReleased || this.#openCount > 0) return;
    this.#owner = undefined;
    const others = spares.get(this.#tls) ?? [];
    if (others.length < MAX_SPARE) spares.set(this.#tls, [...others, this]);
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
