/** A host for the plugins of go-plugin's streaming example. STREAM_PLUGIN is a command line; argument: a file. */
import process from "node:process";
import { Client, createLogger, type RpcError } from "@x/goplugin/host";
import { handshake } from "../../../examples/kv/kv.ts";
import { StreamerService } from "./streamer.ts";

const client = new Client({
  handshake,
  plugins: { streamer: StreamerService },
  command: ["sh", "-c", `exec ${process.env.STREAM_PLUGIN}`],
  autoMtls: process.env.AUTO_MTLS !== "0",
  logger: createLogger({ level: "warn" }),
});
const text = "Lorem ipsum dolor sit amet";
try {
  const streamer = await client.dispense("streamer");
  await streamer.configure({ path: process.argv[2] ?? "", chunkSize: "10" });
  const bytes = new TextEncoder().encode(text);
  try {
    await streamer.write([0, 10, 20].map((at) => ({ bytesToWrite: bytes.subarray(at, at + 10) })));
  } catch (error) {
    // go-plugin's example ends this call with OK and no response, which its own host forgives.
    if ((error as RpcError).message !== "No response to this call") throw error;
  }
  const decoder = new TextDecoder();
  let read = "";
  for await (const { readBytes } of streamer.read({})) read += decoder.decode(readBytes);
  console.log(read);
} finally {
  const { step } = await client.kill();
  console.log(`ended by ${step}`);
}
