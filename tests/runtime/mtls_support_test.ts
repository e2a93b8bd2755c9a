import { doesNotThrow, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { RuntimeVersionError } from "../../src/errors.ts";
import { requireMtlsSupport } from "../../src/runtime/mtls_support.ts";
import { loadRuntime } from "../../src/runtime/runtime.ts";
import { caught } from "../wire/caught.ts";

for (const version of ["2.7.14", "2.7.15", "2.8.0", "2.10.0", "2.9.0+abc", "3.0.0", "10.0.0"]) {
  test(`requireMtlsSupport() takes Deno ${version}`, () => {
    doesNotThrow(() => requireMtlsSupport({ name: "deno", version }));
  });
}

for (const version of ["2.7.13", "2.7.0", "2.7.13+abc", "2.6.99", "2.0.0", "1.46.3", "0.99.99"]) {
  test(`requireMtlsSupport() refuses Deno ${version}`, () => {
    const error = caught(
      RuntimeVersionError,
      () => requireMtlsSupport({ name: "deno", version }),
    );
    strictEqual(error.code, "runtime-version");
    match(error.message, new RegExp(`Deno ${version.replaceAll(/[.+]/g, "\\$&")} `));
    match(error.hint ?? "", /2\.7\.14.*deno upgrade/);
  });
}

for (const version of ["20.0.0", "18.0.0", "24.1.0-nightly"]) {
  test(`requireMtlsSupport() takes Node ${version}`, () => {
    doesNotThrow(() => requireMtlsSupport({ name: "node", version }));
  });
}

test("requireMtlsSupport() takes the runtime that the tests run on", async () => {
  const runtime = await loadRuntime();
  doesNotThrow(() => requireMtlsSupport(runtime));
});
