/** gRPC's interop cases, made with a typed client of ours. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { ClientOf } from "../../../mod.ts";
import { Feed } from "../../rpc/feed.ts";
import { collect, failsWith } from "../../rpc/waiting.ts";
import { type Answer, ECHO_INITIAL, ECHO_TRAILING, type StreamRequest } from "./test_service.ts";
import { type TestContract, zeros } from "./test_service.ts";

/** The clients that a case uses. */
export interface TypedClients {
  readonly test: ClientOf<TestContract>;
  readonly unimplemented: ClientOf<Pick<TestContract, "unimplementedCall">>;
}

const SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

const sizeOf = ({ payload }: Answer) => payload?.body.length;

/** A call with streams both ways, fed by hand. */
function open(test: TypedClients["test"], options = {}) {
  const requests = new Feed<StreamRequest>();
  const responses = test.fullDuplexCall(requests, options)[Symbol.asyncIterator]();
  return { requests, responses };
}

/** The cases by the names that grpc-go's client has for them. */
export const TYPED_CASES: Readonly<Record<string, (clients: TypedClients) => Promise<void>>> = {
  async empty_unary({ test }) {
    deepStrictEqual(await test.emptyCall({}), {});
  },
  async large_unary({ test }) {
    const answer = await test.unaryCall({ responseSize: 314_159, payload: zeros(271_828) });
    strictEqual(sizeOf(answer), 314_159);
  },
  async client_streaming({ test }) {
    const requests = [27_182, 8, 1_828, 45_904].map((size) => ({ payload: zeros(size) }));
    strictEqual((await test.streamingInputCall(requests)).aggregatedPayloadSize, 74_922);
  },
  async server_streaming({ test }) {
    const sizes = [31_415, 9, 2_653, 58_979];
    const request = { responseParameters: sizes.map((size) => ({ size })) };
    deepStrictEqual((await collect(test.streamingOutputCall(request))).map(sizeOf), sizes);
  },
  async ping_pong({ test }) {
    const { requests, responses } = open(test);
    for (const [sent, asked] of [[27_182, 31_415], [8, 9], [1_828, 2_653], [45_904, 58_979]]) {
      requests.push({ responseParameters: [{ size: asked! }], payload: zeros(sent!) });
      strictEqual(sizeOf((await responses.next()).value), asked);
    }
    requests.end();
    strictEqual((await responses.next()).done, true);
  },
  async empty_stream({ test }) {
    deepStrictEqual(await collect(test.fullDuplexCall([])), []);
  },
  async timeout_on_sleeping_server({ test }) {
    const { requests, responses } = open(test, { timeoutMs: 1 });
    requests.push({ payload: zeros(27_182) });
    await failsWith("DEADLINE_EXCEEDED", responses.next());
  },
  async cancel_after_begin({ test }) {
    const controller = new AbortController();
    const requests = async function* () {
      controller.abort();
      yield* [];
    };
    await failsWith(
      "CANCELLED",
      test.streamingInputCall(requests(), { signal: controller.signal }),
    );
  },
  async cancel_after_first_response({ test }) {
    const controller = new AbortController();
    const { requests, responses } = open(test, { signal: controller.signal });
    requests.push({ responseParameters: [{ size: 31_415 }], payload: zeros(27_182) });
    strictEqual(sizeOf((await responses.next()).value), 31_415);
    controller.abort();
    await failsWith("CANCELLED", responses.next());
  },
  async custom_metadata({ test }) {
    const value = "test_initial_metadata_value";
    for (const kind of ["unary", "stream"]) {
      const seen: (string | undefined)[] = [];
      const options = {
        metadata: { [ECHO_INITIAL]: value, [ECHO_TRAILING]: "q6ur" },
        onHeaders: (headers: Readonly<Record<string, string>>) =>
          void seen.push(headers[ECHO_INITIAL]),
        onTrailers: (trailers: Readonly<Record<string, string>>) =>
          void seen.push(trailers[ECHO_TRAILING]),
      };
      if (kind === "unary") await test.unaryCall({ responseSize: 1, payload: zeros(1) }, options);
      else {
        const request = { responseParameters: [{ size: 1 }], payload: zeros(1) };
        strictEqual((await collect(test.fullDuplexCall([request], options))).length, 1);
      }
      deepStrictEqual(seen, [value, "q6ur"]);
    }
  },
  async status_code_and_message({ test }) {
    const responseStatus = { code: 2, message: "test status message" };
    const expected = { status: "UNKNOWN", message: responseStatus.message };
    await rejects(test.unaryCall({ responseStatus }), expected);
    await rejects(collect(test.fullDuplexCall([{ responseStatus }])), expected);
  },
  async special_status_message({ test }) {
    const request = { responseStatus: { code: 2, message: SPECIAL } };
    await rejects(test.unaryCall(request), { status: "UNKNOWN", message: SPECIAL });
  },
  async unimplemented_method({ test }) {
    await failsWith("UNIMPLEMENTED", test.unimplementedCall({}));
  },
  async unimplemented_service({ unimplemented }) {
    await failsWith("UNIMPLEMENTED", unimplemented.unimplementedCall({}));
  },
  async rpc_soak({ test }) {
    for (let call = 0; call < 200; call++) {
      const answer = await test.unaryCall({ responseSize: 314_159, payload: zeros(271_828) });
      strictEqual(sizeOf(answer), 314_159);
    }
  },
};
