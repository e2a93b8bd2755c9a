/** The contract of go-plugin's streaming example. */
import { service } from "@x/goplugin";
import { descriptor } from "./streamer_descriptor.ts";

export interface Streamer {
  configure(request: { path: string; chunkSize: string }): Promise<Record<never, never>>;
  read(request: Record<never, never>): AsyncIterable<{ readBytes: Uint8Array }>;
  write(requests: AsyncIterable<{ bytesToWrite: Uint8Array }>): Promise<Record<never, never>>;
}

export const StreamerService = service<Streamer>(descriptor, "proto.StreamerService");
