/**
 * What grpc-go's interop cases do not ask of our client. Prints a line of JSON.
 *
 *     fault_client PORT gzip|slow-reader|killed
 */
import { connect, type Socket } from "node:net";
import process from "node:process";
import { makeDuplexLink } from "../../../src/http2/duplex_link.ts";
import { makeClient } from "../../../src/rpc/client.ts";
import { openOwnChannel } from "../../../src/rpc/own/channel.ts";
import { loadRuntime } from "../../../src/runtime/runtime.ts";
import { collect } from "../../rpc/waiting.ts";
import { TestService } from "./test_service.ts";

const [port, mode] = process.argv.slice(2);
const address = { network: "tcp", host: "127.0.0.1", port: Number(port) } as const;
let socket: Socket | undefined;
const channel = await openOwnChannel(
  { runtime: await loadRuntime(), peer: address, gone: new Promise(() => {}) },
  () => Promise.resolve(makeDuplexLink(socket = connect({ ...address, noDelay: true }))),
);
const client = await makeClient(TestService, channel);
const MIB = 2 ** 20;

const MODES: Readonly<Record<string, () => Promise<unknown>>> = {
  /** Answers of zeros that the server compresses. */
  async gzip() {
    const options = { metadata: { "want-gzip": "yes" } };
    const request = { responseParameters: [{ size: 1 }, { size: 300_000 }] };
    const { payload } = await client.unaryCall({ responseSize: 100_000 }, options);
    const answers = await collect(client.streamingOutputCall(request, options));
    const sizes = [payload, ...answers.map((answer) => answer.payload)];
    return { sizes: sizes.map((found) => found?.body.length), bytesRead: socket?.bytesRead };
  },

  /** Takes one message of 1 MiB and lets the server send as many more as it can. */
  async "slow-reader"() {
    await client.emptyCall({});
    const responseParameters = Array.from({ length: 300 }, () => ({ size: MIB }));
    const responses = client.streamingOutputCall({ responseParameters })[Symbol.asyncIterator]();
    const before = process.memoryUsage().rss;
    await responses.next();
    for (let call = 0; call < 500; call++) await client.emptyCall({});
    const heldMib = Math.round((process.memoryUsage().rss - before) / MIB);
    let received = 1;
    while (!(await responses.next()).done) received++;
    return { heldMib, received };
  },

  /** Waits for an answer of a server that somebody kills. */
  async killed() {
    const chat = client.fullDuplexCall((async function* () {
      yield { responseParameters: [{ size: 1 }] };
      await new Promise(() => {});
    })())[Symbol.asyncIterator]();
    await chat.next();
    console.log("waiting");
    const statuses: unknown[] = [];
    for (const call of [() => chat.next(), () => client.emptyCall({})]) {
      await call().then(() => statuses.push("OK"), ({ status }) => statuses.push(status));
    }
    return { statuses };
  },

  /** Makes many calls with deadlines that are far away. Nothing may keep the program from ending. */
  async deadlines() {
    const collectGarbage = (globalThis as { readonly gc?: () => void }).gc;
    const make = async (count: number) => {
      const worker = async () => {
        for (let call = 0; call < count / 50; call++) {
          await client.emptyCall({}, { timeoutMs: 3_600_000 });
        }
      };
      await Promise.all(Array.from({ length: 50 }, worker));
      collectGarbage?.();
      return process.memoryUsage().heapUsed;
    };
    const before = await make(5_000);
    const after = await make(30_000);
    return { hasGc: collectGarbage !== undefined, grownMib: (after - before) / MIB };
  },
};

console.log(JSON.stringify(await MODES[mode as string]?.()));
channel.close(new Error("All is done"));
