/** Clients of plugins that a runner starts. */
import { readFileSync } from "node:fs";
import {
  Client,
  type ClientOptions,
  type PluginError,
  type ReattachSource,
  type RunnerFunction,
} from "@x/goplugin";
import { ExchangeService } from "../fixtures/exchange.ts";
import { FixtureService, handshake } from "../fixtures/fixture.ts";
import { recordLogs } from "./logs.ts";

/** What the fixture plugins may serve. */
const plugins = { fixture: FixtureService, exchange: ExchangeService };

type Overrides = Partial<ClientOptions<typeof plugins>>;

/** A client of a fixture plugin that a runner starts; its logs are kept and dropped. */
export function runnerClient(runner: RunnerFunction, overrides: Overrides = {}) {
  return new Client({
    handshake,
    plugins,
    runner,
    logger: recordLogs().logger,
    killGraceMs: 5_000,
    ...overrides,
  });
}

/** A client in clear of a fixture plugin that runs already. */
export function attachedClient(reattach: ReattachSource["reattach"]) {
  return new Client({
    handshake,
    plugins,
    reattach,
    autoMtls: false,
    logger: recordLogs().logger,
    killGraceMs: 2_000,
  });
}

/** Starts a plugin that must fail to start; gives the error. */
export async function failedRun(
  runner: RunnerFunction,
  overrides: Overrides = {},
): Promise<PluginError> {
  const client = runnerClient(runner, overrides);
  try {
    await client.start();
  } catch (error) {
    return error as PluginError;
  } finally {
    await client.kill();
  }
  throw new Error("the plugin started");
}

/** Whether a process runs: one that has ended and waits to be asked how does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}
