/** What a provider says about its resources, data sources and functions. */
import type {
  AttributeMessage,
  FunctionMessage,
  ParameterMessage,
  SchemaMessage,
} from "./protocol.ts";

/** A type of the language, in its JSON form. */
export type Type =
  | "string"
  | "number"
  | "bool"
  | readonly ["list" | "set" | "map", Type]
  | readonly ["object", Readonly<Record<string, Type>>];

/** One attribute: set by the user (`required`, `optional`), by the provider (`computed`), or by either. */
export interface Attribute {
  readonly type: Type;
  readonly description: string;
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
  /** Hosts do not print it. */
  readonly sensitive?: boolean;
  /** Of a resource: another value means another resource in place of this one. */
  readonly replaces?: boolean;
  /** Of a resource, computed: stays as it is when the resource is updated. */
  readonly stays?: boolean;
}

/** Attributes by name. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** One parameter of a function. */
export interface Parameter {
  readonly name: string;
  readonly type: Type;
  readonly description: string;
}

/** What a function takes and gives. */
export interface Signature {
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  /** Takes all arguments after the parameters. */
  readonly variadic?: Parameter;
  readonly returns: Type;
}

/** Attributes as the wire wants them. */
export function schemaMessage(
  attributes: Attributes,
  description: string,
  version = 0,
): SchemaMessage {
  const messages = Object.entries(attributes).map(([name, attribute]): AttributeMessage => ({
    name,
    type: typeBytes(attribute.type),
    description: attribute.description,
    required: attribute.required === true,
    optional: attribute.optional === true,
    computed: attribute.computed === true,
    sensitive: attribute.sensitive === true,
  }));
  return { version, block: { attributes: messages, description } };
}

/** A function as the wire wants it. */
export function functionMessage(
  { summary, description, parameters, variadic, returns }: Signature,
): FunctionMessage {
  return {
    summary,
    description,
    parameters: parameters.map(parameterMessage),
    ...(variadic !== undefined && { variadicParameter: parameterMessage(variadic) }),
    return: { type: typeBytes(returns) },
  };
}

function parameterMessage({ name, type, description }: Parameter): ParameterMessage {
  return { name, type: typeBytes(type), description };
}

function typeBytes(type: Type): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(type));
}
