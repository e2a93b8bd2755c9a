/** Which engine carries the calls in this run of the tests. */
import process from "node:process";

/** Whether it is grpc-js, because `GOPLUGIN_ENGINE` says so. */
export const isGrpcJs: boolean = process.env.GOPLUGIN_ENGINE === "grpc-js";

/**
 * For `test(name, { skip }, …)`: why grpc-js does not pass a test that this
 * module's own engine passes. See "Known limits" in the README.
 */
export function exceptGrpcJs(reason: string): string | false {
  return isGrpcJs && `with grpc-js: ${reason}`;
}
