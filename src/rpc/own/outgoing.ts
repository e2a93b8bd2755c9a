/** Messages on their way out. */
import type { Release } from "../../http2/stream.ts";
import type { MethodDefinition } from "../contract.ts";

/** A method whose messages are written to memory that can be used again. */
interface Lender {
  /** Takes back what was written, once nobody needs it. */
  readonly takeBack?: Release;
}

/** Where the bytes of a message go once they are sent, if the method wants them back. */
export function releaseOf(method: MethodDefinition): Release | undefined {
  return (method as Lender).takeBack;
}
