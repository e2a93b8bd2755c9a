/**
 * A provider for Terraform and OpenTofu, which start it. With `--debug` it runs
 * by itself, under a debugger for instance, and prints the variable that makes
 * them attach to it.
 */
import process from "node:process";
import { formatReattach, implement, serve } from "@x/goplugin/plugin";
import { noteProvider } from "./note_provider.ts";
import { handshake, ProviderService } from "./protocol.ts";
import { providerHandlers } from "./provider.ts";

const ADDRESS = "example.com/goplugin/notes";

await serve({
  handshake,
  plugins: { provider: implement(ProviderService, providerHandlers(noteProvider)) },
  // As long as those that providers in Go take; gRPC's own limit is 4 MiB.
  serverOptions: { "grpc.max_receive_message_length": 256 * 1024 * 1024 },
  ...(process.argv.includes("--debug")
    ? {
      test: {
        onReattach: (config) => {
          const providers = JSON.stringify({ [ADDRESS]: formatReattach(config) });
          console.log(`TF_REATTACH_PROVIDERS='${providers}'`);
        },
      },
    }
    : { exitWithHost: true }),
});
