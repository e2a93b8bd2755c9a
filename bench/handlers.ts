/** What serves the calls that are timed on an open connection. */
import type { Blob } from "./bench.ts";

export const callHandlers = {
  echo: (blob: Blob) => blob,
  async *download({ chunks, size }: { chunks: number; size: number }) {
    const data = new Uint8Array(size);
    for (let i = 0; i < chunks; i++) yield { data };
  },
  async upload(blobs: AsyncIterable<Blob>) {
    let chunks = 0;
    let bytes = 0;
    for await (const { data } of blobs) {
      chunks++;
      bytes += data.length;
    }
    return { chunks, bytes: String(bytes) };
  },
  async *chat(blobs: AsyncIterable<Blob>) {
    yield* blobs;
  },
};
