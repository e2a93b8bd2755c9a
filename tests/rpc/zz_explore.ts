import { CallsService, chunk, openCalls } from "./calls.ts";
import { Feed } from "./feed.ts";
import { collect, soon, until } from "./waiting.ts";
import { RpcError } from "../../mod.ts";
const timers = (p: Promise<unknown>) =>
  Promise.race([
    p.then(
      (v) => ["ok", v],
      (e) => ["err", e?.constructor?.name, e?.status, e?.message, e?.cause && String(e.cause)],
    ),
    new Promise((r) => setTimeout(() => r("HUNG"), 1500)),
  ]);
const cases: Record<string, () => Promise<unknown>> = {
  async badRequestInStream() {
    await using p = await openCalls({
      upload: async (r) => chunk((await collect(r)).length),
      async *chat(r) {
        yield* r;
      },
    });
    const bad = { text: { not: "x" } } as never;
    return [
      await timers(p.calls.upload([chunk(1), bad])),
      await timers(collect(p.calls.chat([chunk(1), bad]))),
      await timers(collect(p.calls.download({ number: "x" } as never))),
    ];
  },
  async badResponse() {
    const bad = { data: 3.5, number: {}, text: Symbol("x") } as never;
    let fin = 0;
    await using p = await openCalls({
      unary: () => bad,
      async *download() {
        try {
          yield chunk(1);
          yield bad;
          yield chunk(3);
        } finally {
          fin++;
        }
      },
    });
    const r = [
      await timers(p.calls.unary(chunk(1))),
      await timers(collect(p.calls.download(chunk(1)))),
    ];
    return [...r, fin, p.served.log];
  },
  async handlerReturnsNothing() {
    await using p = await openCalls({
      unary: () => undefined as never,
      download: () => undefined as never,
    });
    return [
      await timers(p.calls.unary(chunk(1))),
      await timers(collect(p.calls.download(chunk(1)))),
      p.served.log,
    ];
  },
  async nullRequest() {
    await using p = await openCalls({ unary: (r) => r });
    return [
      await timers(p.calls.unary(undefined as never)),
      await timers(p.calls.unary(null as never)),
    ];
  },
  async nullChunkYield() {
    await using p = await openCalls({
      async *download() {
        yield null as never;
        yield undefined as never;
        yield chunk(2);
      },
    });
    return [await timers(collect(p.calls.download(chunk(1)))), p.served.log];
  },
  async nullRequestStream() {
    await using p = await openCalls({ upload: async (r) => chunk((await collect(r)).length) });
    return [
      await timers(p.calls.upload([null as never])),
      await timers(p.calls.upload([undefined as never, chunk(1)])),
    ];
  },
  async throwsNonError() {
    await using p = await openCalls({
      unary: () => {
        throw "text";
      },
      download: () => {
        throw undefined;
      },
      upload: () => {
        throw null;
      },
      async *chat() {
        throw { a: 1 };
      },
    });
    return [
      await timers(p.calls.unary(chunk(1))),
      await timers(collect(p.calls.download(chunk(1)))),
      await timers(p.calls.upload([])),
      await timers(collect(p.calls.chat([]))),
      p.served.log,
    ];
  },
  async earlyAnswer() {
    const f = new Feed();
    f.push(chunk(1));
    await using p = await openCalls({ upload: async () => chunk(7) });
    return [await timers(p.calls.upload(f as never)), await timers(f.left.wait())];
  },
  async earlyAnswerAfterOne() {
    const f = new Feed();
    f.push(chunk(1));
    await using p = await openCalls({
      upload: async (r) => {
        for await (const c of r) return c;
        return chunk(9);
      },
    });
    return [await timers(p.calls.upload(f as never)), await timers(f.left.wait())];
  },
  async leftThenAnswerChat() {
    const f = new Feed();
    f.push(chunk(1));
    f.push(chunk(2));
    await using p = await openCalls({
      async *chat(r) {
        for await (const c of r) {
          yield c;
          break;
        }
        yield chunk(5);
        yield chunk(6);
      },
    });
    return [await timers(collect(p.calls.chat(f as never))), await timers(f.left.wait())];
  },
  async requestsThrow() {
    const f = new Feed();
    f.push(chunk(1));
    f.fail(new RangeError("mine"));
    let log: unknown[] = [];
    await using p = await openCalls({
      upload: async (r, c) => {
        try {
          await collect(r);
        } catch (e) {
          log.push(String(e));
        }
        log.push(c.signal.aborted, String(c.signal.reason));
        return chunk(1);
      },
    });
    const r = await timers(p.calls.upload(f as never));
    await until(() => log.length > 1, "x").catch(() => {});
    return [r, log];
  },
  async requestsThrowUndefined() {
    await using p = await openCalls({
      upload: async (r) => {
        await collect(r);
        return chunk(1);
      },
    });
    return [
      await timers(p.calls.upload((async function* () {
        throw undefined;
      })())),
      await timers(
        p.calls.upload([][Symbol.iterator].call(null) as never).catch((e) => {
          throw e;
        }),
      ).valueOf(),
    ].slice(0, 2);
  },
};
const only = globalThis.Deno.args;
for (const [n, f] of Object.entries(cases)) {
  if (only.length && !only.includes(n)) continue;
  try {
    console.log(
      "==",
      n,
      globalThis.Deno.inspect(
        await Promise.race([f(), new Promise((r) => setTimeout(() => r("TOTAL HANG"), 8000))]),
        { depth: 8, colors: false },
      ),
    );
  } catch (e) {
    console.log("==", n, "threw", e);
  }
}
Deno.exit(0);
