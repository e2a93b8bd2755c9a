/** Clients of the fixture plugins. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Client, type ClientOptions, type CommandSource, type PluginError } from "@x/goplugin";
import { type Fixture, FixtureService, handshake } from "../fixtures/fixture.ts";
import { recordLogs } from "./logs.ts";
import { type Command, fixture } from "./program.ts";

/** A configuration for a fixture plugin, with what a test has to say besides. */
type Overrides = Partial<ClientOptions<{ fixture: typeof FixtureService }> & CommandSource>;

/** A client of a fixture plugin whose logs are kept and dropped. */
export function fixtureClient(command: Command | string, overrides: Overrides = {}) {
  return new Client({
    handshake,
    plugins: { fixture: FixtureService },
    command: typeof command === "string" ? fixture(command) : command,
    logger: recordLogs().logger,
    killGraceMs: 5_000,
    ...overrides,
  });
}

export type { Fixture };

/** Starts a plugin that must fail to start; gives the error and makes sure nothing is left. */
export async function failedStart(
  command: Command | string,
  overrides: Overrides = {},
): Promise<PluginError> {
  const client = fixtureClient(command, overrides);
  try {
    await client.start();
  } catch (error) {
    return error as PluginError;
  } finally {
    await client.kill();
  }
  throw new Error("the plugin started");
}

/** Runs with a temporary directory of its own in TMPDIR's place; gives what was left in it. */
export async function leftovers(
  run: (env: Record<string, string>) => Promise<void>,
): Promise<string[]> {
  const own = mkdtempSync(join(tmpdir(), "left-"));
  const before = process.env.TMPDIR;
  process.env.TMPDIR = own;
  try {
    await run({ TMPDIR: own });
    return readdirSync(own, { recursive: true }).map(String);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(own, { recursive: true, force: true });
  }
}
