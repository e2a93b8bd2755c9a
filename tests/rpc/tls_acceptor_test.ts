import { notStrictEqual, strictEqual } from "node:assert/strict";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { createServer } from "node:tls";
import { type AcceptorOwner, TlsAcceptor } from "../../src/rpc/own/tls_acceptor.ts";
import type { PinnedTls } from "../../src/rpc/tls.ts";
import { generateIdentity } from "../../src/wire/certificate.ts";

const OWNER: AcceptorOwner = { secured() {}, failed() {} };

async function makeTls(): Promise<PinnedTls> {
  const [identity, peer] = await Promise.all([generateIdentity(), generateIdentity()]);
  return { identity, peerCertificate: peer.certificate };
}

/** A connection on which nothing is ever said. */
function silence(): Duplex {
  return new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
}

test("TlsAcceptor.take() gives what was released, to the same TLS alone", async () => {
  const tls = await makeTls();
  const first = TlsAcceptor.take(tls, createServer, OWNER);
  notStrictEqual(TlsAcceptor.take(tls, createServer, OWNER), first);
  first.release();
  notStrictEqual(TlsAcceptor.take(await makeTls(), createServer, OWNER), first);
  strictEqual(TlsAcceptor.take(tls, createServer, OWNER), first);
});

test("TlsAcceptor is not given to the next while a connection of its owner is open", async () => {
  const tls = await makeTls();
  const first = TlsAcceptor.take(tls, createServer, OWNER);
  const connection = silence();
  first.admit(connection);
  first.release();
  notStrictEqual(TlsAcceptor.take(tls, createServer, OWNER), first);
  const closed = once(connection, "close");
  connection.destroy();
  await closed;
  strictEqual(TlsAcceptor.take(tls, createServer, OWNER), first);
});
