/** The way in to a server for connections. */
import type { Duplex } from "node:stream";
import type { ConnectionInjector, Server } from "@grpc/grpc-js";
import type { Logger } from "../../logging/logger.ts";
import type { ServerTls } from "./credentials.ts";

/**
 * Lets connections in. Whom TLS trusts may change with time, since Deno's does
 * not look at the dates of authorities: then the way in is made anew.
 */
export class Entrance {
  readonly #server: Server;
  readonly #renew: () => ServerTls;
  readonly #logger: Logger;
  readonly #injectors: ConnectionInjector[];
  #changesAtMs: number | undefined;

  /** Opens the way in; `renew` gives what is to hold once `tls` no longer does. */
  constructor(server: Server, tls: ServerTls, renew: () => ServerTls, logger: Logger) {
    this.#server = server;
    this.#renew = renew;
    this.#logger = logger;
    this.#injectors = [server.createConnectionInjector(tls.credentials)];
    this.#changesAtMs = tls.trust?.changesAtMs;
  }

  /** Lets a connection in, or ends it when there is nobody left to trust. */
  admit(connection: Duplex): void {
    try {
      if (this.#changesAtMs !== undefined && Date.now() >= this.#changesAtMs) {
        const { credentials, trust } = this.#renew();
        this.#injectors.unshift(this.#server.createConnectionInjector(credentials));
        this.#changesAtMs = trust?.changesAtMs;
      }
      this.#injectors[0]?.injectConnection(connection);
    } catch (error) {
      this.#logger.error("a connection was refused", { error });
      connection.destroy();
    }
  }

  /** Ends all connections that were let in, at the latest after the grace, in milliseconds. */
  drain(graceMs: number): void {
    for (const injector of this.#injectors) injector.drain(graceMs);
  }
}
