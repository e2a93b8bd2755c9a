import { fail, strictEqual } from "node:assert/strict";

/** Runs `action` and returns what it throws, which must be a `type` and no subclass of it. */
export function caught<E extends Error>(
  type: new (...args: never[]) => E,
  action: () => unknown,
): E {
  try {
    action();
  } catch (error) {
    const { constructor, message } = error as E;
    strictEqual(constructor.name, type.name, message);
    strictEqual(constructor, type, message);
    return error as E;
  }
  fail(`nothing was thrown instead of ${type.name}`);
}
