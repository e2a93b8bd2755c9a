/**
 * A host that goes through many lives of a plugin, or many connections of one
 * plugin's broker, and prints as JSON what the process held at the start, in
 * the middle and at the end.
 *
 *     soak_host lives CYCLES WARM_UP PROGRAM [ARGUMENT…]
 *     soak_host broker CYCLES WARM_UP PROGRAM [ARGUMENT…]
 */
import process from "node:process";
import { Client, createLogger } from "@x/goplugin/host";
import { handshake as kvHandshake, KvService } from "../../../examples/kv/kv.ts";
import { ExchangeService } from "../../fixtures/exchange.ts";
import { fixture, FixtureService, handshake } from "../../fixtures/fixture.ts";
import { settledUsage, type Usage } from "../../helpers/usage.ts";
import { within } from "../../helpers/wait.ts";

/** What the program prints. */
export interface Soak {
  /** At the start, in the middle, at the end: this process. */
  readonly host: readonly Usage[];
  /** And the plugin's, where it is one for all cycles. */
  readonly plugin: readonly Usage[];
  /** How many cycles ended how. */
  readonly endings: Readonly<Record<string, number>>;
}

type Cycle = (index: number) => Promise<string>;

const [scenario, cycles, warmUp, program = "", ...args] = process.argv.slice(2);
const logger = createLogger({ level: "off" });

/** One life: start, dispense, a call, the end. Now and then it crashes, or does not start. */
const live: Cycle = async (index) => {
  const isRefused = index % 20 === 9;
  const isCrashing = index % 20 === 19;
  const client = new Client({
    handshake: { ...kvHandshake, ...(isRefused && { magicCookieValue: "another" }) },
    plugins: { kv: KvService },
    command: [program, ...args],
    autoMtls: Math.floor(index / 2) % 2 === 0,
    logger,
  });
  try {
    const kv = await client.dispense("kv");
    await kv.put({ key: "key", value: Uint8Array.of(1, 2, 3) });
    if (!isCrashing) return `ended by ${(await client.kill()).step}`;
    process.kill(Number(client.id), "SIGKILL");
    const failed = await kv.get({ key: "key" }).then(() => false, () => true);
    await client.closed;
    return failed ? "crashed" : "crashed unseen";
  } catch (error) {
    if (!isRefused) throw error;
    return "did not start";
  } finally {
    await client.kill();
  }
};

/** One connection each way by the broker of one plugin. */
function exchangeWith(
  { broker }: { readonly broker: Client["broker"] },
  exchange: Awaited<ReturnType<typeof dispenseExchange>>,
): Cycle {
  return async () => {
    const { id } = await exchange.lend({ id: 0 });
    {
      await using lent = await broker.dial(id, FixtureService);
      await lent.echo({ text: "dialled" });
    }
    await exchange.takeBack({ id });
    const own = broker.nextId();
    await using _served = await broker.serve(own, fixture);
    await exchange.borrow({ id: own });
    return "connected both ways";
  };
}

const exchangeClient = () =>
  new Client({
    handshake,
    plugins: { exchange: ExchangeService },
    command: [program, ...args],
    logger,
  });

function dispenseExchange(client: ReturnType<typeof exchangeClient>) {
  return client.dispense("exchange");
}

async function soak(cycle: Cycle, pluginId?: number): Promise<Soak> {
  const host: Usage[] = [];
  const plugin: Usage[] = [];
  const endings: Record<string, number> = {};
  const look = async () => {
    host.push(await settledUsage());
    if (pluginId !== undefined) plugin.push(await settledUsage(pluginId));
  };
  const total = Number(cycles);
  for (let index = 0; index < Number(warmUp); index++) await within(cycle(index), "a warm-up");
  await look();
  for (let index = 0; index < total; index++) {
    const ending = await within(cycle(index), `cycle ${index}`);
    endings[ending] = (endings[ending] ?? 0) + 1;
    if (index + 1 === Math.floor(total / 2)) await look();
  }
  await look();
  return { host, plugin, endings };
}

if (scenario === "lives") {
  console.log(JSON.stringify(await soak(live)));
} else if (scenario === "broker") {
  await using client = exchangeClient();
  const exchange = await dispenseExchange(client);
  console.log(JSON.stringify(await soak(exchangeWith(client, exchange), Number(client.id))));
} else {
  throw new TypeError(`Cannot soak: unknown scenario "${scenario}"`);
}
