/** A plugin for the hosts of go-plugin's streaming example: keeps its text in a file. */
import { readFile, writeFile } from "node:fs/promises";
import { implement, RpcError, serve } from "@x/goplugin/plugin";
import { handshake } from "../../../examples/kv/kv.ts";
import { StreamerService } from "./streamer.ts";

let path = "";
let chunkSize = 1;

const streamer = implement(StreamerService, {
  configure(request) {
    path = request.path;
    chunkSize = Number(request.chunkSize);
    return {};
  },
  async write(requests) {
    const chunks: Uint8Array[] = [];
    for await (const { bytesToWrite } of requests) chunks.push(bytesToWrite);
    await writeFile(path, new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()));
    return {};
  },
  async *read() {
    const bytes = await readFile(path).catch((error) => {
      throw new RpcError("FAILED_PRECONDITION", error.message);
    });
    for (let start = 0; start < bytes.length; start += chunkSize) {
      yield { readBytes: bytes.subarray(start, start + chunkSize) };
    }
  },
});

await serve({ handshake, plugins: { streamer } });
