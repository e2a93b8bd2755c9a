/** The contract of go-plugin's own test service, and its handshake here. */
import { type HandshakeConfig, service } from "@x/goplugin";
import { descriptor } from "./bidirectional_descriptor.ts";

export const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: "TEST_MAGIC_COOKIE",
  magicCookieValue: "test",
};

/** Served by the plugin. */
export interface Bidirectional {
  double(request: { Input: number }): Promise<{ Output: number }>;
  /** The plugin pings what the host serves under the id, and serves the same under its own. */
  bidirectional(request: { id: number }): Promise<{ id: number }>;
  stream(requests: AsyncIterable<{ Input: number }>): AsyncIterable<{ Output: number }>;
  printStdio(request: { stdout: Uint8Array; stderr: Uint8Array }): Promise<Record<never, never>>;
}

/** Served by either. */
export interface PingPong {
  ping(request: Record<never, never>): Promise<{ msg: string }>;
}

export const BidirectionalService = service<Bidirectional>(descriptor, "grpctest.Test");
export const PingPongService = service<PingPong>(descriptor, "grpctest.PingPong");
