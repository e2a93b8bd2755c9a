/** What a provider says of its resources, data sources and functions. */
import type {
  WireAttribute,
  WireBlock,
  WireFunction,
  WireNestedBlock,
  WireProviderSchema,
  WireSchema,
} from "./protocol.ts";
import { parseType, type Type } from "./types.ts";
import { mapObject } from "./values.ts";

/** How often a block or an attribute's attributes may stand: once, or in a collection. */
export type Nesting = "single" | "group" | "list" | "set" | "map";

/** An attribute. */
export interface Attribute {
  readonly type: Type;
  /** The attributes of its value, or of each of its values. */
  readonly nested?: { readonly nesting: Nesting; readonly block: Block };
  readonly description: string;
  readonly isRequired: boolean;
  readonly isOptional: boolean;
  /** Whether the provider fills it in. */
  readonly isComputed: boolean;
  readonly isSensitive: boolean;
}

/** A block inside another. */
export interface NestedBlock {
  readonly nesting: Nesting;
  readonly block: Block;
  readonly minItems: number;
  /** 0 stands for any number. */
  readonly maxItems: number;
}

/** What a configuration block holds, by name. */
export interface Block {
  readonly type: readonly ["object", Readonly<Record<string, Type>>];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly blocks: Readonly<Record<string, NestedBlock>>;
  readonly description: string;
}

/** A resource or a data source. */
export interface Schema {
  /** Counts the changes to what is stored; 64-bit, so a string. */
  readonly version: string;
  readonly block: Block;
}

/** A parameter of a function. */
export interface Parameter {
  readonly name: string;
  readonly type: Type;
}

/** A function that a provider has. */
export interface FunctionSignature {
  readonly parameters: readonly Parameter[];
  /** Takes all further arguments. */
  readonly variadic: Parameter | undefined;
  readonly result: Type;
  readonly summary: string;
}

/** Everything a provider offers. */
export interface ProviderSchema {
  readonly provider: Schema;
  readonly resources: Readonly<Record<string, Schema>>;
  readonly dataSources: Readonly<Record<string, Schema>>;
  readonly functions: Readonly<Record<string, FunctionSignature>>;
  /** Whether the provider wants to be asked before a resource is destroyed. */
  readonly plansDestroy: boolean;
}

/** Reads what a provider answers when it is asked what it offers. */
export function readProviderSchema(wire: WireProviderSchema): ProviderSchema {
  return {
    provider: readSchema(wire.provider),
    resources: mapObject(wire.resourceSchemas, readSchema),
    dataSources: mapObject(wire.dataSourceSchemas, readSchema),
    functions: mapObject(wire.functions, readFunction),
    plansDestroy: wire.serverCapabilities?.planDestroy ?? false,
  };
}

function readSchema(wire: WireSchema | null): Schema {
  return { version: wire?.version ?? "0", block: readBlock(wire?.block ?? null) };
}

function readBlock(wire: WireBlock | null): Block {
  const attributes = wire?.attributes.map((each) => [each.name, readAttribute(each)] as const);
  const blocks = wire?.blockTypes.map((each) => [each.typeName, readNestedBlock(each)] as const);
  return makeBlock(
    Object.fromEntries(attributes ?? []),
    Object.fromEntries(blocks ?? []),
    wire?.description ?? "",
  );
}

function makeBlock(
  attributes: Readonly<Record<string, Attribute>>,
  blocks: Readonly<Record<string, NestedBlock>>,
  description = "",
): Block {
  const types = {
    ...mapObject(attributes, ({ type }) => type),
    ...mapObject(blocks, ({ nesting, block }) => nest(nesting, block.type)),
  };
  return { type: ["object", types], attributes, blocks, description };
}

function readAttribute(wire: WireAttribute): Attribute {
  const { nestedType } = wire;
  const common = {
    description: wire.description,
    isRequired: wire.required,
    isOptional: wire.optional,
    isComputed: wire.computed,
    isSensitive: wire.sensitive,
  };
  if (!nestedType) return { type: parseType(wire.type), ...common };
  const inner = nestedType.attributes.map((each) => [each.name, readAttribute(each)] as const);
  const nested = {
    nesting: readNesting(nestedType.nesting),
    block: makeBlock(Object.fromEntries(inner), {}),
  };
  return { type: nest(nested.nesting, nested.block.type), nested, ...common };
}

function readNestedBlock(wire: WireNestedBlock): NestedBlock {
  return {
    nesting: readNesting(wire.nesting),
    block: readBlock(wire.block),
    minItems: Number(wire.minItems),
    maxItems: Number(wire.maxItems),
  };
}

function readNesting(nesting: WireNestedBlock["nesting"]): Nesting {
  if (nesting === "INVALID") throw new TypeError("Cannot read a schema: a block without a nesting");
  return nesting.toLowerCase() as Nesting;
}

/** The type of what stands so often. */
function nest(nesting: Nesting, type: Type): Type {
  return nesting === "single" || nesting === "group" ? type : [nesting, type];
}

function readFunction(wire: WireFunction): FunctionSignature {
  const readParameter = ({ name, type }: { name: string; type: Uint8Array }) => ({
    name,
    type: parseType(type),
  });
  if (wire.return === null) throw new TypeError("Cannot read a function: it has no result");
  return {
    parameters: wire.parameters.map(readParameter),
    variadic: wire.variadicParameter === null ? undefined : readParameter(wire.variadicParameter),
    result: parseType(wire.return.type),
    summary: wire.summary,
  };
}
