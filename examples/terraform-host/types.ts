/** The types of Terraform's values, as providers write them: JSON such as `["map","string"]`. */

/** The type of a value. */
export type Type =
  | "string"
  | "number"
  | "bool"
  | "dynamic"
  | readonly ["list", Type]
  | readonly ["set", Type]
  | readonly ["map", Type]
  | readonly ["tuple", readonly Type[]]
  | readonly ["object", Readonly<Record<string, Type>>];

/**
 * Reads a type.
 *
 * @throws {TypeError} If it is none.
 */
export function parseType(json: Uint8Array): Type {
  const text = new TextDecoder().decode(json);
  try {
    return checkType(JSON.parse(text));
  } catch (cause) {
    throw new TypeError(`Cannot read the type ${text}: ${(cause as Error).message}`, { cause });
  }
}

function checkType(value: unknown): Type {
  if (value === "string" || value === "number" || value === "bool" || value === "dynamic") {
    return value;
  }
  if (Array.isArray(value)) {
    const [kind, inner] = value;
    if (kind === "list" || kind === "set" || kind === "map") return [kind, checkType(inner)];
    if (kind === "tuple" && Array.isArray(inner)) return [kind, inner.map(checkType)];
    if (kind === "object" && typeof inner === "object" && inner !== null) {
      const entries = Object.entries(inner).map(([name, type]) => [name, checkType(type)]);
      return [kind, Object.fromEntries(entries)];
    }
  }
  throw new TypeError(`no type is known as ${JSON.stringify(value)}`);
}

/** A type as Terraform's language writes it: `map(string)`. */
export function describeType(type: Type): string {
  if (typeof type === "string") return type === "dynamic" ? "any" : type;
  const [kind, inner] = type;
  switch (kind) {
    case "tuple":
      return `tuple([${inner.map(describeType).join(", ")}])`;
    case "object": {
      const fields = Object.entries(inner).map(([name, type]) => `${name} = ${describeType(type)}`);
      return `object({ ${fields.join(", ")} })`;
    }
    default:
      return `${kind}(${describeType(inner)})`;
  }
}
