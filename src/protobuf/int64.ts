/** Integers of 64 bits as two halves, to and from what JavaScript programs hold. */

/** The low and high 32 bits of an integer, each as an unsigned number. */
export interface Halves {
  low: number;
  high: number;
}

const WORD = 2 ** 32;
/** The decimal digits taken at a time: a half times this still fits a number. */
const DIGITS = 6;
const MILLION = 10 ** DIGITS;

/** The decimal form of an integer without a sign. */
export function formatUint64(low: number, high: number): string {
  if (high < 2 ** 21) return String(high * WORD + low);
  // high = q · 10⁶ + r, so that r · 2³² + low is exact.
  const rest = (high % MILLION) * WORD + low;
  const front = Math.floor(high / MILLION) * WORD + Math.floor(rest / MILLION);
  return String(front) + String(rest % MILLION).padStart(DIGITS, "0");
}

/** The decimal form of an integer in two's complement. */
export function formatInt64(low: number, high: number): string {
  if (high < 2 ** 31) return formatUint64(low, high);
  const negatedLow = -low >>> 0;
  const negatedHigh = (low === 0 ? -high : ~high) >>> 0;
  return `-${formatUint64(negatedLow, negatedHigh)}`;
}

/**
 * Splits what a program may give for an integer of 64 bits: a number, which is
 * rounded towards zero and kept within the bounds; a string of decimal digits,
 * a bigint, or an object with `low` and `high` such as a `Long`, which are cut
 * to 64 bits.
 *
 * @returns Whether the value is any of these; the halves are set only if it is.
 */
export function splitInt64(value: unknown, isUnsigned: boolean, into: Halves): boolean {
  switch (typeof value) {
    case "number":
      splitNumber(value, isUnsigned, into);
      return true;
    case "string":
      return splitDigits(value, into);
    case "bigint":
      into.low = Number(BigInt.asUintN(32, value));
      into.high = Number(BigInt.asUintN(32, value >> 32n));
      return true;
    case "object": {
      const { low, high } = (value ?? {}) as { low?: unknown; high?: unknown };
      if (typeof low !== "number" || typeof high !== "number") return false;
      into.low = low >>> 0;
      into.high = high >>> 0;
      return true;
    }
    default:
      return false;
  }
}

function splitNumber(value: number, isUnsigned: boolean, into: Halves): void {
  const lowest = isUnsigned ? 0 : -(2 ** 63);
  const limit = isUnsigned ? 2 ** 64 : 2 ** 63;
  if (value >= limit) {
    into.low = 0xffffffff;
    into.high = isUnsigned ? 0xffffffff : 0x7fffffff;
    return;
  }
  const whole = Math.trunc(Math.max(value, lowest)) || 0; // NaN is taken for 0, as by Long
  into.low = whole >>> 0;
  into.high = Math.floor(whole / WORD) >>> 0;
}

function splitDigits(text: string, into: Halves): boolean {
  const sign = text.charCodeAt(0);
  const start = sign === 45 || sign === 43 ? 1 : 0; // minus, plus
  if (start === text.length) return false;
  let low = 0;
  let high = 0;
  for (let at = start; at < text.length;) {
    let chunk = 0;
    let scale = 1;
    for (let count = 0; count < DIGITS && at < text.length; count++, at++) {
      const digit = text.charCodeAt(at) - 48;
      if (!(digit >= 0 && digit <= 9)) return false;
      chunk = chunk * 10 + digit;
      scale *= 10;
    }
    const sum = low * scale + chunk;
    low = sum >>> 0;
    high = (high * scale + Math.floor(sum / WORD)) >>> 0;
  }
  if (sign === 45) {
    high = (low === 0 ? -high : ~high) >>> 0;
    low = -low >>> 0;
  }
  into.low = low;
  into.high = high;
  return true;
}
