/** This module's own engine with nothing on top: what the plugin layer costs is the rest. */
import { createServer as createListener } from "node:net";
import { createLogger } from "@x/goplugin";
import { openChannel } from "../../src/rpc/channel.ts";
import { makeClient } from "../../src/rpc/client.ts";
import { createServer } from "../../src/rpc/server.ts";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { BenchService } from "../bench.ts";
import { callHandlers } from "../handlers.ts";
import type { Bare, BareTls } from "./calls.ts";

/** The other side's certificate is the authority for itself. */
function tlsOf(tls: BareTls | undefined) {
  return tls && { ca: tls.ca, certificate: tls.cert, privateKey: tls.key };
}

/** Carries the calls by the engine alone. */
export const bareEngine: Bare = {
  async serve(path, tls) {
    const runtime = await loadRuntime();
    const logger = createLogger({ level: "off" });
    const server = await createServer({ runtime, logger, tls: tlsOf(tls), engine: undefined });
    const service = await BenchService.load();
    const unused = () => {
      throw new Error("not timed");
    };
    const others = Object.fromEntries([...service.methods.keys()].map((name) => [name, unused]));
    server.register(service, { ...others, ...callHandlers });
    const listener = createListener((socket) => server.serve(socket));
    await new Promise<void>((resolve) => listener.listen(path, resolve));
  },

  async connect(path, tls) {
    const runtime = await loadRuntime();
    const channel = await openChannel({
      runtime,
      peer: { network: "unix", path },
      tls: tlsOf(tls),
      gone: new Promise(() => {}),
      engine: undefined,
    });
    return {
      calls: await makeClient(BenchService, channel),
      close: () => channel.close(new Error("The benchmark is over")),
    };
  },
};
