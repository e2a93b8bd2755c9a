/** Serves go-plugin's own test service. Its first argument is the network to listen on. */
import process from "node:process";
import { implement, type Network, serve } from "@x/goplugin/plugin";
import { BidirectionalService, handshake, PingPongService } from "./bidirectional.ts";

await serve({
  handshake,
  network: (process.argv[2] ?? "auto") as Network,
  plugins: {
    test: implement(BidirectionalService, ({ broker }) => ({
      double: ({ Input }) => ({ Output: Input * 2 }),
      async bidirectional({ id: theirs }) {
        await using client = await broker.dial(theirs, PingPongService);
        const { msg } = await client.ping({});
        const id = broker.nextId();
        await broker.serve(id, implement(PingPongService, { ping: () => ({ msg }) }));
        return { id };
      },
      async *stream(requests) {
        for await (const { Input } of requests) yield { Output: Input * 2 };
      },
      printStdio({ stdout, stderr }) {
        process.stdout.write(stdout);
        process.stderr.write(stderr);
        return {};
      },
    })),
  },
});
