/**
 * Calls of all kinds at once, to a mirror. Prints a line of JSON at the end.
 *
 *     load_client PORT
 */
import process from "node:process";
import { makeClient } from "../../../src/rpc/client.ts";
import { openChannel } from "../../../src/rpc/channel.ts";
import { loadRuntime } from "../../../src/runtime/runtime.ts";
import { CallsService } from "../../rpc/calls.ts";
import { mixedLoad } from "../../rpc/mixed_load.ts";

const channel = await openChannel({
  runtime: await loadRuntime(),
  peer: { network: "tcp", host: "127.0.0.1", port: Number(process.argv[2]) },
  gone: new Promise(() => {}),
  engine: { engine: "own" },
});
console.log(JSON.stringify(await mixedLoad(await makeClient(CallsService, channel))));
channel.close(new Error("All is done"));
