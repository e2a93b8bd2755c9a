/** A plugin that greets. A host starts it; see host.ts. */
import { implement, RpcError, serve } from "@x/goplugin/plugin";
import { GreeterService, handshake } from "./greeter.ts";

await serve({
  handshake,
  plugins: {
    greeter: implement(GreeterService, {
      greet({ name }) {
        if (name === "") throw new RpcError("INVALID_ARGUMENT", "Nobody to greet");
        return { text: `Hello, ${name}!` };
      },
    }),
  },
});
