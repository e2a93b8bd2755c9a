/** Terraform's plugin protocol, version 6: the handshake, and the service that a provider serves. */
import { type HandshakeConfig, service } from "@x/goplugin/plugin";
import { descriptor } from "./tfplugin6_descriptor.ts";

/** What Terraform and OpenTofu look for in every provider. */
export const handshake: HandshakeConfig = {
  protocolVersion: 6,
  magicCookieKey: "TF_PLUGIN_MAGIC_COOKIE",
  magicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
};

/** A value of the language, encoded; null where none was sent. */
export type Encoded = { msgpack: Uint8Array } | null;

/** One step of an attribute path; a number is the index of a list. */
export type StepMessage =
  | { attributeName: string }
  | { elementKeyString: string }
  | { elementKeyInt: number };

export interface DiagnosticMessage {
  severity: "ERROR" | "WARNING";
  summary: string;
  detail: string;
  attribute?: { steps: StepMessage[] };
}

export interface Diagnostics {
  diagnostics?: DiagnosticMessage[];
}

export interface AttributeMessage {
  name: string;
  type: Uint8Array;
  description: string;
  required: boolean;
  optional: boolean;
  computed: boolean;
  sensitive: boolean;
}

export interface SchemaMessage {
  version: number;
  block: { attributes: AttributeMessage[]; description: string };
}

export interface ParameterMessage {
  name: string;
  type: Uint8Array;
  description: string;
}

export interface FunctionMessage {
  parameters: ParameterMessage[];
  variadicParameter?: ParameterMessage;
  return: { type: Uint8Array };
  summary: string;
  description: string;
}

export interface ProviderSchema extends Diagnostics {
  provider: SchemaMessage;
  resourceSchemas: Record<string, SchemaMessage>;
  dataSourceSchemas: Record<string, SchemaMessage>;
  serverCapabilities: { getProviderSchemaOptional: boolean };
  functions: Record<string, FunctionMessage>;
}

type Nothing = Record<never, never>;
type TypedConfig = { typeName: string; config: Encoded };

/** What a provider answers to. A method that is left out is UNIMPLEMENTED, which hosts accept of newer ones. */
export interface Provider {
  getProviderSchema(request: Nothing): Promise<ProviderSchema>;
  validateProviderConfig(request: { config: Encoded }): Promise<Diagnostics>;
  configureProvider(request: { terraformVersion: string; config: Encoded }): Promise<Diagnostics>;

  validateResourceConfig(request: TypedConfig): Promise<Diagnostics>;
  upgradeResourceState(
    request: { typeName: string; version: string; rawState: { json: Uint8Array } | null },
  ): Promise<{ upgradedState?: Encoded } & Diagnostics>;
  importResourceState(
    request: { typeName: string; id: string },
  ): Promise<{ importedResources?: { typeName: string; state: Encoded }[] } & Diagnostics>;
  readResource(
    request: { typeName: string; currentState: Encoded },
  ): Promise<{ newState?: Encoded } & Diagnostics>;
  planResourceChange(
    request: { typeName: string; priorState: Encoded; proposedNewState: Encoded; config: Encoded },
  ): Promise<
    { plannedState?: Encoded; requiresReplace?: { steps: StepMessage[] }[] } & Diagnostics
  >;
  applyResourceChange(
    request: { typeName: string; priorState: Encoded; plannedState: Encoded },
  ): Promise<{ newState?: Encoded } & Diagnostics>;

  validateDataResourceConfig(request: TypedConfig): Promise<Diagnostics>;
  readDataSource(request: TypedConfig): Promise<{ newState?: Encoded } & Diagnostics>;

  getFunctions(request: Nothing): Promise<{ functions: Record<string, FunctionMessage> }>;
  callFunction(
    request: { name: string; arguments: Exclude<Encoded, null>[] },
  ): Promise<{ result?: Encoded; error?: { text: string; functionArgument?: number } }>;

  stopProvider(request: Nothing): Promise<{ error?: string }>;
}

export const ProviderService = service<Provider>(descriptor, "tfplugin6.Provider");
