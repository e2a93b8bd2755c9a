import { doesNotThrow, match, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { MagicCookieError } from "../../src/errors.ts";
import { checkMagicCookie } from "../../src/wire/magic_cookie.ts";
import { caught } from "./caught.ts";

const CONFIG = { magicCookieKey: "BASIC_PLUGIN", magicCookieValue: "hello" };

test("checkMagicCookie() accepts the value that is configured", () => {
  doesNotThrow(() => checkMagicCookie(CONFIG, "hello"));
});

for (
  const [found, what] of [
    [undefined, "a variable that is not set"],
    ["", "an empty variable"],
    ["goodbye", "another value"],
    ["Hello", "another case"],
    ["hello ", "a blank at the end"],
  ] as const
) {
  test(`checkMagicCookie() refuses ${what}`, () => {
    const error = caught(
      MagicCookieError,
      () => checkMagicCookie(CONFIG, found),
    );
    strictEqual(error.code, "cookie-mismatch");
    match(error.message, /is a plugin and is not meant to be run by itself/);
    match(error.message, /Run the program that uses it/);
    match(error.message, /BASIC_PLUGIN/);
    strictEqual(error.message.split("\n").length, 3);
    ok(!error.message.includes("hello"), "the message gives the cookie away");
  });
}

for (
  const [config, found] of [
    [{ ...CONFIG, magicCookieKey: "" }, "hello"],
    [{ ...CONFIG, magicCookieKey: "" }, undefined],
    [{ ...CONFIG, magicCookieValue: "" }, ""],
    [{ ...CONFIG, magicCookieValue: "" }, undefined],
    [{ magicCookieKey: "", magicCookieValue: "" }, ""],
  ] as const
) {
  const { magicCookieKey: key, magicCookieValue: value } = config;
  test(`checkMagicCookie() refuses the configuration "${key}" = "${value}", whatever is found (${found})`, () => {
    const error = caught(
      MagicCookieError,
      () => checkMagicCookie(config, found),
    );
    strictEqual(error.code, "cookie-not-configured");
    match(error.message, /no magic cookie key or value/);
    match(error.message, /notify the author/);
  });
}
