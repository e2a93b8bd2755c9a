/** The contract most tests use: one method of each kind. */
import { type ClientOf, type HandlersOf, RpcError, service } from "../../mod.ts";
import type { Plugin, Service } from "../../mod.ts";
import { implement } from "../../plugin.ts";
import { descriptor } from "../helpers/everything_descriptor.ts";
import { openPair, type RpcPair, type Transport } from "../helpers/rpc_pair.ts";

/** The message of all methods. */
export interface Chunk {
  readonly number: number;
  readonly text: string;
  readonly data: Uint8Array;
}

/** One method of each kind. */
export interface Calls {
  unary(request: Chunk): Promise<Chunk>;
  download(request: Chunk): AsyncIterable<Chunk>;
  upload(requests: AsyncIterable<Chunk>): Promise<Chunk>;
  chat(requests: AsyncIterable<Chunk>): AsyncIterable<Chunk>;
}

export const CallsService: Service<Calls> = service<Calls>(descriptor, "everything.Calls");

/** A message. */
export function chunk(number: number, text = "", data: Uint8Array = new Uint8Array()): Chunk {
  return { number, text, data };
}

/** Makes handlers; a method left out answers UNIMPLEMENTED with its name. */
export function implementCalls(handlers: Partial<HandlersOf<Calls>>): Plugin<ClientOf<Calls>> {
  const fail = (name: string): never => {
    throw new RpcError("UNIMPLEMENTED", `The test has no ${name}()`);
  };
  return implement(CallsService, {
    unary: () => fail("unary"),
    download: () => fail("download"),
    upload: () => fail("upload"),
    chat: () => fail("chat"),
    ...handlers,
  });
}

/** A served implementation with its client. */
export interface CallsPair extends RpcPair {
  readonly calls: ClientOf<Calls>;
}

/** Serves handlers and connects to them. */
export async function openCalls(
  handlers: Partial<HandlersOf<Calls>>,
  transport?: Transport,
): Promise<CallsPair> {
  const pair = await openPair([implementCalls(handlers)], transport);
  return { ...pair, calls: await pair.client(CallsService) };
}
