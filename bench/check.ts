/** Calls everything once, before anything is timed: a fast wrong answer is no figure. */
import { RpcError } from "@x/goplugin/host";
import { borrow, lend, makeClient } from "./host.ts";
import { say } from "./measures.ts";

async function check(name: string, once: () => Promise<unknown>): Promise<void> {
  try {
    await once();
    say({ measure: `check_${name}`, value: 1, unit: "ok" });
  } catch (error) {
    say({ measure: `check_${name}`, value: 0, unit: "ok", detail: String(error) });
  }
}

function equal(found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`found ${found}, wanted ${wanted}`);
}

async function status(call: Promise<unknown>): Promise<RpcError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error("the call went well");
}

/** Checks a plugin method by method and says for each how it went. */
export async function checkAll(): Promise<void> {
  const output: Uint8Array[] = [];
  const client = makeClient({}, output);
  try {
    await check("start", () => client.start());
    const bench = await client.dispense("bench");
    for (const size of [0, 1024, 3 * 1024 * 1024]) {
      await check(`echo_${size}`, async () => {
        const data = new Uint8Array(size).fill(0xa5);
        const { data: back } = await bench.echo({ data });
        equal(back.length, size);
        equal(back.every((byte) => byte === 0xa5), true);
      });
    }
    await check("kv", async () => {
      await bench.put({ key: "ключ", value: new TextEncoder().encode("v") });
      equal(new TextDecoder().decode((await bench.get({ key: "ключ" })).data), "v");
    });
    await check("not_found", async () => {
      equal((await status(bench.get({ key: "none" }))).status, "NOT_FOUND");
    });
    await check("fail", async () => {
      const error = await status(bench.fail({ code: 9, message: "naïve ✗ 100%" }));
      equal(`${error.status} ${error.message}`, "FAILED_PRECONDITION naïve ✗ 100%");
    });
    await check("deadline", async () => {
      equal(
        (await status(bench.sleep({ ms: 5000 }, { timeoutMs: 200 }))).status,
        "DEADLINE_EXCEEDED",
      );
    });
    await check("download", async () => {
      let bytes = 0;
      for await (const { data } of bench.download({ chunks: 100, size: 65_536 })) {
        bytes += data.length;
      }
      equal(bytes, 6_553_600);
    });
    await check("upload", async () => {
      const blobs = Array.from({ length: 100 }, () => ({ data: new Uint8Array(65_536) }));
      equal((await bench.upload(blobs)).bytes, "6553600");
    });
    await check("chat", async () => {
      const blobs = Array.from({ length: 100 }, (_, i) => ({ data: Uint8Array.of(i) }));
      let next = 0;
      for await (const { data } of bench.chat(blobs)) equal(data[0], next++);
      equal(next, 100);
    });
    await check("borrow", () => borrow({ client, bench }));
    await check("lend", () => lend({ client, bench }));
    await check("stdio", async () => {
      await bench.print({ out: "out ✓\n", err: "" });
      await new Promise((resolve) => setTimeout(resolve, 300));
      const text = new TextDecoder().decode(Uint8Array.from(output.flatMap((part) => [...part])));
      equal(text, "out ✓\n");
    });
    await check("info", () => bench.info({}));
    await check("ping", () => client.ping());
  } finally {
    await check("kill", () => client.kill());
  }
}
