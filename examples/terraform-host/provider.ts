/** A Terraform provider as an object: started, asked what it offers, and told to make changes. */
import { Client, createLogger, type Logger } from "@x/goplugin/host";
import { type Action, ApplyError, isChanged, type Plan, type ResourceState } from "./change.ts";
import { type Input, makeConfig, makeValue } from "./config.ts";
import {
  type Diagnostic,
  DiagnosticsError,
  formatDiagnostic,
  readPath,
  reportWarnings,
  throwErrors,
} from "./diagnostics.ts";
import { proposeState } from "./proposed.ts";
import { type Calls, handshake, versionedPlugins, type WireDiagnostic } from "./protocol.ts";
import { type ProviderSchema, readProviderSchema, type Schema } from "./schema.ts";
import { decodeValue, encodeValue, hasUnknown, isEqual } from "./values.ts";
import type { ObjectValue, Value } from "./values.ts";

/** How to start a provider. */
export interface ProviderOptions {
  /** Whether both sides prove themselves by certificates made for this one connection. @default {true} */
  readonly autoMtls?: boolean;
  /** What the provider is told of who calls. @default {"1.10.0"} */
  readonly terraformVersion?: string;
  /** Ends the start and every call when it fires. */
  readonly signal?: AbortSignal;
  /** Takes the provider's log. @default warnings and errors go to stderr */
  readonly logger?: Logger;
  /** Takes warnings. @default they go to stderr */
  readonly onWarning?: (warning: Diagnostic) => void;
}

/**
 * Starts a provider and asks what it offers.
 *
 * @param command The provider's program and its arguments.
 * @throws {PluginError} If it cannot be started, or is no provider.
 */
export async function openProvider(
  command: readonly [program: string, ...args: string[]],
  options: ProviderOptions = {},
): Promise<Provider> {
  const client = new Client({
    handshake,
    versionedPlugins,
    command,
    autoMtls: options.autoMtls ?? true,
    // The provider ends with this program, also by Ctrl-C.
    managed: true,
    stdin: "null",
    logger: options.logger ?? createLogger({ name: "provider", level: "warn" }),
  });
  try {
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    const calls = await client.dispense("provider", signal);
    const schema = await calls.getProviderSchema({}, signal);
    throwErrors(schema.diagnostics, options.onWarning ?? printWarning);
    return new Provider(client, calls, readProviderSchema(schema), options);
  } catch (error) {
    await client.kill();
    throw error;
  }
}

/** A provider that runs. Made by {@linkcode openProvider}. */
export class Provider implements AsyncDisposable {
  /** What it offers. */
  readonly schema: ProviderSchema;
  /** 5 or 6. */
  readonly protocolVersion: number;
  /** Whether the connection is under TLS. */
  readonly isEncrypted: boolean;
  readonly #client: Pick<Client, "kill">;
  readonly #calls: Calls;
  readonly #terraformVersion: string;
  readonly #report: (warning: Diagnostic) => void;
  readonly #call: { readonly signal?: AbortSignal };

  /** Takes a plugin that was started and asked. */
  constructor(
    client: Pick<Client, "kill" | "negotiatedVersion" | "isEncrypted">,
    calls: Calls,
    schema: ProviderSchema,
    options: ProviderOptions,
  ) {
    this.#client = client;
    this.#calls = calls;
    this.#terraformVersion = options.terraformVersion ?? "1.10.0";
    this.#report = options.onWarning ?? printWarning;
    this.#call = options.signal === undefined ? {} : { signal: options.signal };
    this.schema = schema;
    this.protocolVersion = client.negotiatedVersion;
    this.isEncrypted = client.isEncrypted;
  }

  /**
   * Tells the provider how it is to work. Comes before everything below.
   *
   * @throws {DiagnosticsError} If it refuses.
   */
  async configure(input: Input = {}): Promise<void> {
    const { block } = this.schema.provider;
    const path = [{ attribute: "provider" }];
    const config = encodeValue(block.type, makeConfig(block, input, path));
    this.#check(await this.#calls.validateProviderConfig({ config }, this.#call));
    const terraformVersion = this.#terraformVersion;
    this.#check(await this.#calls.configureProvider({ terraformVersion, config }, this.#call));
  }

  /**
   * Plans what turns a resource into what the configuration says.
   *
   * @param prior What it is, or null if there is none yet.
   * @throws {DiagnosticsError} If the configuration or the change is refused.
   */
  async plan(
    typeName: string,
    input: Input,
    prior: ResourceState | null = null,
  ): Promise<Plan> {
    const { block } = this.#resource(typeName);
    const config = makeConfig(block, input);
    const wire = { typeName, config: encodeValue(block.type, config) };
    this.#check(await this.#calls.validateResourceConfig(wire, this.#call));
    const plan = await this.#plan(typeName, config, prior);
    if (plan.action !== "replace") return plan;
    // The new resource has nothing of the old one.
    const { action, requiresReplace } = plan;
    return { ...await this.#plan(typeName, config, null), action, prior, requiresReplace };
  }

  /**
   * Plans the end of a resource.
   *
   * @throws {DiagnosticsError} If the provider refuses.
   */
  async planDestroy(typeName: string, prior: ResourceState): Promise<Plan> {
    this.#resource(typeName);
    if (this.schema.plansDestroy) return await this.#plan(typeName, null, prior);
    return {
      typeName,
      action: "delete",
      prior,
      config: null,
      planned: null,
      plannedPrivate: prior.private,
      requiresReplace: [],
    };
  }

  /**
   * Makes a planned change.
   *
   * @returns What the resource is now, or null if it is gone.
   * @throws {ApplyError} If the change fails.
   */
  async apply(plan: Plan): Promise<ResourceState | null> {
    const { typeName, action, prior } = plan;
    if (action === "none") return prior;
    if (action === "replace" && prior !== null) {
      await this.apply(await this.planDestroy(typeName, prior));
      return await this.apply({ ...plan, action: "create", prior: null });
    }
    const { type } = this.#resource(typeName).block;
    const answer = await this.#calls.applyResourceChange({
      typeName,
      priorState: encodeValue(type, prior?.values ?? null),
      plannedState: encodeValue(type, plan.planned),
      config: encodeValue(type, plan.config),
      plannedPrivate: plan.plannedPrivate,
    }, this.#call);
    const values = decodeValue(type, answer.newState) as ObjectValue | null;
    const state = values === null ? null : { values, private: answer.private };
    const errors = reportWarnings(answer.diagnostics, this.#report);
    // A provider that failed and says nothing of the resource has left it as it was.
    if (errors.length > 0) throw new ApplyError(errors, state ?? prior);
    if (hasUnknown(values)) {
      throw new Error(`Cannot use the new ${typeName}: the provider left values of it unknown`);
    }
    return state;
  }

  /**
   * Finds out what has become of a resource that was stored.
   *
   * @param stored What was stored of it; `values` as JSON.
   * @returns What it is now, or null if it is gone.
   * @throws {DiagnosticsError} If the provider cannot tell.
   */
  async refresh(
    typeName: string,
    stored: { readonly version: string; readonly values: string; readonly private: Uint8Array },
  ): Promise<ResourceState | null> {
    const { type } = this.#resource(typeName).block;
    const upgraded = await this.#calls.upgradeResourceState({
      typeName,
      version: stored.version,
      rawState: { json: new TextEncoder().encode(stored.values) },
    }, this.#call);
    this.#check(upgraded);
    const answer = await this.#calls.readResource({
      typeName,
      currentState: upgraded.upgradedState ?? {},
      private: stored.private,
    }, this.#call);
    this.#check(answer);
    const values = decodeValue(type, answer.newState) as ObjectValue | null;
    return values === null ? null : { values, private: answer.private };
  }

  /**
   * Reads a data source.
   *
   * @throws {DiagnosticsError} If the configuration is refused or nothing can be read.
   */
  async read(typeName: string, input: Input): Promise<ObjectValue> {
    const { block } = known("data source", typeName, this.schema.dataSources);
    const wire = { typeName, config: encodeValue(block.type, makeConfig(block, input)) };
    this.#check(await this.#calls.validateDataResourceConfig(wire, this.#call));
    const answer = await this.#calls.readDataSource(wire, this.#call);
    this.#check(answer);
    return decodeValue(block.type, answer.state) as ObjectValue;
  }

  /**
   * Calls a function of the provider.
   *
   * @throws {DiagnosticsError} If it does not take the arguments.
   */
  async call(name: string, args: readonly unknown[]): Promise<Value> {
    const { parameters, variadic, result } = known("function", name, this.schema.functions);
    if (args.length < parameters.length || (!variadic && args.length > parameters.length)) {
      const wanted = `${parameters.length}${variadic ? " or more" : ""}`;
      throw new TypeError(`Cannot call ${name}: number of arguments ${args.length}, not ${wanted}`);
    }
    const values = args.map((arg, i) => {
      const parameter = parameters[i] ?? variadic;
      if (parameter === undefined) throw new TypeError("unreachable: arguments were counted");
      const path = [{ attribute: parameter.name }];
      return encodeValue(parameter.type, makeValue(parameter.type, arg, path));
    });
    const answer = await this.#calls.callFunction({ name, arguments: values }, this.#call);
    if (answer.error === null) return decodeValue(result, answer.result);
    const { text, functionArgument } = answer.error;
    const parameter = functionArgument && (parameters[Number(functionArgument)] ?? variadic);
    const path = parameter ? [{ attribute: parameter.name }] : [];
    throw new DiagnosticsError([{
      severity: "error",
      summary: `Error in function ${name}`,
      detail: text,
      path,
    }]);
  }

  /** Ends the provider. May be called again. */
  async close(): Promise<void> {
    await this.#client.kill();
  }

  /** Ends the provider like {@linkcode Provider.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #plan(
    typeName: string,
    config: ObjectValue | null,
    prior: ResourceState | null,
  ): Promise<Plan> {
    const { block } = this.#resource(typeName);
    const before = prior?.values ?? null;
    const proposed = config === null ? null : proposeState(block, before, config);
    const answer = await this.#calls.planResourceChange({
      typeName,
      priorState: encodeValue(block.type, before),
      proposedNewState: encodeValue(block.type, proposed),
      config: encodeValue(block.type, config),
      priorPrivate: prior?.private ?? new Uint8Array(),
    }, this.#call);
    this.#check(answer);
    const planned = decodeValue(block.type, answer.plannedState) as ObjectValue | null;
    const requiresReplace = answer.requiresReplace.map(readPath).filter((path) =>
      before !== null && isChanged(before, planned, path)
    );
    let action: Action = "update";
    if (planned === null) action = "delete";
    else if (before === null) action = "create";
    else if (isEqual(block.type, before, planned)) action = "none";
    else if (requiresReplace.length > 0) action = "replace";
    const { plannedPrivate } = answer;
    return { typeName, action, prior, config, planned, plannedPrivate, requiresReplace };
  }

  #resource(typeName: string): Schema {
    return known("resource", typeName, this.schema.resources);
  }

  #check({ diagnostics }: { readonly diagnostics: readonly WireDiagnostic[] }): void {
    throwErrors(diagnostics, this.#report);
  }
}

function printWarning(warning: Diagnostic): void {
  console.warn(formatDiagnostic(warning));
}

function known<T>(what: string, name: string, all: Readonly<Record<string, T>>): T {
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(all).toSorted().join(", ") || "none";
  throw new RangeError(`Cannot use ${what} ${JSON.stringify(name)}: the provider has ${names}`);
}
