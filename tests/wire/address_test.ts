import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { type Address, formatAddress, parseAddress } from "../../src/wire/address.ts";
import { caught } from "./caught.ts";
import { forSeeds } from "./random.ts";

// The forms that a host on go-plugin 1.8 was seen to take.
for (
  const [network, text, address] of [
    ["unix", "/tmp/plugin123", { network: "unix", path: "/tmp/plugin123" }],
    ["unix", "", { network: "unix", path: "" }],
    ["unix", "plugin.sock", { network: "unix", path: "plugin.sock" }],
    ["unix", "@abstract", { network: "unix", path: "@abstract" }],
    ["unix", "C:\\t\\p:1", { network: "unix", path: "C:\\t\\p:1" }],
    ["tcp", "127.0.0.1:1234", tcp("127.0.0.1", 1234)],
    ["tcp", "127.0.0.1:0", tcp("127.0.0.1", 0)],
    ["tcp", "127.0.0.1:65535", tcp("127.0.0.1", 65_535)],
    ["tcp", "127.0.0.1:+080", tcp("127.0.0.1", 80)],
    ["tcp", "[::1]:1234", tcp("::1", 1234)],
    ["tcp", "[fe80::1%eth0]:1", tcp("fe80::1%eth0", 1)],
    ["tcp", "localhost:1234", tcp("localhost", 1234)],
    ["tcp", ":1234", tcp("localhost", 1234)],
    ["tcp", "[]:1234", tcp("localhost", 1234)],
    ["tcp", "", tcp("localhost", 0)],
  ] as const
) {
  test(`parseAddress() reads the ${network} address "${text}"`, () => {
    deepStrictEqual(parseAddress(network, text), address);
  });
}

function tcp(host: string, port: number): Address {
  return { network: "tcp", host, port };
}

for (
  const [text, message] of [
    ["127.0.0.1", /address 127\.0\.0\.1: missing port in address/],
    ["[::1]", /address \[::1\]: missing port in address/],
    ["[::1]x:1", /address \[::1\]x:1: /],
    ["127.0.0.1:99999", /address .*99999.*: invalid port/],
    ["127.0.0.1:65536", /address .*65536.*: invalid port/],
    ["127.0.0.1:-1", /address .*-1.*: invalid port/],
    ["127.0.0.1:1 ", /address .*: invalid port "1 "/],
    ["::1:1234", /address ::1:1234: too many colons in address/],
    ["[::1]:1:2", /address \[::1\]:1:2: too many colons in address/],
    ["a[b:1", /address a\[b:1: /],
    ["[a]b]:1", /address \[a\]b\]:1: /],
  ] as const
) {
  test(`parseAddress() refuses the tcp address "${text}"`, () => {
    match(caught(RangeError, () => parseAddress("tcp", text)).message, message);
  });
}

test("parseAddress() refuses the name of a service, which Go would look up", () => {
  const refuse = () => parseAddress("tcp", "127.0.0.1:http");
  match(caught(RangeError, refuse).message, /invalid port "http"/);
});

for (const network of ["udp", "TCP", "tcp4", "Unix", "tcp ", ""]) {
  test(`parseAddress() refuses the network "${network}"`, () => {
    strictEqual(
      caught(RangeError, () => parseAddress(network, "127.0.0.1:1")).message,
      `unknown address type "${network}": 127.0.0.1:1`,
    );
  });
}

test("formatAddress() writes a unix socket as its path", () => {
  strictEqual(formatAddress({ network: "unix", path: "/tmp/p:1" }), "/tmp/p:1");
});

test("formatAddress() writes host and port", () => {
  strictEqual(formatAddress(tcp("127.0.0.1", 10_000)), "127.0.0.1:10000");
});

test("formatAddress() puts IPv6 in brackets", () => {
  strictEqual(formatAddress(tcp("::1", 10_000)), "[::1]:10000");
});

test("parseAddress() reads what formatAddress() wrote", () => {
  forSeeds(500, (random) => {
    const hosts = ["127.0.0.1", "localhost", "::1", "fe80::1%2", "a.example"];
    const address = random.below(2) === 0
      ? tcp(random.pick(hosts), random.below(65_536))
      : { network: "unix", path: random.text("/:[]. aé|", 20) } as const;
    deepStrictEqual(
      parseAddress(address.network, formatAddress(address)),
      address,
    );
  });
});

test("parseAddress() throws nothing but a RangeError", () => {
  forSeeds(2000, (random) => {
    const text = random.text("[]:.%+-0169a \n", random.below(12));
    try {
      strictEqual(parseAddress("tcp", text).network, "tcp");
    } catch (error) {
      strictEqual((error as Error).constructor, RangeError, text);
    }
  });
});
