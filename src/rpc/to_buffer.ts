/** Bytes for code that was written for grpc-js. */
import { Buffer } from "node:buffer";

/** The same memory as a Buffer: generated code and grpc-js count on its methods. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
