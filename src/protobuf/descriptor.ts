/**
 * The JSON form of .proto files, as `pbjs -t json` and `proto/embed.ts` write
 * it: a tree of namespaces with messages, enums and services in it.
 *
 * Source: protobuf.js `Root.toJSON`.
 */

/** Options by their name in the .proto file. */
export type OptionsJson = Readonly<Record<string, unknown>>;

/** A field of a message; with `extend`, an extension. */
export interface FieldJson {
  readonly type: string;
  readonly id: number;
  readonly rule?: string;
  /** Makes it a map. */
  readonly keyType?: string;
  /** The message that is extended. */
  readonly extend?: string;
  readonly options?: OptionsJson;
}

/** A method of a service. */
export interface MethodJson {
  readonly requestType: string;
  readonly responseType: string;
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
  readonly options?: OptionsJson;
}

/** A namespace, message, enum, service or extension: which one, its members tell. */
export interface ScopeJson extends Partial<FieldJson> {
  readonly nested?: Readonly<Record<string, ScopeJson>>;
  /** Of a message. */
  readonly fields?: Readonly<Record<string, FieldJson>>;
  /** Of a message. */
  readonly oneofs?: Readonly<Record<string, { readonly oneof: readonly string[] }>>;
  /** Of a message: the numbers that extensions may have (proto2). */
  readonly extensions?: readonly (readonly [start: number, end: number])[];
  /** Of a message that is a group of proto2. */
  readonly group?: boolean;
  /** Of an enum. */
  readonly values?: Readonly<Record<string, number>>;
  /** Of a service. */
  readonly methods?: Readonly<Record<string, MethodJson>>;
  /** Of what stands at the top of a file: `proto2`, `2023`; `proto3` if left out. */
  readonly edition?: string;
}

/** What a node of the tree is. */
export type ScopeKind = "namespace" | "message" | "enum" | "service" | "extension";

/** A node of the tree. */
export class Scope {
  /** Its name, without those around it. */
  readonly name: string;
  /** Its name with those around it: `package.Message`. */
  readonly fullName: string;
  /** What it is. */
  readonly kind: ScopeKind;
  /** Its description. */
  readonly json: ScopeJson;
  /** What is around it; undefined at the root. */
  readonly parent: Scope | undefined;
  /** What is in it, by name. */
  readonly children: ReadonlyMap<string, Scope>;

  /** Makes the node and all below it. */
  constructor(json: ScopeJson, name = "", parent?: Scope) {
    this.name = name;
    this.fullName = parent?.fullName ? `${parent.fullName}.${name}` : name;
    this.kind = kindOf(json, parent);
    this.json = json;
    this.parent = parent;
    this.children = new Map(
      Object.entries(json.nested ?? {}).map(([name, child]) => [
        name,
        new Scope(child, name, this),
      ]),
    );
  }

  /** This node and all below it, from top to bottom. */
  *all(): Generator<Scope> {
    yield this;
    for (const child of this.children.values()) yield* child.all();
  }

  /**
   * Finds what a name in this scope means: from the inside outwards, or from
   * the root if it begins with a dot. A name that is not found so is looked for
   * in the namespaces beside and below, as protobuf.js does.
   */
  find(name: string, ...kinds: readonly ScopeKind[]): Scope | undefined {
    const path = name.split(".");
    const fits = (found: Scope | undefined) =>
      found !== undefined && kinds.includes(found.kind) ? found : undefined;
    if (path[0] === "") return fits(descend([...this.#outwards()].at(-1), path.slice(1)));
    for (const scope of this.#outwards()) {
      const found = fits(descend(scope, path));
      if (found !== undefined) return found;
    }
    for (const scope of this.#outwards()) {
      for (const below of scope.all()) {
        const found = fits(descend(below, path));
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  /** This node and those around it, from the inside to the root. */
  *#outwards(): Generator<Scope> {
    yield this;
    if (this.parent !== undefined) yield* this.parent.#outwards();
  }
}

/** What a path leads to from a node downwards. */
function descend(from: Scope | undefined, path: readonly string[]): Scope | undefined {
  return path.reduce((scope, name) => scope?.children.get(name), from);
}

function kindOf(json: ScopeJson, parent: Scope | undefined): ScopeKind {
  if (parent === undefined) return "namespace";
  if (json.fields !== undefined) return "message";
  if (json.values !== undefined) return "enum";
  if (json.methods !== undefined) return "service";
  return json.id === undefined ? "namespace" : "extension";
}

/** What an edition of protobuf, and options in the file, say about fields. */
export interface Features {
  /** `IMPLICIT`: a field with its default is not sent. `EXPLICIT`: it is. `LEGACY_REQUIRED`: it must be. */
  readonly field_presence: string;
  /** `PACKED`, or `EXPANDED`: a tag for each value of a list. */
  readonly repeated_field_encoding: string;
  /** `DELIMITED`: messages are written as groups. */
  readonly message_encoding: string;
}

/** Source: protobuf.dev/editions/features. */
const EDITIONS: Readonly<Record<string, Features>> = {
  proto2: {
    field_presence: "EXPLICIT",
    repeated_field_encoding: "EXPANDED",
    message_encoding: "LENGTH_PREFIXED",
  },
  proto3: {
    field_presence: "IMPLICIT",
    repeated_field_encoding: "PACKED",
    message_encoding: "LENGTH_PREFIXED",
  },
  2023: {
    field_presence: "EXPLICIT",
    repeated_field_encoding: "PACKED",
    message_encoding: "LENGTH_PREFIXED",
  },
};

/** The edition that holds for a node: that of the file it stood in. */
export function editionOf(scope: Scope): string {
  const { edition } = scope.json;
  if (edition !== undefined) return edition;
  const { parent } = scope;
  return parent === undefined || parent.kind === "namespace" ? "proto3" : editionOf(parent);
}

/**
 * The features that hold for the fields of a message.
 *
 * @throws {TypeError} If the edition is not known.
 */
export function featuresOf(scope: Scope): Features {
  const { parent, json } = scope;
  const edition = editionOf(scope);
  const inherited = json.edition === undefined && parent?.kind === "message"
    ? featuresOf(parent)
    : EDITIONS[edition];
  if (inherited === undefined) {
    throw new TypeError(`${scope.fullName} is of the edition ${edition}, which is not known`);
  }
  return { ...inherited, ...json.options?.["features"] as Partial<Features> | undefined };
}

/** The features that hold for a field of a message with these features. */
export function fieldFeatures(json: FieldJson, scope: Scope, inherited: Features): Features {
  return {
    ...inherited,
    ...json.options?.["features"] as Partial<Features> | undefined,
    ...legacyFeatures(json, scope),
  };
}

/** What the rules of proto2 and proto3 say about a field, which have no word for features. */
function legacyFeatures(json: FieldJson, scope: Scope): Partial<Features> {
  if (!editionOf(scope).startsWith("proto")) return {};
  const packed = json.options?.["packed"];
  const group = scope.children.get(json.type.slice(json.type.lastIndexOf(".") + 1))?.json.group;
  return {
    ...(json.rule === "required" ? { field_presence: "LEGACY_REQUIRED" } : {}),
    ...(typeof packed === "boolean"
      ? { repeated_field_encoding: packed ? "PACKED" : "EXPANDED" }
      : {}),
    ...(group ? { message_encoding: "DELIMITED" } : {}),
  };
}
