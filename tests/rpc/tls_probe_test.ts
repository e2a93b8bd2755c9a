import { match, strictEqual } from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { describePeer } from "../../src/rpc/tls_probe.ts";
import { generateIdentity } from "../../src/wire/certificate.ts";
import { createCertificate } from "../../src/wire/create_certificate.ts";
import { fixture, moduleCommand } from "../helpers/program.ts";
import { openServer, pinnedTls } from "../helpers/rpc_pair.ts";
import { run } from "../helpers/run.ts";
import { within } from "../helpers/wait.ts";

const own = { ca: (await createCertificate({ isAuthority: true })).certificate };

/** A server that does one thing to whoever connects; `left` resolves when the first one is gone. */
async function serverThat(treats: (socket: Socket) => void) {
  let leave: () => void;
  const left = new Promise<void>((resolve) => leave = resolve);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("close", () => leave());
    socket.resume(); // The end of a stream is only seen by who reads it.
    treats(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: { network: "tcp", host: "127.0.0.1", port } as const,
    left,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

for (
  const [habit, treats] of [
    ["never answers", () => {}],
    ["hangs up", (socket) => void socket.destroy()],
    ["answers in clear", (socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ] as readonly (readonly [string, (socket: Socket) => void])[]
) {
  test(`describePeer() ends with a peer that ${habit}, and leaves no connection`, async () => {
    await using server = await serverThat(treats);
    for (const tls of [own, (await pinnedTls()).channel]) {
      const found = await within(describePeer(server.address, tls), "the description");
      strictEqual(found, "The plugin shows no certificate: it may not speak TLS at all");
    }
    strictEqual(await within(describePeer(server.address, undefined), "nothing to say"), undefined);
    await within(server.left, "the end of the connection");
  });
}

test("describePeer() ends where nobody listens", async () => {
  const server = await serverThat(() => {});
  await server[Symbol.asyncDispose]();
  match(await describePeer(server.address, own) ?? "", /^The plugin shows no certificate/);
});

test("describePeer() does not compare a certificate with itself", async () => {
  const tls = await pinnedTls();
  await using served = await openServer([], { tls: tls.server });
  const same = await describePeer(served.address, tls.channel) ?? "";
  match(same, /^The plugin shows this certificate: "O=HashiCorp, CN=localhost".*$/);
  const { certificate } = await generateIdentity();
  const other = { ...tls.channel, peerCertificate: certificate };
  match(await describePeer(served.address, other) ?? "", /\nIt announced this one: "O=HashiCorp/);
});

test("describePeer() tells of no more than three authorities", async () => {
  await using served = await openServer([], { tls: (await pinnedTls()).server });
  const found = await describePeer(served.address, {
    ca: own.ca.repeat(5),
    serverName: "a.example",
  });
  const [, wanted, ...authorities] = (found ?? "").split("\n");
  strictEqual(wanted, 'It has to be for "a.example" and issued by one of tls.ca:');
  strictEqual(authorities.length, 3);
});

test("@peculiar/x509 is loaded when a certificate is refused, and not before", async () => {
  const SPARING_TLS = JSON.stringify(await ownSides());
  const command = [
    ...moduleCommand("tests/fixtures/sparing_host"),
    ...fixture("impostor"),
  ] as const;
  const { stdout, stderr } = await run(command as [string, ...string[]], { env: { SPARING_TLS } });
  strictEqual(stdout, "AutoMTLS: false\nown TLS: false\nrefused: true\n", stderr);
});

async function ownSides() {
  const alone = await createCertificate();
  return { ca: alone.certificate, ...alone };
}
