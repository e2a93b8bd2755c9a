/** Drives a Terraform provider from the command line: see README.md, and USAGE below. */
import { Buffer } from "node:buffer";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { createLogger, type LogLevel, PluginExitedError } from "@x/goplugin/host";
import { ApplyError, type ResourceState } from "./change.ts";
import { DiagnosticsError } from "./diagnostics.ts";
import {
  formatBlock,
  formatOffer,
  formatOutcome,
  formatPlan,
  formatValue,
  formatValues,
} from "./print.ts";
import { openProvider, type Provider } from "./provider.ts";
import type { Block, Schema } from "./schema.ts";
import type { Type } from "./types.ts";
import { toJson } from "./values.ts";

const USAGE = `usage: main.ts PROVIDER                                what the provider offers
       main.ts PROVIDER NAME --describe                what can be set, and what the provider fills in
       main.ts PROVIDER NAME [ATTRIBUTE=VALUE…]        plans and applies a resource
       main.ts PROVIDER data.NAME [ATTRIBUTE=VALUE…]   reads a data source
       main.ts PROVIDER function.NAME [ARGUMENT…]      calls a function

  --config ATTRIBUTE=VALUE   configures the provider; as often as there is something to set
  --state FILE               keeps the resource in a file, for the next run to change
  --destroy                  destroys the resource in that file
  --plan                     shows the plan and leaves it at that
  --json                     prints the values as JSON and nothing else

A VALUE that is no text is JSON, such as triggers='{"a":"b"}'. In the environment, AUTO_MTLS=0
connects without certificates, and TF_LOG=debug or another level shows the provider's log.

Exit codes: 0 all went well, 1 the provider did not start, refused or failed, 2 this help was needed.`;

/** The command line makes no sense; 2 is the exit code. */
class UsageError extends Error {}

const OPTIONS = {
  config: { type: "string", multiple: true },
  state: { type: "string" },
  destroy: { type: "boolean" },
  plan: { type: "boolean" },
  json: { type: "boolean" },
  describe: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

type Options = ReturnType<typeof readArguments>["values"];

try {
  const { values: options, positionals: [path, name, ...rest] } = readArguments();
  if (options.help) {
    console.log(USAGE);
  } else if (path === undefined) {
    throw new UsageError("PROVIDER is missing: the path of a provider's program");
  } else {
    const { AUTO_MTLS, TF_LOG } = process.env;
    await using provider = await openProvider([resolve(path)], {
      autoMtls: AUTO_MTLS !== "0",
      // Providers log each error that they answer with: who wants to read it twice asks for it.
      logger: createLogger({ name: "provider", level: readLevel(TF_LOG) }),
    });
    await run(provider, options, name, rest);
  }
} catch (error) {
  process.exitCode = error instanceof UsageError ? 2 : 1;
  console.error(describe(error));
}

async function run(
  provider: Provider,
  options: Options,
  name: string | undefined,
  rest: readonly string[],
): Promise<void> {
  if (name === undefined) return console.log(formatOffer(provider));
  const [, kind, bare = name] = name.match(/^(data|function)\.(.*)$/) ?? [];
  if (kind === "function") return await callFunction(provider, options, bare, rest);
  const schemas = kind === "data" ? provider.schema.dataSources : provider.schema.resources;
  const schema = Object.hasOwn(schemas, bare) ? schemas[bare] : undefined;
  if (schema === undefined) {
    const has = Object.keys(schemas).toSorted().join(", ") || "none";
    const what = kind === "data" ? "data source" : "resource";
    throw new UsageError(`The provider has no ${what} ${JSON.stringify(bare)}; it has ${has}`);
  }
  if (options.describe) return console.log(`${name}\n${formatBlock(schema.block)}`);
  const input = readAssignments(rest, schema.block);
  await provider.configure(readAssignments(options.config ?? [], provider.schema.provider.block));
  if (kind !== "data") return await change(provider, options, bare, schema, input);
  const found = await provider.read(bare, input);
  console.log(options.json ? toJson(found, 2) : `${name}\n${formatValues(found, schema.block)}`);
}

async function callFunction(
  provider: Provider,
  options: Options,
  name: string,
  args: readonly string[],
): Promise<void> {
  const signature = provider.schema.functions[name];
  const result = await provider.call(
    name,
    args.map((text, i) => readValue(text, (signature?.parameters[i] ?? signature?.variadic)?.type)),
  );
  console.log(options.json ? toJson(result, 2) : formatValue(result));
}

/** Plans a change of a resource, shows it, and makes it. */
async function change(
  provider: Provider,
  options: Options,
  typeName: string,
  schema: Schema,
  input: Record<string, unknown>,
): Promise<void> {
  const prior = options.state === undefined
    ? null
    : await loadState(provider, typeName, options.state);
  if (options.destroy && prior === null) {
    throw new UsageError("There is nothing to destroy: --state FILE names what there is");
  }
  const plan = options.destroy && prior !== null
    ? await provider.planDestroy(typeName, prior)
    : await provider.plan(typeName, input, prior);
  if (options.json && options.plan) return console.log(toJson(plan.planned, 2));
  if (!options.json) console.log(formatPlan(plan, schema.block));
  if (options.plan) return;
  const save = (state: ResourceState | null) => saveState(options.state, typeName, schema, state);
  try {
    const state = await provider.apply(plan);
    await save(state);
    const values = state?.values ?? null;
    console.log(
      options.json ? toJson(values, 2) : `\n${formatOutcome(plan, values, schema.block)}`,
    );
  } catch (error) {
    // What came into being all the same must not be forgotten.
    if (error instanceof ApplyError) await save(error.state);
    throw error;
  }
}

async function loadState(
  provider: Provider,
  typeName: string,
  file: string,
): Promise<ResourceState | null> {
  const text = await readFile(file, "utf8").catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return null;
  const stored = JSON.parse(text);
  if (stored === null) return null;
  if (stored.type !== typeName) {
    throw new UsageError(`${file} holds a ${stored.type}, not a ${typeName}`);
  }
  return await provider.refresh(typeName, {
    version: stored.version,
    values: JSON.stringify(stored.values),
    private: Buffer.from(stored.private, "base64"),
  });
}

/** Secrets are in it in clear, as in Terraform's own: for this user's eyes. */
async function saveState(
  file: string | undefined,
  type: string,
  { version }: Schema,
  state: ResourceState | null,
): Promise<void> {
  if (file === undefined) return;
  const stored = state === null ? "null" : toJson({
    type,
    version,
    values: state.values,
    private: Buffer.from(state.private).toString("base64"),
  }, 2);
  await writeFile(file, `${stored}\n`, { mode: 0o600 });
}

function readAssignments(words: readonly string[], block: Block): Record<string, unknown> {
  return Object.fromEntries(words.map((word) => {
    const [, name, text] = word.match(/^([^=]+)=(.*)$/s) ?? [];
    if (name === undefined || text === undefined) {
      throw new UsageError(`ATTRIBUTE=VALUE was expected, not ${JSON.stringify(word)}`);
    }
    return [name, readValue(text, block.type[1][name])];
  }));
}

/** Texts stand for themselves, and for the numbers that JSON would round; the rest is JSON. */
function readValue(text: string, type: Type | undefined): unknown {
  if (type === "string" || type === "number" || type === "bool" || type === undefined) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text; // What takes no text says so.
  }
}

function readLevel(level: string | undefined): LogLevel {
  const known: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error", "off"];
  return known.find((each) => each === level?.toLowerCase()) ?? (level ? "trace" : "off");
}

function describe(error: unknown): string {
  const { message, cause } = error as Error;
  if (error instanceof UsageError) return `${message}\n\n${USAGE}`;
  if (cause instanceof PluginExitedError) {
    return `Error: ${message}\n\n  TF_LOG=trace shows what it printed`;
  }
  return error instanceof DiagnosticsError ? message : `Error: ${message}`;
}
