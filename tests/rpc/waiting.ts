/** Waiting for events, and for errors, with a deadline. */
import { fail, strictEqual } from "node:assert/strict";
import { RpcError, type StatusName } from "../../src/errors.ts";
import { within } from "../helpers/wait.ts";

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
    return within(this.#promise, this.#name);
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
    value = await within(promise, `an error of class ${type.name}`);
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
