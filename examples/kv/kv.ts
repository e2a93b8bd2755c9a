/**
 * What host and plugin share: the handshake and the contract of go-plugin's
 * own gRPC example.
 */
import { type HandshakeConfig, service } from "@x/goplugin";
import { descriptor } from "./kv_descriptor.ts";

export const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: "BASIC_PLUGIN",
  magicCookieValue: "hello",
};

export interface Kv {
  put(request: { key: string; value: Uint8Array }): Promise<Record<never, never>>;
  get(request: { key: string }): Promise<{ value: Uint8Array }>;
}

export const KvService = service<Kv>(descriptor, "proto.KV");
