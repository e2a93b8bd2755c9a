/** A counter that prints what it does, by different means, and calls nobody back. */
import process from "node:process";
import { implement, serve } from "@x/goplugin/plugin";
import { CounterService, handshake } from "../../../examples/callback/counter.ts";

await serve({
  handshake,
  plugins: {
    counter: implement(CounterService, {
      put({ key, value }) {
        console.log(`put ${key} ${value}`);
        process.stderr.write("to stderr\n");
        return {};
      },
      get({ key }) {
        console.log("x".repeat(100_000) + key);
        return { value: "42" };
      },
    }),
  },
});
