/** TLS sessions that are taken up again, and those that are not. */
import { deepStrictEqual, rejects } from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import type { Link } from "../../src/http2/link.ts";
import { connectLink } from "../../src/rpc/own/sockets.ts";
import { TlsEntrance } from "../../src/rpc/own/tls_server.ts";
import type { ConnectionTls, PinnedTls } from "../../src/rpc/tls.ts";
import { createLogger } from "../../src/runtime/standard_logger.ts";
import { generateIdentity } from "../../src/wire/certificate.ts";
import type { Address } from "../../src/wire/address.ts";
import { authority, signed } from "../helpers/authority.ts";
import { isDeno } from "../helpers/program.ts";
import { within } from "../helpers/wait.ts";

const SILENT = createLogger({ level: "off" });

/** A server that says of each connection whether it goes on with an earlier session. */
async function openServer(tls: ConnectionTls) {
  const reused: boolean[] = [];
  const sockets: TLSSocket[] = [];
  let onAccept = () => {};
  const entrance = await TlsEntrance.open(tls, (_link: Link, socket) => {
    reused.push(socket.isSessionReused());
    sockets.push(socket.resume());
    onAccept();
  }, SILENT);
  const server = createServer((socket) => entrance.admit(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const address: Address = { network: "tcp", host: "127.0.0.1", port };
  return {
    reused,
    /** Connects, and waits until both sides have seen the other. */
    async connect(client: ConnectionTls): Promise<void> {
      const accepted = new Promise<void>((resolve) => onAccept = resolve);
      const link = await connectLink(address, client, AbortSignal.timeout(10_000));
      // The session comes behind the handshake, once somebody reads.
      const refused = new Promise<void>((_, reject) => {
        const close = () => reject(new Error("the connection was closed"));
        link.start({ data() {}, drain() {}, end() {}, close });
      });
      refused.catch(() => {}); // It is closed in the end.
      await within(Promise.race([accepted, refused]), "the server's side");
      await new Promise((resolve) => setTimeout(resolve, 50));
      link.destroy();
    },
    async [Symbol.asyncDispose]() {
      entrance.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function makePair(): Promise<{ server: PinnedTls; client: PinnedTls }> {
  const [one, other] = await Promise.all([generateIdentity(), generateIdentity()]);
  return {
    server: { identity: one, peerCertificate: other.certificate },
    client: { identity: other, peerCertificate: one.certificate },
  };
}

test("connectLink() goes on with the session of an earlier connection, also with another server", {
  skip: isDeno && "Deno 2.9 keeps no sessions for a client with an authority of its own",
}, async () => {
  const { server, client } = await makePair();
  await using first = await openServer(server);
  await first.connect(client);
  await first.connect(client);
  deepStrictEqual(first.reused, [false, true]);
  await using second = await openServer(server);
  await second.connect(client);
  deepStrictEqual(second.reused, [true]);
});

test("connectLink() makes a new session where the server knows no earlier one", async () => {
  const { server, client } = await makePair();
  {
    await using first = await openServer(server);
    await first.connect(client);
  }
  // The same certificate in another process: nothing of the session is known there.
  await using second = await openServer({ ...server });
  await second.connect(client);
  deepStrictEqual(second.reused, [false]);
});

test("a session helps nobody with another certificate", async () => {
  const { server, client } = await makePair();
  await using opened = await openServer(server);
  await opened.connect(client);
  const stranger = { ...client, identity: await generateIdentity() };
  await rejects(opened.connect(stranger), /closed|alert|certificate|ECONNRESET/i);
  deepStrictEqual(opened.reused, [false]);
});

test("connectLink() asks the authorities of TlsConfig each time", async () => {
  const { certificate, privateKey } = await signed();
  const tls = { ca: authority.certificate, certificate, privateKey };
  await using opened = await openServer(tls);
  await opened.connect(tls);
  await opened.connect(tls);
  deepStrictEqual(opened.reused, [false, false]);
});
