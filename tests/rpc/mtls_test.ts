import { match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { ConnectError } from "../../src/errors.ts";
import type { PinnedTls } from "../../src/rpc/tls.ts";
import { generateIdentity, type Identity } from "../../src/wire/certificate.ts";
import { exceptGrpcJs } from "../helpers/engine.ts";
import { isDeno } from "../helpers/program.ts";
import { connectTo, openServer, TRANSPORTS } from "../helpers/rpc_pair.ts";
import { CallsService, chunk, implementCalls } from "./calls.ts";
import { makeIdentity } from "./identities.ts";
import { failsWith, rejected } from "./waiting.ts";

const LONG_MS = 60_000;
const DAY_MS = 24 * 3600_000;
const network = TRANSPORTS.find(({ autoMtls }) => autoMtls)?.network ?? "tcp";

/** What a side shows, and what it wants to see of the other. */
function tls(identity: Identity, { certificate }: Identity): PinnedTls {
  return { identity, peerCertificate: certificate };
}

/** Serves with `server`, connects with `channel`, and tells how many calls came through. */
async function attempt(
  server: PinnedTls | undefined,
  channel: PinnedTls | undefined,
  use: (opened: Awaited<ReturnType<typeof connectTo>>) => Promise<void>,
): Promise<number> {
  let served = 0;
  const plugin = implementCalls({
    unary(request) {
      served++;
      return request;
    },
  });
  await using opened = await openServer([plugin], { network, tls: server });
  await using connected = await connectTo(opened.address, channel);
  await use(connected);
  return served;
}

/** Whether both sides refuse each other, for `connect()` and for a call. */
async function isRefused(server?: PinnedTls, channel?: PinnedTls): Promise<void> {
  const connecting = await attempt(server, channel, async (opened) => {
    const { message } = await rejected(ConnectError, opened.connect(LONG_MS));
    match(message, /^Cannot connect to plugin: ./);
  });
  const calling = await attempt(server, channel, async (opened) => {
    const calls = await opened.client(CallsService);
    await failsWith("UNAVAILABLE", calls.unary(chunk(0)));
  });
  strictEqual(connecting + calling, 0);
}

async function isAccepted(server: PinnedTls, channel: PinnedTls): Promise<void> {
  const served = await attempt(server, channel, async (opened) => {
    await opened.connect(LONG_MS);
    const calls = await opened.client(CallsService);
    strictEqual((await calls.unary(chunk(1))).number, 1);
  });
  strictEqual(served, 1);
}

test("PinnedTls connects two sides that know each other's certificate", async () => {
  const [plugin, host] = [await generateIdentity(), await generateIdentity()];
  await isAccepted(tls(plugin, host), tls(host, plugin));
});

test("PinnedTls takes certificates of another form, as of py-plugin", async () => {
  const [plugin, host] = [
    await makeIdentity({ name: "localhost" }),
    await makeIdentity({ name: "localhost" }),
  ];
  await isAccepted(tls(plugin, host), tls(host, plugin));
});

test("PinnedTls refuses a server in clear", async () => {
  const [plugin, host] = [await generateIdentity(), await generateIdentity()];
  await isRefused(undefined, tls(host, plugin));
});

test("PinnedTls refuses a client in clear", async () => {
  const [plugin, host] = [await generateIdentity(), await generateIdentity()];
  await isRefused(tls(plugin, host), undefined);
});

for (
  const [what, make] of [
    ["another certificate of the same form", () => generateIdentity()],
    ["another certificate for the same name", () => makeIdentity({ name: "localhost" })],
    ["another certificate without a name", () => makeIdentity({})],
    [
      "another certificate that has expired",
      () => makeIdentity({ name: "localhost", from: new Date(Date.now() - DAY_MS) }),
    ],
  ] as const
) {
  test(`PinnedTls refuses a server with ${what}`, async () => {
    const [plugin, host, intruder] = [
      await generateIdentity(),
      await generateIdentity(),
      await make(),
    ];
    await isRefused(tls(intruder, host), tls(host, plugin));
  });

  test(`PinnedTls refuses a client with ${what}`, async () => {
    const [plugin, host, intruder] = [
      await generateIdentity(),
      await generateIdentity(),
      await make(),
    ];
    await isRefused(tls(plugin, host), tls(intruder, plugin));
  });
}

for (
  const [what, from] of [
    ["has expired", new Date(Date.now() - DAY_MS)],
    ["is not valid yet", new Date(Date.now() + DAY_MS)],
  ] as const
) {
  test(`PinnedTls refuses a server whose pinned certificate ${what}`, async () => {
    const [plugin, host] = [
      await makeIdentity({ name: "localhost", from }),
      await generateIdentity(),
    ];
    await isRefused(tls(plugin, host), tls(host, plugin));
  });

  test(`PinnedTls refuses a client whose pinned certificate ${what}`, {
    // Whoever pins a certificate has checked it before: see checkPeerCertificate().
    skip: isDeno && exceptGrpcJs("Deno's TLS server does not look at a client's validity"),
  }, async () => {
    const [plugin, host] = [
      await generateIdentity(),
      await makeIdentity({ name: "localhost", from }),
    ];
    await isRefused(tls(plugin, host), tls(host, plugin));
  });
}

test("PinnedTls refuses a server that shows the pinned certificate's own issue", async () => {
  // go-plugin's certificates may sign others: such a one is not the one announced.
  const [plugin, host] = [await generateIdentity(), await generateIdentity()];
  const issued = await makeIdentity({ name: "localhost", issuer: plugin });
  await isRefused(tls(issued, host), tls(host, plugin));
});
