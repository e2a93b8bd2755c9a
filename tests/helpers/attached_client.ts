/** Hosts of a plugin that another host started. */
import {
  Client,
  type ClientOptions,
  formatReattach,
  parseReattach,
  type PluginError,
  type ReattachConfig,
  type ReattachSource,
} from "@x/goplugin";
import { handshake } from "../fixtures/fixture.ts";
import { plugins } from "../fixtures/remembering.ts";
import { recordLogs } from "./logs.ts";
import { type Command, fixture } from "./program.ts";

type Overrides = Partial<Omit<ClientOptions<typeof plugins>, "secure">>;

const DEFAULTS = { handshake, plugins, killGraceMs: 5_000, startTimeoutMs: 20_000 };

/** A client that starts the plugin that remembers. */
export function firstHost(
  overrides: Overrides = {},
  command: Command = fixture("remembering"),
): Client<typeof plugins> {
  return new Client({ ...DEFAULTS, logger: recordLogs().logger, command, ...overrides });
}

/** A client that attaches to it. */
export function secondHost(
  reattach: ReattachSource["reattach"],
  overrides: Overrides = {},
): Client<typeof plugins> {
  return new Client({ ...DEFAULTS, logger: recordLogs().logger, reattach, ...overrides });
}

/** What is left of a configuration after its way through another program. */
export function throughJson(config: ReattachConfig): ReattachConfig {
  return parseReattach(JSON.stringify(formatReattach(config)));
}

/** Attaches where that must fail; gives the error and makes sure nothing is left of the client. */
export async function failedAttach(
  reattach: ReattachSource["reattach"],
  overrides: Overrides = {},
): Promise<PluginError> {
  const client = secondHost(reattach, overrides);
  try {
    await client.start();
  } catch (error) {
    return error as PluginError;
  } finally {
    await client.kill();
  }
  throw new Error("the client attached");
}
