/** Which engine carries the calls in this run of the tests. */
import process from "node:process";
import { isDeno } from "./program.ts";

/** Whether it is grpc-js, because `GOPLUGIN_ENGINE` says so. */
export const isGrpcJs: boolean = process.env.GOPLUGIN_ENGINE === "grpc-js";

/**
 * For `test(name, { skip }, …)`: why grpc-js does not pass a test that this
 * module's own engine passes. See "Known limits" in the README.
 */
export function exceptGrpcJs(reason: string): string | false {
  return isGrpcJs && `with grpc-js: ${reason}`;
}

/**
 * For `test(name, { skip }, …)` whose connections end in a way at which Deno
 * crashes with grpc-js, and the whole run with it: not always, but often.
 */
export function exceptCrashes(): string | false {
  return isDeno &&
    exceptGrpcJs("Deno 2.9 can crash in node:http2 at a GOAWAY: denoland/deno#36788");
}
