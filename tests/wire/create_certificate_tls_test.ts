/** TLS, as the runtime does it, between those who show certificates of ours. */
import { notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { createCertificate } from "../../src/wire/create_certificate.ts";
import { meet, type Meeting } from "./tls_meeting.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const start = new Date(Date.now() - 10 * DAY_MS);
/** Ten days old and ten days from its end, so that its certificates can be expired and early. */
const time = { notBefore: start, validForMs: 20 * DAY_MS };

const issuer = await createCertificate({ isAuthority: true, ...time });
// The same name, another key.
const otherIssuer = await createCertificate({ isAuthority: true, ...time });
const middle = await createCertificate({ isAuthority: true, commonName: "Middle", issuer });
const good = await createCertificate({ issuer });
const underMiddle = await createCertificate({ issuer: middle });
const alone = await createCertificate();
const expired = await createCertificate({ issuer, notBefore: start, validForMs: HOUR_MS });
const early = await createCertificate({ issuer, notBefore: new Date(Date.now() + DAY_MS) });
const stranger = await createCertificate({ issuer: otherIssuer, ...time });
const forServers = await createCertificate({ issuer, usages: ["serverAuth"] });
const forClients = await createCertificate({ issuer, usages: ["clientAuth"], names: [] });
const elsewhere = await createCertificate({ issuer, names: ["elsewhere.example"] });
const chain = { ...underMiddle, certificate: underMiddle.certificate + middle.certificate };
const middleForServers = await createCertificate({
  isAuthority: true,
  commonName: "Servers",
  usages: ["serverAuth"],
  issuer,
});
const underServers = await createCertificate({ issuer: middleForServers });
const serversChain = {
  ...underServers,
  certificate: underServers.certificate + middleForServers.certificate,
};
const MEETING: Meeting = {
  server: good,
  client: good,
  serverTrusts: issuer,
  clientTrusts: issuer,
};

for (
  const [who, change] of [
    ["a server and a client under one authority", {}],
    ["a server and a client for nothing else", { server: forServers, client: forClients }],
    ["a client under an authority below", { client: chain }],
    ["a server under an authority below", { server: chain }],
    ["sides under two authorities", { client: stranger, serverTrusts: otherIssuer }],
    ["a client that signed itself and is trusted", { client: alone, serverTrusts: alone }],
    ["a server that signed itself and is trusted", { server: alone, clientTrusts: alone }],
    ["a client with its issuer's name", {
      client: await createCertificate({ issuer, commonName: "localhost authority" }),
    }],
    ...await Promise.all((["P-256", "P-384"] as const).map(async (curve) => {
      const authority = await createCertificate({ isAuthority: true, curve });
      const shown = await createCertificate({ issuer: authority, curve });
      return [`sides on ${curve}`, {
        server: shown,
        client: shown,
        serverTrusts: authority,
        clientTrusts: authority,
      }] as const;
    })),
  ] as const
) {
  test(`createCertificate() and TLS: ${who} meet`, async () => {
    const { received, errors } = await meet({ ...MEETING, ...change });
    strictEqual(received, "welcome", errors.join(", "));
    strictEqual(errors.length, 0, errors.join(", "));
  });
}

for (
  const [who, change, seen] of [
    [
      "a client without a certificate",
      { client: undefined },
      "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
    ],
    ["a client under another authority of that name", { client: stranger }],
    ["a client that signed itself", { client: alone }],
    ["an expired client", { client: expired }],
    ["an early client", { client: early }],
    ["a client for servers only", { client: forServers }],
    ["a client under an authority for servers only", { client: serversChain }],
    ["a client that leaves out the authority below", { client: underMiddle }],
    ["a server under another authority of that name", { server: stranger }],
    ["a server that signed itself", { server: alone }],
    ["an expired server", { server: expired }],
    ["an early server", { server: early }],
    ["a server for clients only", { server: forClients }],
    ["a server that leaves out the authority below", { server: underMiddle }],
    ["a server of another name", { server: elsewhere }, "ERR_TLS_CERT_ALTNAME_INVALID"],
  ] as const
) {
  test(`createCertificate() and TLS: ${who} is refused`, async () => {
    const { received, errors } = await meet({ ...MEETING, ...change });
    strictEqual(received, "");
    notStrictEqual(errors.length, 0);
    if (seen !== undefined) ok(errors.includes(seen), errors.join(", "));
  });
}
