/** Copies of small pieces of memory. */

/** Memory taken at once for many copies. */
const POOL_BYTES = 16 << 10;
/** What is longer gets memory of its own. */
const SMALL_BYTES = POOL_BYTES / 4;

let pool = new Uint8Array(0);
let used = 0;

/**
 * Copies bytes. Small copies share their memory, as Node's Buffers do: memory
 * of its own costs a small value more than everything else about it, and costs
 * the garbage collector again.
 */
export function copySmall(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length > SMALL_BYTES) return bytes.slice();
  if (used + length > pool.length) {
    pool = new Uint8Array(POOL_BYTES);
    used = 0;
  }
  const copy = new Uint8Array(pool.buffer, used, length);
  copy.set(bytes);
  // Kept at multiples of 8, so that any kind of number can be read in place.
  used += (length + 7) & ~7;
  return copy;
}
