/** Reads one HTTP/2 connection for people: frames, header fields, gRPC messages. */
import { descriptor as counter } from "../../examples/callback/counter_descriptor.ts";
import { HpackDecoder } from "../../src/http2/hpack_decoder.ts";
import {
  FRAME_HEADER_BYTES,
  FrameType,
  PREFACE,
  readUint16,
  readUint32,
  Setting,
} from "../../src/http2/frames.ts";
import { makeServiceType, type MethodType } from "../../src/protobuf/service_type.ts";
import {
  brokerDescriptor,
  controllerDescriptor,
  stdioDescriptor,
} from "../../src/rpc/descriptors.ts";
import type { Side } from "./events.ts";

const METHODS = new Map<string, MethodType>(
  ([
    [brokerDescriptor, "plugin.GRPCBroker"],
    [controllerDescriptor, "plugin.GRPCController"],
    [stdioDescriptor, "plugin.GRPCStdio"],
    [counter, "proto.Counter"],
    [counter, "proto.AddHelper"],
  ] as const).flatMap(([descriptor, name]) =>
    makeServiceType(descriptor, name).methods.map((method) => [method.path, method] as const)
  ),
);

const nameOf = (table: Readonly<Record<string, number>>, value: number) =>
  Object.entries(table).find(([, number]) => number === value)?.[0] ?? String(value);
const frameName = (type: number) =>
  nameOf(FrameType, type).replaceAll(/[A-Z]/g, "_$&").toUpperCase();
const settingName = (id: number) => nameOf(Setting, id).replaceAll(/[A-Z]/g, "_$&").toUpperCase();

/** More of a message than this is shown in words alone. */
const SHOWN_BYTES = 16;

/** Bytes as people read them. */
export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** What a connection says, side by side. */
export class Http2Reader {
  readonly #client: Side;
  readonly #paths: Map<number, string> = new Map();
  readonly #decoders = { host: new HpackDecoder(1 << 20), plugin: new HpackDecoder(1 << 20) };
  readonly #rest: Record<Side, Uint8Array> = { host: new Uint8Array(), plugin: new Uint8Array() };
  #isOpen = false;

  /** Sets which side calls. */
  constructor(client: Side) {
    this.#client = client;
  }

  /** Takes the next bytes of one side; gives a line for each frame that is whole. */
  read(from: Side, bytes: Uint8Array): string[] {
    let rest = Uint8Array.from([...this.#rest[from], ...bytes]);
    const lines: string[] = [];
    if (from === this.#client && !this.#isOpen && rest.length >= PREFACE.length) {
      lines.push(JSON.stringify(new TextDecoder().decode(rest.subarray(0, PREFACE.length))));
      rest = rest.subarray(PREFACE.length);
      this.#isOpen = true;
    }
    while (rest.length >= FRAME_HEADER_BYTES) {
      const length = (rest[0]! << 16) | readUint16(rest, 1);
      if (rest.length < FRAME_HEADER_BYTES + length) break;
      const payload = rest.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length);
      lines.push(this.#frame(from, rest[3]!, rest[4]!, readUint32(rest, 5) & 0x7fffffff, payload));
      rest = rest.subarray(FRAME_HEADER_BYTES + length);
    }
    this.#rest[from] = rest;
    return lines;
  }

  #frame(from: Side, type: number, flags: number, stream: number, payload: Uint8Array): string {
    const end = type <= FrameType.headers && (flags & 1) !== 0 ? ", END_STREAM" : "";
    const ack = (type === FrameType.settings || type === FrameType.ping) && (flags & 1) !== 0;
    const head = `${frameName(type)}${stream === 0 ? "" : ` ${stream}`}${ack ? " ACK" : ""}${end}`;
    const said = this.#payload(from, type, stream, payload);
    return said === "" ? head : `${head}: ${said}`;
  }

  #payload(from: Side, type: number, stream: number, payload: Uint8Array): string {
    switch (type) {
      case FrameType.headers:
        return this.#headers(from, stream, payload);
      case FrameType.data:
        return payload.length === 0 ? "" : this.#message(from, stream, payload);
      case FrameType.settings: {
        const pairs: string[] = [];
        for (let at = 0; at < payload.length; at += 6) {
          pairs.push(`${settingName(readUint16(payload, at))} ${readUint32(payload, at + 2)}`);
        }
        return pairs.join(", ");
      }
      case FrameType.windowUpdate:
      case FrameType.rstStream:
        return String(readUint32(payload, 0));
      case FrameType.goaway:
        return `last stream ${readUint32(payload, 0)}, code ${readUint32(payload, 4)}`;
      default:
        return hex(payload);
    }
  }

  #headers(from: Side, stream: number, payload: Uint8Array): string {
    const fields = this.#decoders[from].decode(payload, 0, payload.length) ?? [];
    const path = fields.find(({ name }) => name === ":path")?.value;
    if (path !== undefined) {
      this.#paths.set(stream, path);
      // What is the same in every request, once will do.
      if (this.#paths.size > 1) return `:path ${path}, …`;
    }
    return fields.map(({ name, value }) => `${name} ${value}`.trimEnd()).join(", ");
  }

  /** A gRPC message that is in one frame, as all are that are this short. */
  #message(from: Side, stream: number, payload: Uint8Array): string {
    const method = METHODS.get(this.#paths.get(stream) ?? "");
    const body = payload.slice(5);
    const read = from === this.#client ? method?.requestDeserialize : method?.responseDeserialize;
    const message = read === undefined ? "" : ` ${inWords(read(body))}`;
    const bytes = hex(body.subarray(0, SHOWN_BYTES)) + (body.length > SHOWN_BYTES ? " …" : "");
    return `${hex(payload.subarray(0, 5))} | ${bytes}${message}`.replace("|  ", "| ");
  }
}

/** A message without the fields that were not sent. */
function inWords(message: unknown): string {
  if (typeof message !== "object" || message === null) return JSON.stringify(message);
  const fields = Object.entries(message).filter(([, value]) =>
    value !== "" && value !== 0 && value !== "0" && value !== false && value !== null
  );
  return fields.length === 0
    ? "{}"
    : `{ ${fields.map(([name, value]) => `${name}: ${inWords(value)}`).join(", ")} }`;
}
