/**
 * What host and plugin share: the handshake and the two contracts of
 * go-plugin's bidirectional example. The plugin serves the counter; the host
 * serves the helper that adds, which the plugin calls back.
 */
import { type HandshakeConfig, service } from "@x/goplugin";
import { descriptor } from "./counter_descriptor.ts";

export const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: "BASIC_PLUGIN",
  magicCookieValue: "hello",
};

/** Served by the plugin. 64-bit integers are strings. */
export interface Counter {
  get(request: { key: string }): Promise<{ value: string }>;
  /** `addServer` is the id under which the host serves an `AddHelper`. */
  put(request: { addServer: number; key: string; value: string }): Promise<Record<never, never>>;
}

/** Served by the host. */
export interface AddHelper {
  sum(request: { a: string; b: string }): Promise<{ r: string }>;
}

export const CounterService = service<Counter>(descriptor, "proto.Counter");
export const AddHelperService = service<AddHelper>(descriptor, "proto.AddHelper");
