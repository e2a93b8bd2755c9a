import { match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { decodeStatusMessage, encodeStatusMessage } from "../../src/grpc/status_message.ts";

for (
  const [text, field] of [
    ["", ""],
    ["plain text, all of it!", "plain text, all of it!"],
    ["100 %", "100 %25"],
    ["a\nb\tc", "a%0Ab%09c"],
    ["ключ", "%D0%BA%D0%BB%D1%8E%D1%87"],
    ["🎈", "%F0%9F%8E%88"],
    ["\u007f", "%7F"],
    ["~ {}", "~ {}"],
  ] as const
) {
  test(`encodeStatusMessage() writes ${JSON.stringify(text)} as ${JSON.stringify(field)}`, () => {
    strictEqual(encodeStatusMessage(text), field);
    strictEqual(decodeStatusMessage(field), text);
  });
}

for (
  const [field, text] of [
    ["%zz", "%zz"],
    ["100%", "100%"],
    ["%4", "%4"],
    ["%41%zz%42", "A%zzB"],
    ["%d0%ba", "к"],
    ["\u00d0\u00ba", "к"],
    ["%ff", "\ufffd"],
  ] as const
) {
  test(`decodeStatusMessage() makes the best of ${JSON.stringify(field)}`, () => {
    strictEqual(decodeStatusMessage(field), text);
  });
}

test("encodeStatusMessage() gives nothing but printable ASCII, and loses nothing", () => {
  let text = "";
  for (let code = 0; code < 0x500; code++) text += String.fromCharCode(code);
  match(encodeStatusMessage(text), /^[ -~]*$/);
  strictEqual(decodeStatusMessage(encodeStatusMessage(text)), text);
});
