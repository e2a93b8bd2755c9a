/** Descriptors as serialized `FileDescriptorProto`s, for reflection. */
import {
  editionOf,
  type Features,
  featuresOf,
  fieldFeatures,
  type FieldJson,
  type MethodJson,
  type OptionsJson,
  type Scope,
} from "./descriptor.ts";
import { fileDescriptorProto } from "./descriptor_proto.ts";
import { ENUM, GROUP, isPackable, MESSAGE, SCALARS } from "./kind.ts";

type Proto = Readonly<Record<string, unknown>>;

/** The highest number that a field can have. */
const MAX_NUMBER = 2 ** 29 - 1;

/** Source: protobuf `descriptor.proto`, `FieldDescriptorProto.Label`. */
const LABEL = { optional: 1, required: 2, repeated: 3 };

/**
 * Describes all that a descriptor holds: a file per namespace. The JSON form
 * does not tell the files that it was made from, nor what they imported: what
 * is in another namespace is in another file.
 */
export function describeFiles(root: Scope): Uint8Array[] {
  const type = fileDescriptorProto();
  const files: Uint8Array[] = [];
  for (const namespace of root.all()) {
    if (namespace.kind !== "namespace") continue;
    const contents = [...namespace.children.values()].filter(({ kind }) => kind !== "namespace");
    const syntaxes = new Set(contents.map(syntaxOf));
    for (const syntax of syntaxes) {
      const base = namespace.fullName.replaceAll(".", "_") || "root";
      const name = syntaxes.size === 1 ? base : `${base}_${syntax}`;
      const written = contents.filter((scope) => syntaxOf(scope) === syntax);
      files.push(type.encode({
        name: `${name}.proto`,
        package: namespace.fullName || undefined,
        messageType: of("message", written).map(describeMessage),
        enumType: of("enum", written).map(describeEnum),
        service: of("service", written).map(describeService),
        extension: of("extension", written).map(describeExtension),
        syntax,
      }));
    }
  }
  return files;
}

/** Later editions than proto3 are described as the proto2 that has the same form on the wire. */
function syntaxOf(scope: Scope): string {
  return editionOf(scope) === "proto3" ? "proto3" : "proto2";
}

function of(kind: Scope["kind"], scopes: Iterable<Scope>): Scope[] {
  return [...scopes].filter((scope) => scope.kind === kind);
}

function describeMessage(scope: Scope): Proto {
  const { json, children } = scope;
  const fields = Object.entries(json.fields ?? {});
  const oneofs = oneofsOf(scope);
  const inner = [...children.values()];
  return {
    name: scope.name,
    field: fields.map(([name, field]) => ({
      ...describeField(name, field, scope, featuresOf(scope)),
      ...oneofs.of(name),
    })),
    nestedType: [
      ...of("message", inner).map(describeMessage),
      ...fields.flatMap(([name, field]) => describeEntry(name, field, scope)),
    ],
    enumType: of("enum", inner).map(describeEnum),
    extension: of("extension", inner).map(describeExtension),
    // To its end in the JSON, up to its end in the description.
    extensionRange: json.extensions?.map(([start, end]) => ({
      start,
      end: Math.min(end + 1, MAX_NUMBER + 1),
    })),
    oneofDecl: oneofs.names.map((name) => ({ name })),
    options: deprecated(json.options),
  };
}

/** The oneofs of a message. Those that `optional` fields have for themselves must come last. */
function oneofsOf({ json }: Scope) {
  const isOptional = (name: string | undefined) =>
    json.fields?.[name ?? ""]?.options?.["proto3_optional"] === true;
  const oneofs = Object.entries(json.oneofs ?? {}).map(([name, { oneof }]) => ({
    name,
    fields: oneof,
    isOwn: oneof.length === 1 && isOptional(oneof[0]),
  })).sort((one, other) => Number(one.isOwn) - Number(other.isOwn));
  return {
    names: oneofs.map(({ name }) => name),
    of(field: string): Proto {
      const index = oneofs.findIndex(({ fields }) => fields.includes(field));
      if (index < 0) return {};
      return { oneofIndex: index, ...(oneofs[index]?.isOwn ? { proto3Optional: true } : {}) };
    },
  };
}

function describeField(name: string, json: FieldJson, scope: Scope, inherited: Features): Proto {
  const features = fieldFeatures(json, scope, inherited);
  const values = json.keyType === undefined
    ? describeType(json.type, scope, features)
    : { type: MESSAGE, typeName: `.${scope.fullName}.${entryName(name)}` };
  const isRepeated = json.rule === "repeated" || json.keyType !== undefined;
  const isRequired = features.field_presence === "LEGACY_REQUIRED";
  const isPacked = features.repeated_field_encoding === "PACKED";
  const canBePacked = json.rule === "repeated" && isPackable(values.type);
  const initial = json.options?.["default"];
  return {
    // protobuf wants the name of a group so; protobuf.js has it in camelCase.
    name: values.type === GROUP ? name.toLowerCase() : name,
    number: json.id,
    label: isRepeated ? LABEL.repeated : isRequired ? LABEL.required : LABEL.optional,
    ...values,
    defaultValue: initial === undefined ? undefined : String(initial),
    options: {
      ...deprecated(json.options),
      ...(canBePacked && isPacked !== (syntaxOf(scope) === "proto3") ? { packed: isPacked } : {}),
    },
  };
}

/** The kind of a field's values, and the name of their type, from the root. */
function describeType(name: string, scope: Scope, features: Features) {
  const scalar = SCALARS.get(name);
  if (scalar !== undefined) return { type: scalar };
  const found = scope.find(name, "message", "enum");
  const isGroup = features.message_encoding === "DELIMITED";
  return {
    type: found?.kind === "enum" ? ENUM : isGroup ? GROUP : MESSAGE,
    typeName: found === undefined ? name : `.${found.fullName}`,
  };
}

/** The message behind a map: an entry with key and value. */
function describeEntry(name: string, json: FieldJson, scope: Scope): Proto[] {
  if (json.keyType === undefined) return [];
  const features = featuresOf(scope);
  const field = (name: string, number: number, type: string) => ({
    name,
    number,
    label: LABEL.optional,
    ...describeType(type, scope, features),
  });
  return [{
    name: entryName(name),
    field: [field("key", 1, json.keyType), field("value", 2, json.type)],
    options: { mapEntry: true },
  }];
}

function entryName(field: string): string {
  const words = field.split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join("")}Entry`;
}

function describeExtension(scope: Scope): Proto {
  const json = scope.json as FieldJson;
  const place = scope.parent ?? scope;
  const extended = place.find(json.extend ?? "", "message");
  return {
    ...describeField(scope.name, json, place, featuresOf(place.kind === "message" ? place : scope)),
    extendee: extended === undefined ? json.extend : `.${extended.fullName}`,
  };
}

function describeEnum({ name, json }: Scope): Proto {
  const values = Object.entries(json.values ?? {});
  const hasAliases = new Set(values.map(([, number]) => number)).size < values.length;
  return {
    name,
    value: values.map(([name, number]) => ({ name, number })),
    options: { ...deprecated(json.options), ...(hasAliases ? { allowAlias: true } : {}) },
  };
}

function describeService(scope: Scope): Proto {
  const typeName = (name: string) => {
    const found = scope.find(name, "message");
    return found === undefined ? name : `.${found.fullName}`;
  };
  return {
    name: scope.name,
    method: Object.entries(scope.json.methods ?? {}).map(([name, json]: [string, MethodJson]) => ({
      name,
      inputType: typeName(json.requestType),
      outputType: typeName(json.responseType),
      clientStreaming: json.requestStream,
      serverStreaming: json.responseStream,
      options: deprecated(json.options),
    })),
  };
}

function deprecated(options: OptionsJson | undefined): Proto | undefined {
  return options?.["deprecated"] === true ? { deprecated: true } : undefined;
}
