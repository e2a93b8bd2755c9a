/** A TCP proxy whose connections a test can watch and cut. */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Address } from "../../src/wire/address.ts";

export class Proxy {
  /** How many connections there have been. */
  accepted = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(server: Server) {
    this.#server = server;
  }

  /** Listens, and hands every connection on to the target. */
  static async open(target: Address): Promise<Proxy> {
    const proxy: Proxy = new Proxy(createServer((near) => proxy.#join(near, target)));
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  #join(near: Socket, target: Address): void {
    this.accepted++;
    const far = target.network === "unix" ? connect(target.path) : connect(target);
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }

  get address(): Address {
    const { port } = this.#server.address() as { port: number };
    return { network: "tcp", host: "127.0.0.1", port };
  }

  /** Hands nothing on from now on, and does not say so. */
  freeze(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  /** Cuts the connections there are. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cut();
    await closed;
  }
}
