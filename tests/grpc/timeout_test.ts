import { strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { formatTimeout, parseTimeout } from "../../src/grpc/timeout.ts";

for (
  const [timeoutMs, field] of [
    [0, "1m"],
    [0.2, "1m"],
    [1, "1m"],
    [1.5, "2m"],
    [500, "500m"],
    [99_999_999, "99999999m"],
    [100_000_000, "100000S"],
    [100_000_001, "100001S"],
    [99_999_999_000, "99999999S"],
    [99_999_999_001, "1666667M"],
    [1e15, "99999999H"],
  ] as const
) {
  test(`formatTimeout() writes ${timeoutMs} ms as ${field}`, () => {
    strictEqual(formatTimeout(timeoutMs), field);
    strictEqual(/^\d{1,8}[mSMH]$/.test(field), true);
  });
}

for (
  const [field, timeoutMs] of [
    ["1n", 1e-6],
    ["5u", 5e-3],
    ["7m", 7],
    ["3S", 3_000],
    ["2M", 120_000],
    ["1H", 3_600_000],
    ["0m", 0],
    ["99999999H", 99_999_999 * 3_600_000],
    ["123456789m", undefined],
    ["m", undefined],
    ["1", undefined],
    ["1s", undefined],
    ["-1m", undefined],
    ["1.5S", undefined],
    [" 1m", undefined],
    ["", undefined],
  ] as const
) {
  test(`parseTimeout() reads ${JSON.stringify(field)} as ${timeoutMs}`, () => {
    strictEqual(parseTimeout(field), timeoutMs);
  });
}
