/**
 * What a host and a provider share: the handshake, and the calls. Protocols 5
 * and 6 differ in the names of some calls and in nothing that matters here, so
 * that the rest of the host knows those of protocol 6 alone.
 */
import {
  type ClientOf,
  type HandshakeConfig,
  type Plugin,
  type Service,
  service,
} from "@x/goplugin/host";
import { descriptor as descriptor5 } from "./tfplugin5_descriptor.ts";
import { descriptor as descriptor6 } from "./tfplugin6_descriptor.ts";

/** What Terraform says to every provider that it starts. */
export const handshake: HandshakeConfig = {
  magicCookieKey: "TF_PLUGIN_MAGIC_COOKIE",
  magicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
};

/** A value as it travels. */
export interface WireValue {
  readonly msgpack?: Uint8Array;
  readonly json?: Uint8Array;
}

/** A step of a path; only the field that `selector` names counts. */
export interface WireStep {
  readonly selector?: "attributeName" | "elementKeyString" | "elementKeyInt";
  readonly attributeName?: string;
  readonly elementKeyString?: string;
  /** 64-bit integers are strings. */
  readonly elementKeyInt?: string;
}

export interface WirePath {
  readonly steps: readonly WireStep[];
}

export interface WireDiagnostic {
  readonly severity: "INVALID" | "ERROR" | "WARNING";
  readonly summary: string;
  readonly detail: string;
  readonly attribute: WirePath | null;
}

export interface WireAttribute {
  readonly name: string;
  /** Empty if there is a `nestedType`. */
  readonly type: Uint8Array;
  readonly description: string;
  readonly required: boolean;
  readonly optional: boolean;
  readonly computed: boolean;
  readonly sensitive: boolean;
  readonly deprecated: boolean;
  /** Only in protocol 6. */
  readonly nestedType?: {
    readonly attributes: readonly WireAttribute[];
    readonly nesting: "INVALID" | "SINGLE" | "LIST" | "SET" | "MAP";
  } | null;
}

export interface WireNestedBlock {
  readonly typeName: string;
  readonly block: WireBlock | null;
  readonly nesting: "INVALID" | "SINGLE" | "LIST" | "SET" | "MAP" | "GROUP";
  readonly minItems: string;
  readonly maxItems: string;
}

export interface WireBlock {
  readonly attributes: readonly WireAttribute[];
  readonly blockTypes: readonly WireNestedBlock[];
  readonly description: string;
}

export interface WireSchema {
  readonly version: string;
  readonly block: WireBlock | null;
}

export interface WireParameter {
  readonly name: string;
  readonly type: Uint8Array;
  readonly allowNullValue: boolean;
}

export interface WireFunction {
  readonly parameters: readonly WireParameter[];
  readonly variadicParameter: WireParameter | null;
  readonly return: { readonly type: Uint8Array } | null;
  readonly summary: string;
}

export interface WireProviderSchema {
  readonly provider: WireSchema | null;
  readonly resourceSchemas: Readonly<Record<string, WireSchema>>;
  readonly dataSourceSchemas: Readonly<Record<string, WireSchema>>;
  readonly functions: Readonly<Record<string, WireFunction>>;
  readonly serverCapabilities: { readonly planDestroy: boolean } | null;
  readonly diagnostics: readonly WireDiagnostic[];
}

interface Checked {
  readonly diagnostics: readonly WireDiagnostic[];
}

interface Configuration {
  readonly typeName: string;
  readonly config: WireValue;
}

/** The calls, by their names in protocol 6. */
export interface Contract {
  getProviderSchema(request: Record<never, never>): Promise<WireProviderSchema>;
  validateProviderConfig(request: { config: WireValue }): Promise<Checked>;
  configureProvider(request: { terraformVersion: string; config: WireValue }): Promise<Checked>;
  validateResourceConfig(request: Configuration): Promise<Checked>;
  upgradeResourceState(request: {
    typeName: string;
    version: string;
    rawState: { json: Uint8Array };
  }): Promise<Checked & { upgradedState: WireValue | null }>;
  readResource(request: {
    typeName: string;
    currentState: WireValue;
    private: Uint8Array;
  }): Promise<Checked & { newState: WireValue | null; private: Uint8Array }>;
  planResourceChange(request: {
    typeName: string;
    priorState: WireValue;
    proposedNewState: WireValue;
    config: WireValue;
    priorPrivate: Uint8Array;
  }): Promise<
    Checked & {
      plannedState: WireValue | null;
      requiresReplace: readonly WirePath[];
      plannedPrivate: Uint8Array;
    }
  >;
  applyResourceChange(request: {
    typeName: string;
    priorState: WireValue;
    plannedState: WireValue;
    config: WireValue;
    plannedPrivate: Uint8Array;
  }): Promise<Checked & { newState: WireValue | null; private: Uint8Array }>;
  validateDataResourceConfig(request: Configuration): Promise<Checked>;
  readDataSource(request: Configuration): Promise<Checked & { state: WireValue | null }>;
  callFunction(request: { name: string; arguments: readonly WireValue[] }): Promise<{
    result: WireValue | null;
    error: { readonly text: string; readonly functionArgument?: string } | null;
  }>;
}

/** The names that protocol 5 has for some of them. */
interface Contract5 extends
  Omit<
    Contract,
    | "getProviderSchema"
    | "validateProviderConfig"
    | "configureProvider"
    | "validateResourceConfig"
    | "validateDataResourceConfig"
  > {
  getSchema: Contract["getProviderSchema"];
  prepareProviderConfig: Contract["validateProviderConfig"];
  configure: Contract["configureProvider"];
  validateResourceTypeConfig: Contract["validateResourceConfig"];
  validateDataSourceConfig: Contract["validateDataResourceConfig"];
}

/** A provider's calls, whichever protocol it speaks. */
export type Calls = ClientOf<Contract>;

const Service5 = service<Contract5>(descriptor5, "tfplugin5.Provider");

/** Protocol 6, as a provider serves it. */
export const Service6: Service<Contract> = service<Contract>(descriptor6, "tfplugin6.Provider");

/** Calls a provider of protocol 5 by the names of protocol 6. */
const provider5: Plugin<Calls> = {
  async client(context) {
    const calls = await context.connect(Service5);
    return {
      ...calls,
      getProviderSchema: calls.getSchema,
      validateProviderConfig: calls.prepareProviderConfig,
      configureProvider: calls.configure,
      validateResourceConfig: calls.validateResourceTypeConfig,
      validateDataResourceConfig: calls.validateDataSourceConfig,
    };
  },
};

const provider6: Plugin<Calls> = { client: (context) => context.connect(Service6) };

/** The plugin sets by protocol: the highest that the provider knows is used. */
export const versionedPlugins = { 5: { provider: provider5 }, 6: { provider: provider6 } };
