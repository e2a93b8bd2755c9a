/** Turns what a user gives into a configuration as the schema has it: every name present, every value of its type. */
import type { Diagnostic, Path } from "./diagnostics.ts";
import { DiagnosticsError } from "./diagnostics.ts";
import type { Attribute, Block, NestedBlock } from "./schema.ts";
import { describeType, type Type } from "./types.ts";
import { Dynamic, mapObject, type ObjectValue, readNumber, UNKNOWN, type Value } from "./values.ts";

/** What a user gives: values by the names of attributes and blocks. */
export type Input = Readonly<Record<string, unknown>>;

/**
 * Makes the configuration of a block. Attributes that are not given are null,
 * blocks of which there may be several an empty collection. Texts that are
 * numbers or truth values are taken for them, as in Terraform's language.
 *
 * @param path Where the block is, for what is wrong.
 * @throws {DiagnosticsError} With everything that is wrong.
 */
export function makeConfig(block: Block, input: Input, path: Path = []): ObjectValue {
  const problems: Diagnostic[] = [];
  const config = blockValue(block, input, path, problems);
  if (problems.length > 0) throw new DiagnosticsError(problems);
  return config;
}

/**
 * Makes a value of a type.
 *
 * @throws {DiagnosticsError} If that cannot be.
 */
export function makeValue(type: Type, input: unknown, path: Path = []): Value {
  const problems: Diagnostic[] = [];
  const value = valueOf(type, input, path, problems);
  if (problems.length > 0) throw new DiagnosticsError(problems);
  return value;
}

function blockValue(block: Block, input: unknown, path: Path, problems: Diagnostic[]): ObjectValue {
  const given = isObject(input) ? input : {};
  if (given !== input) problems.push(wrongType(block.type, input, path));
  const names = [...Object.keys(block.attributes), ...Object.keys(block.blocks)];
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const detail = names.length === 0 ? "Nothing can be set here." : `Known: ${list(names)}.`;
    problems.push(problem("Unsupported argument", detail, [...path, { attribute: name }]));
  }
  return {
    ...mapObject(block.attributes, (attribute, name) => {
      const at = [...path, { attribute: name }];
      const value = given[name] ?? null;
      if (value === null && attribute.isRequired) {
        const detail = `It takes a value of type ${describeType(attribute.type)}.`;
        problems.push(problem("Missing required argument", detail, at));
      }
      return attributeValue(attribute, value, at, problems);
    }),
    ...mapObject(block.blocks, (nested, name) => {
      const at = [...path, { attribute: name }];
      return nestedBlockValue(nested, given[name] ?? null, at, problems);
    }),
  };
}

function attributeValue(
  { type, nested }: Attribute,
  input: unknown,
  path: Path,
  problems: Diagnostic[],
): Value {
  if (nested === undefined || input === null) return valueOf(type, input, path, problems);
  return collect(
    nested.nesting,
    type,
    input,
    path,
    problems,
    (element, at) => blockValue(nested.block, element, at, problems),
  );
}

function nestedBlockValue(
  { nesting, block, minItems, maxItems }: NestedBlock,
  input: unknown,
  path: Path,
  problems: Diagnostic[],
): Value {
  const isOne = nesting === "single" || nesting === "group";
  const isMany = nesting === "list" || nesting === "set";
  // One block may stand for a list or a set of one, as in Terraform's language.
  const given = isMany && isObject(input) ? [input] : input ?? (isMany ? [] : {});
  const type: Type = isOne ? block.type : [nesting, block.type];
  const value = nesting === "single" && input === null ? null : collect(
    nesting,
    type,
    given,
    path,
    problems,
    (element, at) => blockValue(block, element, at, problems),
  );
  const count = value === null ? 0 : isOne ? 1 : Object.keys(value).length;
  if (count < minItems || (maxItems > 0 && count > maxItems)) {
    const limit = count < minItems ? `at least ${minItems}` : `at most ${maxItems}`;
    problems.push(problem("Wrong number of blocks", `There must be ${limit}.`, path));
  }
  return value;
}

/** A block, or each block of a collection. */
function collect(
  nesting: string,
  type: Type,
  input: unknown,
  path: Path,
  problems: Diagnostic[],
  make: (element: unknown, path: Path) => Value,
): Value {
  if (nesting === "single" || nesting === "group") return make(input, path);
  if (nesting === "map" && isObject(input)) {
    return mapObject(input, (element, key) => make(element, [...path, { key }]));
  }
  if (nesting !== "map" && Array.isArray(input)) {
    return input.map((element, key) => make(element, [...path, { key }]));
  }
  problems.push(wrongType(type, input, path));
  return null;
}

function valueOf(type: Type, input: unknown, path: Path, problems: Diagnostic[]): Value {
  if (input === null || input === undefined) return null;
  if (input === UNKNOWN) return UNKNOWN;
  const element = (inner: Type, value: unknown, key: string | number) =>
    valueOf(inner, value, [...path, { key }], problems);
  if (typeof type === "string") {
    const value = type === "dynamic" ? dynamicOf(input) : primitiveOf(type, input);
    if (value !== undefined) return value;
  } else if (type[0] === "map") {
    const [, inner] = type;
    if (isObject(input)) return mapObject(input, (value, key) => element(inner, value, key));
  } else if (type[0] === "list" || type[0] === "set") {
    const [, inner] = type;
    if (Array.isArray(input)) return input.map((value, key) => element(inner, value, key));
  } else if (type[0] === "tuple") {
    const [, inner] = type;
    if (Array.isArray(input) && input.length === inner.length) {
      return inner.map((type, i) => element(type, input[i], i));
    }
  } else if (isObject(input)) {
    const [, inner] = type;
    for (const name of Object.keys(input)) {
      if (Object.hasOwn(inner, name)) continue;
      const detail = `Known: ${list(Object.keys(inner))}.`;
      problems.push(problem("Unsupported attribute", detail, [...path, { attribute: name }]));
    }
    return mapObject(
      inner,
      (type, name) => valueOf(type, input[name], [...path, { attribute: name }], problems),
    );
  }
  problems.push(wrongType(type, input, path));
  return null;
}

function primitiveOf(type: "string" | "number" | "bool", input: unknown): Value | undefined {
  switch (type) {
    case "string":
      return ["string", "number", "bigint", "boolean"].includes(typeof input)
        ? String(input)
        : undefined;
    case "bool":
      if (input === "true" || input === "false") return input === "true";
      return typeof input === "boolean" ? input : undefined;
    case "number":
      if (typeof input === "number" || typeof input === "bigint") return input;
      return typeof input === "string" && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(input)
        ? readNumber(input)
        : undefined;
  }
}

/** Where the schema leaves the type open, the value decides. */
function dynamicOf(input: unknown): Value | undefined {
  if (input instanceof Dynamic) return input;
  const type = typeOf(input);
  return type === undefined ? undefined : new Dynamic(type, valueOf(type, input, [], []));
}

function typeOf(input: unknown): Type | undefined {
  if (typeof input === "string") return "string";
  if (typeof input === "boolean") return "bool";
  if (typeof input === "number" || typeof input === "bigint") return "number";
  if (input === null) return "dynamic";
  if (Array.isArray(input)) {
    const types = input.map(typeOf);
    return types.every((type) => type !== undefined) ? ["tuple", types] : undefined;
  }
  if (!isObject(input)) return undefined;
  const types = mapObject(input, typeOf);
  return Object.values(types).includes(undefined)
    ? undefined
    : ["object", types as Record<string, Type>];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrongType(type: Type, input: unknown, path: Path): Diagnostic {
  const found = typeof input === "symbol" ? "nothing that is known" : JSON.stringify(input);
  return problem("Incorrect value type", `Needed: ${describeType(type)}. Found: ${found}.`, path);
}

function problem(summary: string, detail: string, path: Path): Diagnostic {
  return { severity: "error", summary, detail, path };
}

function list(names: readonly string[]): string {
  return names.toSorted().join(", ");
}
