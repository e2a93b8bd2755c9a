/** Messages on their way out. */
import { RpcError } from "../../errors.ts";
import type { MethodDefinition } from "../contract.ts";

/** A call, as its messages see it. */
interface Outlet {
  /** Sends a message. Returns whether there is room for more. */
  send(bytes: Uint8Array, isLast: boolean): boolean;
  /** Whether messages wait to be sent, so that their bytes are still needed. */
  readonly hasUnsent: boolean;
}

/** A method whose messages are written to memory that can be used again. */
interface Lender {
  /** Takes back what was written last. */
  takeBack?(bytes: Uint8Array): void;
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

/**
 * Sends a message that was written for it alone.
 *
 * @returns Whether there is room for more.
 */
export function send(
  outlet: Outlet,
  method: MethodDefinition,
  bytes: Uint8Array,
  isLast = false,
): boolean {
  const hasRoom = outlet.send(bytes, isLast);
  if (!outlet.hasUnsent) (method as Lender).takeBack?.(bytes);
  return hasRoom;
}
