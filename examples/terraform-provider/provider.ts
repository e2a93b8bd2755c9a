/**
 * The part that every provider needs: it turns the calls of the protocol into
 * those of the resources, data sources and functions behind it.
 */
import type { HandlersOf } from "@x/goplugin/plugin";
import { complete, knownPart, planChange } from "./plan.ts";
import { ArgumentProblem, attributePath, diagnosticsOf, Problem } from "./problem.ts";
import type { Diagnostics, Encoded, Provider } from "./protocol.ts";
import { type Attributes, functionMessage, schemaMessage, type Signature } from "./schema.ts";
import {
  decodeObject,
  decodeValue,
  encodeValue,
  Unknown,
  type Value,
  type Values,
} from "./value.ts";

/** A state in which the attributes that the provider is to find are null. */
export type Planned<State> = { readonly [K in keyof State]: State[K] | null };

/** A configuration: what is left out is null, what hangs on other resources may be unknown. */
export type Config<State> = { readonly [K in keyof State]: State[K] | Unknown | null };

/** A kind of thing that the host creates, reads, updates and deletes. */
export interface Resource<State, Client> {
  readonly description: string;
  readonly attributes: Attributes;
  /** Says what is wrong with a configuration, before anything is planned. */
  validate?(config: Config<State>): readonly Problem[];
  /** The state must agree with what was planned. */
  create(planned: Planned<State>, client: Client): Promise<State>;
  /** Reads what there is now; null if it has gone. */
  read(state: State, client: Client): Promise<State | null>;
  update(planned: Planned<State>, prior: State, client: Client): Promise<State>;
  delete(state: State, client: Client): Promise<void>;
  /** What can be told from the id that the user gave; `read` is then asked for the rest. */
  import(id: string): Partial<State>;
}

/** Something that is only read. */
export interface DataSource<State, Client> {
  readonly description: string;
  readonly attributes: Attributes;
  validate?(config: Config<State>): readonly Problem[];
  read(config: Planned<State>, client: Client): Promise<State>;
}

/** A function that configurations can call. */
export interface ProviderFunction extends Signature {
  call(...values: Value[]): Value;
}

/** A provider. `Client` is what its configuration makes, and its resources work with. */
export interface ProviderDefinition<Settings, Client> {
  readonly description: string;
  readonly attributes: Attributes;
  validate?(config: Config<Settings>): readonly Problem[];
  configure(settings: Planned<Settings>): Client | Promise<Client>;
  readonly resources: Readonly<Record<string, Resource<Values, Client>>>;
  readonly dataSources: Readonly<Record<string, DataSource<Values, Client>>>;
  readonly functions: Readonly<Record<string, ProviderFunction>>;
}

/** The service of a provider, for `implement()`. */
export function providerHandlers<Client>(
  provider: ProviderDefinition<Values, Client>,
): HandlersOf<Provider> {
  const { resources, dataSources } = provider;
  let client: Client | undefined;

  function configured(): Client {
    if (client !== undefined) return client;
    throw new Problem("The provider's configuration is not known yet", {
      detail: "It hangs on resources that do not exist yet: apply those first, with -target.",
    });
  }

  return {
    getProviderSchema: () => ({
      provider: schemaMessage(provider.attributes, provider.description),
      resourceSchemas: mapValues(
        resources,
        ({ attributes, description }) => schemaMessage(attributes, description),
      ),
      dataSourceSchemas: mapValues(
        dataSources,
        ({ attributes, description }) => schemaMessage(attributes, description),
      ),
      functions: mapValues(provider.functions, functionMessage),
      // Nothing happens in this call that a host which has the schema already would miss.
      serverCapabilities: { getProviderSchemaOptional: true },
    }),
    validateProviderConfig: ({ config }) => validated(provider, config),
    configureProvider: ({ config }) =>
      reporting(async () => {
        const settings = decodeObject(config) ?? {};
        const isKnown = !Object.values(settings).some((value) => value instanceof Unknown);
        client = isKnown ? await provider.configure(settings) : undefined;
        return {};
      }),

    validateResourceConfig: ({ typeName, config }) => validated(named(resources, typeName), config),
    // The state may be of an older version of this provider, with other attributes.
    upgradeResourceState: ({ typeName, rawState }) =>
      reporting(() => {
        const { attributes } = named(resources, typeName);
        const state: Values = JSON.parse(new TextDecoder().decode(rawState?.json));
        return { upgradedState: encodeValue(complete(attributes, state)) };
      }),
    importResourceState: ({ typeName, id }) =>
      reporting(() => {
        const resource = named(resources, typeName);
        const state = encodeValue(complete(resource.attributes, resource.import(id) as Values));
        return { importedResources: [{ typeName, state }] };
      }),
    readResource: ({ typeName, currentState }) =>
      reporting(async () => {
        const resource = named(resources, typeName);
        const current = decodeObject(currentState) ?? {};
        const state = await resource.read(current, configured());
        return { newState: encodeValue(state && complete(resource.attributes, state)) };
      }),
    planResourceChange: ({ typeName, priorState, proposedNewState, config }) =>
      reporting(() => {
        const proposed = decodeObject(proposedNewState);
        if (proposed === null) return { plannedState: encodeValue(null) };
        const { attributes } = named(resources, typeName);
        const prior = decodeObject(priorState);
        const plan = planChange(attributes, prior, proposed, decodeObject(config) ?? {});
        return {
          plannedState: encodeValue(plan.planned),
          requiresReplace: plan.replaced.map((name) => attributePath([name])),
        };
      }),
    // If it fails, what was there before is there still, as far as anybody knows.
    applyResourceChange: ({ typeName, priorState, plannedState }) =>
      reporting(async () => {
        const resource = named(resources, typeName);
        const prior = decodeObject(priorState);
        const planned = decodeObject(plannedState);
        if (planned === null) {
          if (prior !== null) await resource.delete(prior, configured());
          return { newState: encodeValue(null) };
        }
        const state = prior === null
          ? await resource.create(knownPart(planned), configured())
          : await resource.update(knownPart(planned), prior, configured());
        return { newState: encodeValue(complete(resource.attributes, state)) };
      }, { newState: priorState }),

    validateDataResourceConfig: ({ typeName, config }) =>
      validated(named(dataSources, typeName), config),
    readDataSource: ({ typeName, config }) =>
      reporting(async () => {
        const source = named(dataSources, typeName);
        const state = await source.read(decodeObject(config) ?? {}, configured());
        return { newState: encodeValue(complete(source.attributes, state)) };
      }),

    getFunctions: () => ({ functions: mapValues(provider.functions, functionMessage) }),
    callFunction(request) {
      try {
        const called = named(provider.functions, request.name);
        return { result: encodeValue(called.call(...request.arguments.map(decodeValue))) };
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        if (!(error instanceof ArgumentProblem)) return { error: { text } };
        return { error: { text, functionArgument: error.index } };
      }
    },

    stopProvider: () => ({}), // Nothing here takes long enough to be stopped.
  };
}

/** Does what a call is there for; what that throws is told to the user. */
async function reporting<T extends object>(
  act: () => T | Promise<T>,
  otherwise?: T,
): Promise<Partial<T> & Diagnostics> {
  try {
    return await act();
  } catch (error) {
    return { ...otherwise, ...diagnosticsOf([error]) } as Partial<T> & Diagnostics;
  }
}

function validated(
  thing: { validate?(config: Values): readonly Problem[] },
  config: Encoded,
): Promise<Diagnostics> {
  return reporting(() => diagnosticsOf(thing.validate?.(decodeObject(config) ?? {}) ?? []));
}

/** Hosts only ask for what is in the schema, but a reattached one may have that of another version. */
function named<T>(things: Readonly<Record<string, T>>, name: string): T {
  const thing = things[name];
  if (thing === undefined) throw new Problem(`This provider has no "${name}"`);
  return thing;
}

function mapValues<T, U>(
  things: Readonly<Record<string, T>>,
  change: (thing: T) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(things).map(([name, thing]) => [name, change(thing)]));
}
