/**
 * A provider for Terraform and OpenTofu, which start it. With `--debug` it runs
 * by itself, under a debugger for instance, and prints the variable that makes
 * them attach to it.
 */
import process from "node:process";
import { createLogger, formatReattach, implement, serve } from "@x/goplugin/plugin";
import type { ReattachConfig, ServeConfig } from "@x/goplugin/plugin";
import { noteProvider } from "./note_provider.ts";
import { handshake, ProviderService } from "./protocol.ts";
import { providerHandlers } from "./provider.ts";

const ADDRESS = "example.com/goplugin/notes";

await serve({
  handshake,
  plugins: { provider: implement(ProviderService, providerHandlers(noteProvider)) },
  // As long as those that providers in Go take; gRPC's own limit is 4 MiB.
  serverOptions: { "grpc.max_receive_message_length": 256 * 1024 * 1024 },
  ...(process.argv.includes("--debug") ? untilInterrupted() : { exitWithHost: true }),
});

/** Serves to any tofu that comes, until Ctrl-C. */
function untilInterrupted(): Pick<ServeConfig, "logger" | "test"> {
  const end = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => end.abort());
  const onReattach = (config: ReattachConfig) => {
    const providers = JSON.stringify({ [ADDRESS]: formatReattach(config) });
    console.log(`TF_REATTACH_PROVIDERS='${providers}'`);
  };
  return { logger: createLogger({ level: "info" }), test: { signal: end.signal, onReattach } };
}
