/** Messages on their way out. */
import { RpcError } from "../../errors.ts";
import type { Release } from "../../http2/stream.ts";
import type { MethodDefinition } from "../contract.ts";

/** A method whose messages are written to memory that can be used again. */
interface Lender {
  /** Takes back what was written, once nobody needs it. */
  readonly takeBack?: Release;
}

/**
 * Writes a message.
 *
 * @throws {RpcError} If it is none of its type; grpc-js says INTERNAL as well.
 */
export function serialize(
  method: MethodDefinition,
  kind: "request" | "response",
  message: unknown,
): Uint8Array {
  try {
    return kind === "request"
      ? method.requestSerialize(message)
      : method.responseSerialize(message);
  } catch (cause) {
    throw new RpcError("INTERNAL", `The ${kind} cannot be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Where the bytes of {@linkcode serialize} go once they are sent, if the method wants them back. */
export function releaseOf(method: MethodDefinition): Release | undefined {
  return (method as Lender).takeBack;
}
