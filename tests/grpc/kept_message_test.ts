import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { KeptMessage } from "../../src/grpc/kept_message.ts";

function kept() {
  const released: Uint8Array[] = [];
  const bytes = Uint8Array.of(1);
  return { bytes, released, message: new KeptMessage(bytes, (it) => released.push(it)) };
}

test("KeptMessage gives its bytes back when they are written and not kept, in either order", () => {
  const first = kept();
  const write = first.message.write();
  write?.(first.bytes);
  deepStrictEqual(first.released, []);
  first.message.letGo();
  deepStrictEqual(first.released, [first.bytes]);

  const second = kept();
  const late = second.message.write();
  second.message.letGo();
  deepStrictEqual(second.released, []);
  late?.(second.bytes);
  deepStrictEqual(second.released, [second.bytes]);
});

test("KeptMessage gives nothing back as long as one of two writes goes on", () => {
  const { bytes, released, message } = kept();
  const first = message.write();
  const second = message.write();
  second?.(bytes);
  message.letGo();
  deepStrictEqual(released, []);
  first?.(bytes);
  deepStrictEqual(released, [bytes]);
});

test("KeptMessage that nobody wants back asks for no news of its writes", () => {
  const message = new KeptMessage(Uint8Array.of(1), undefined);
  strictEqual(message.write(), undefined);
  message.letGo();
});
