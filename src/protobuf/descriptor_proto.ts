/**
 * What protobuf says about .proto files in messages of its own, as far as it is
 * written here.
 *
 * Source: protobuf `descriptor.proto`.
 */
import { type FieldJson, Scope, type ScopeJson } from "./descriptor.ts";
import { Linker } from "./linker.ts";
import type { MessageType } from "./message_type.ts";

type Declaration = readonly [id: number, type: string, rule?: "repeated"];

/** The fields of each message: `name: [number, type]`. */
const MESSAGES: Readonly<Record<string, Readonly<Record<string, Declaration>>>> = {
  FileDescriptorProto: {
    name: [1, "string"],
    package: [2, "string"],
    messageType: [4, "DescriptorProto", "repeated"],
    enumType: [5, "EnumDescriptorProto", "repeated"],
    service: [6, "ServiceDescriptorProto", "repeated"],
    extension: [7, "FieldDescriptorProto", "repeated"],
    syntax: [12, "string"],
  },
  DescriptorProto: {
    name: [1, "string"],
    field: [2, "FieldDescriptorProto", "repeated"],
    nestedType: [3, "DescriptorProto", "repeated"],
    enumType: [4, "EnumDescriptorProto", "repeated"],
    extensionRange: [5, "ExtensionRange", "repeated"],
    extension: [6, "FieldDescriptorProto", "repeated"],
    options: [7, "MessageOptions"],
    oneofDecl: [8, "OneofDescriptorProto", "repeated"],
  },
  ExtensionRange: { start: [1, "int32"], end: [2, "int32"] },
  FieldDescriptorProto: {
    name: [1, "string"],
    extendee: [2, "string"],
    number: [3, "int32"],
    label: [4, "int32"],
    type: [5, "int32"],
    typeName: [6, "string"],
    defaultValue: [7, "string"],
    options: [8, "FieldOptions"],
    oneofIndex: [9, "int32"],
    proto3Optional: [17, "bool"],
  },
  OneofDescriptorProto: { name: [1, "string"] },
  EnumDescriptorProto: {
    name: [1, "string"],
    value: [2, "EnumValueDescriptorProto", "repeated"],
    options: [3, "EnumOptions"],
  },
  EnumValueDescriptorProto: { name: [1, "string"], number: [2, "int32"] },
  ServiceDescriptorProto: {
    name: [1, "string"],
    method: [2, "MethodDescriptorProto", "repeated"],
  },
  MethodDescriptorProto: {
    name: [1, "string"],
    inputType: [2, "string"],
    outputType: [3, "string"],
    options: [4, "MethodOptions"],
    clientStreaming: [5, "bool"],
    serverStreaming: [6, "bool"],
  },
  MessageOptions: { deprecated: [3, "bool"], mapEntry: [7, "bool"] },
  FieldOptions: { packed: [2, "bool"], deprecated: [3, "bool"] },
  EnumOptions: { allowAlias: [2, "bool"], deprecated: [3, "bool"] },
  MethodOptions: { deprecated: [33, "bool"] },
};

/** The type of a file's description. */
export function fileDescriptorProto(): MessageType {
  const nested: Record<string, ScopeJson> = {};
  for (const [name, declarations] of Object.entries(MESSAGES)) {
    const fields: Record<string, FieldJson> = {};
    for (const [field, [id, type, rule]] of Object.entries(declarations)) {
      fields[field] = rule === undefined ? { id, type } : { id, type, rule };
    }
    nested[name] = { fields, edition: "proto2" }; // what is 0, is written
  }
  const root = new Scope({ nested });
  return new Linker(root).message("FileDescriptorProto", root);
}
