/**
 * The test service, served by our engine. Prints its port, and `stopped` when
 * it has stopped, which it does when it has served the calls of STOP_AFTER.
 *
 *     server socket|duplex [CERTIFICATE KEY]
 */
import { readFileSync } from "node:fs";
import { createServer as createListener } from "node:net";
import process from "node:process";
import { createLogger } from "../../../mod.ts";
import { createServer } from "../../../src/rpc/server.ts";
import { loadRuntime } from "../../../src/runtime/runtime.ts";
import { BareDuplex } from "../../helpers/bare_duplex.ts";
import { handlers, loadImplemented } from "./test_service.ts";

const [transport, certificateFile, keyFile] = process.argv.slice(2);
const stopAfter = Number(process.env.STOP_AFTER ?? Infinity);
const server = await createServer({
  runtime: await loadRuntime(),
  logger: createLogger({ level: "warn" }),
  engine: { engine: "own" },
  ...(certificateFile !== undefined && keyFile !== undefined && {
    tls: {
      certificate: readFileSync(certificateFile, "utf8"),
      privateKey: readFileSync(keyFile, "utf8"),
    },
  }),
});

let served = 0;
server.register(await loadImplemented(), {
  ...handlers,
  unaryCall(...args: Parameters<typeof handlers.unaryCall>) {
    if (++served === stopAfter) void stop();
    return handlers.unaryCall(...args);
  },
});
const listener = createListener((socket) => {
  socket.on("error", () => {});
  server.serve(transport === "duplex" ? new BareDuplex(socket) : socket);
});
listener.listen(0, "127.0.0.1", () => {
  console.log((listener.address() as { port: number }).port);
});

async function stop(): Promise<void> {
  listener.close();
  await server.stop(10_000);
  console.log("stopped");
}
