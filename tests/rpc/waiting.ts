/** Waiting for events, and for errors, with a deadline. */
import { fail, strictEqual } from "node:assert/strict";
import { RpcError, type StatusName } from "../../src/errors.ts";
import { waitAtMost } from "../../src/runtime/wait.ts";

const LIMIT_MS = 20_000;

/** Waits for what must come, and names it if it does not. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  const come = await waitAtMost(promise.then((value) => ({ value })), LIMIT_MS);
  return come === undefined ? fail(`${what}: nothing within ${LIMIT_MS} ms`) : come.value;
}

/** Something that happens once. */
export class Happening<T = void> {
  /** Sets it off; only the first time counts. */
  readonly come: (value: T) => void;
  readonly #name: string;
  readonly #promise: Promise<T>;

  constructor(name: string) {
    this.#name = name;
    let come: (value: T) => void = () => {};
    this.#promise = new Promise((resolve) => come = resolve);
    this.come = come;
  }

  /** Waits for it. */
  wait(): Promise<T> {
    return soon(this.#promise, this.#name);
  }
}

/** Waits until a signal fires, and returns its reason. */
export async function aborted(signal: AbortSignal): Promise<unknown> {
  const event = new Happening(`a signal`);
  signal.addEventListener("abort", () => event.come(), { once: true });
  if (!signal.aborted) await event.wait();
  return signal.reason;
}

/** Waits for a rejection with an error of that very class. */
export async function rejected<E extends Error>(
  type: new (...args: never[]) => E,
  promise: Promise<unknown>,
): Promise<E> {
  let value: unknown;
  try {
    value = await soon(promise, `an error of class ${type.name}`);
  } catch (error) {
    strictEqual((error as Error)?.constructor, type, String((error as Error)?.stack));
    return error as E;
  }
  fail(`no ${type.name} but ${value}`);
}

/** Waits for a call to end with that status. */
export async function failsWith(status: StatusName, call: Promise<unknown>): Promise<RpcError> {
  const error = await rejected(RpcError, call);
  strictEqual(error.status, status, error.message);
  return error;
}

/** All that an iterable yields. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  while (!condition()) {
    if (Date.now() > end) fail(`${what}: not within ${LIMIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
