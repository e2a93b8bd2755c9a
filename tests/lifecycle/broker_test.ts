import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { BrokerError, implement } from "@x/goplugin";
import { fixture as echoing, FixtureService } from "../fixtures/fixture.ts";
import { ExchangeService } from "../fixtures/exchange.ts";
import { exceptCrashes } from "../helpers/engine.ts";
import { exchangeClient } from "../helpers/exchange_client.ts";
import { fixtureClient, leftovers } from "../helpers/fixture_client.ts";
import { within } from "../helpers/wait.ts";

/** Every combination of AutoMTLS and multiplexing. */
const MODES = [true, false].flatMap((autoMtls) =>
  [true, false].map((grpcBrokerMultiplex) => ({ autoMtls, grpcBrokerMultiplex }))
);

for (const network of ["unix", "tcp"]) {
  for (const options of MODES) {
    const { autoMtls, grpcBrokerMultiplex } = options;
    const on = `${network}, autoMtls ${autoMtls}, multiplex ${grpcBrokerMultiplex}`;

    test(`the broker connects both ways, ${on}`, async () => {
      await using client = exchangeClient(network, options);
      const exchange = await client.dispense("exchange");
      // The plugin serves, the host dials.
      const { id } = await exchange.lend({ id: 0 });
      strictEqual(id, 1);
      {
        await using lent = await client.broker.dial(id, FixtureService);
        strictEqual((await lent.echo({ text: "to the plugin" })).text, "to the plugin");
      }
      // The host serves, the plugin dials: its ids are its own.
      const own = client.broker.nextId();
      strictEqual(own, 1);
      await using _served = await client.broker.serve(own, echoing);
      strictEqual((await exchange.borrow({ id: own })).said, "id 1");
    });
  }
}

for (const grpcBrokerMultiplex of [false, true]) {
  const on = `multiplex ${grpcBrokerMultiplex}`;
  const refusal = (id: number) =>
    grpcBrokerMultiplex
      ? new RegExp(`Cannot dial id ${id}: the peer refused it: no listener for id ${id}`)
      : new RegExp(`Cannot dial id ${id}: timeout waiting for connection info`);

  test(`Broker.dial() finds what is announced only after the id was told, ${on}`, async () => {
    await using client = exchangeClient("auto", { grpcBrokerMultiplex });
    const exchange = await client.dispense("exchange");
    const { id } = await exchange.lendLate({ id: 300 });
    await using lent = await client.broker.dial(id, FixtureService);
    strictEqual((await lent.echo({ text: "late" })).text, "late");
  });

  test(`Broker.serve() is dialled by who waits for it already, ${on}`, async () => {
    await using client = exchangeClient("auto", { grpcBrokerMultiplex });
    const exchange = await client.dispense("exchange");
    const id = client.broker.nextId();
    const borrowing = exchange.borrow({ id });
    await using _served = await client.broker.serve(id, echoing);
    strictEqual((await borrowing).said, `id ${id}`);
  });

  test(`Broker.dial() of an id that nobody serves ends after five seconds, on either side, ${on}`, async () => {
    await using client = exchangeClient("auto", { grpcBrokerMultiplex });
    const exchange = await client.dispense("exchange");
    const [own, theirs] = await within(
      Promise.allSettled([
        client.broker.dial(77, FixtureService),
        exchange.borrow({ id: 78 }),
      ]),
      "both ends",
    );
    ok(own.status === "rejected" && own.reason instanceof BrokerError);
    match(own.reason.message, refusal(77));
    ok(theirs.status === "rejected");
    match(String(theirs.reason), refusal(78));
  });

  test(`Broker.serve() serves several services to several connections, ${on}`, async () => {
    await using client = exchangeClient("auto", { grpcBrokerMultiplex });
    const exchange = await client.dispense("exchange");
    const { id } = await exchange.lend({ id: 0 });
    const lent = await client.broker.dial(id, FixtureService);
    await lent[Symbol.asyncDispose]();
    await rejects(lent.echo({ text: "closed" }), /was closed/);
    const mine = client.broker.nextId();
    const second = implement(ExchangeService, {
      borrow: () => ({ said: "second" }),
      lend: ({ id }) => ({ id }),
      lendLate: ({ id }) => ({ id }),
      takeBack: ({ id }) => ({ id }),
    });
    await using _served = await client.broker.serve(mine, echoing, second);
    strictEqual((await exchange.borrow({ id: mine })).said, `id ${mine}`);
  });

  test(`BrokeredServer.close() leaves no listener, and what it served fails, ${on}`, async () => {
    await using client = exchangeClient("tcp", { grpcBrokerMultiplex });
    const exchange = await client.dispense("exchange");
    const { id } = await exchange.lend({ id: 0 });
    await using lent = await client.broker.dial(id, FixtureService);
    strictEqual((await lent.echo({ text: "open" })).text, "open");
    await exchange.takeBack({ id });
    await rejects(within(lent.echo({ text: "closed" }), "the refusal"));
  });

  test(`500 connections one after another, both ways, leave nothing, ${on}`, {
    skip: grpcBrokerMultiplex && exceptCrashes(),
  }, async () => {
    const left = await leftovers(async (env) => {
      await using client = exchangeClient("unix", { autoMtls: false, env, grpcBrokerMultiplex });
      const exchange = await client.dispense("exchange");
      for (let round = 0; round < 250; round++) {
        const { id } = await exchange.lend({ id: 0 });
        {
          await using lent = await client.broker.dial(id, FixtureService);
          strictEqual((await lent.echo({ text: String(round) })).text, String(round));
        }
        await exchange.takeBack({ id });
        const own = client.broker.nextId();
        await using _served = await client.broker.serve(own, echoing);
        strictEqual((await exchange.borrow({ id: own })).said, `id ${own}`);
      }
    });
    deepStrictEqual(left, []);
  });

  test(`kill() ends what the broker serves and has dialled, ${on}`, async () => {
    const left = await leftovers(async (env) => {
      const client = exchangeClient("unix", { env, grpcBrokerMultiplex });
      const exchange = await client.dispense("exchange");
      const { id } = await exchange.lend({ id: 0 });
      const lent = await client.broker.dial(id, FixtureService);
      await client.broker.serve(client.broker.nextId(), echoing);
      strictEqual((await within(client.kill(), "kill()")).step, "Shutdown");
      await rejects(lent.echo({ text: "dead" }));
      await rejects(client.broker.dial(9, FixtureService), BrokerError);
      await rejects(client.broker.serve(9, echoing), BrokerError);
    });
    deepStrictEqual(left, []);
  });
}

test("Client.broker before the start is an error", () => {
  let code = "";
  try {
    void fixtureClient("obedient").broker;
  } catch (error) {
    code = (error as { code: string }).code;
  }
  strictEqual(code, "not-started");
});

test("a brokered connection under AutoMTLS lets nobody in but the peer", async () => {
  await using client = exchangeClient("tcp");
  const exchange = await client.dispense("exchange");
  await exchange.lend({ id: 0 });
  const announced: number[] = [];
  // The ports next to the plugin's own: whatever listens there must not speak in clear.
  const address = await client.start();
  ok(address.network === "tcp");
  for (let port = address.port + 1; port < address.port + 4; port++) {
    const answered = await within(
      new Promise<boolean>((resolve) => {
        const socket = connect(port, "127.0.0.1");
        let bytes = 0;
        socket.on("data", (chunk) => bytes += chunk.length);
        socket.on("error", () => resolve(false));
        // Settings of HTTP/2 would be longer than an alert of TLS.
        socket.on("close", () => resolve(bytes > 7));
        socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      }),
      "an answer in clear",
    );
    if (answered) announced.push(port);
  }
  deepStrictEqual(announced, []);
});
