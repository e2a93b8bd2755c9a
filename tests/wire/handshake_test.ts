import { deepStrictEqual, doesNotThrow, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { generateIdentity } from "../../src/wire/certificate.ts";
import {
  CORE_PROTOCOL_VERSION,
  formatHandshake,
  parseHandshake,
  requireGrpc,
  requireMultiplexing,
} from "../../src/wire/handshake.ts";
import { caught } from "./caught.ts";
import { GO_CERTIFICATE } from "./go_certificate.ts";

const UNIX = { network: "unix", path: "/tmp/plugin1" } as const;
const ENCODED = Buffer.from(GO_CERTIFICATE).toString("base64")
  .replaceAll("=", "");

test("CORE_PROTOCOL_VERSION is go-plugin's", () => {
  strictEqual(CORE_PROTOCOL_VERSION, 1);
});

for (
  const [what, announcement, line] of [
    ["six fields for a unix socket", {}, "1|1|unix|/tmp/plugin1|grpc|"],
    ["a TCP port", {
      address: { network: "tcp", host: "127.0.0.1", port: 10_000 },
    }, "1|1|tcp|127.0.0.1:10000|grpc|"],
    ["an IPv6 address in brackets", {
      address: { network: "tcp", host: "::1", port: 10_000 },
    }, "1|1|tcp|[::1]:10000|grpc|"],
    ["version 0", { protocolVersion: 0 }, "1|0|unix|/tmp/plugin1|grpc|"],
    ["a negative version", {
      protocolVersion: -3,
    }, "1|-3|unix|/tmp/plugin1|grpc|"],
    ["a certificate as base64 without padding", {
      certificate: Uint8Array.of(0xfb, 0xef, 0xff, 0xfb),
    }, "1|1|unix|/tmp/plugin1|grpc|++//+w"],
    ["the multiplexing field", {
      multiplex: true,
    }, "1|1|unix|/tmp/plugin1|grpc||true"],
    ["the multiplexing field behind a certificate", {
      certificate: GO_CERTIFICATE,
      multiplex: false,
    }, `1|1|unix|/tmp/plugin1|grpc|${ENCODED}|false`],
  ] as const
) {
  test(`formatHandshake() writes ${what}`, () => {
    strictEqual(
      formatHandshake({ protocolVersion: 1, address: UNIX, ...announcement }),
      line,
    );
  });
}

for (const path of ["/tmp/a|b", "/tmp/a\nb", "/tmp/a\rb", "|"]) {
  test(`formatHandshake() refuses the path ${JSON.stringify(path)}`, () => {
    const address = { network: "unix", path } as const;
    const error = caught(
      RangeError,
      () => formatHandshake({ protocolVersion: 1, address }),
    );
    strictEqual(
      error.message,
      `Cannot announce address: ${JSON.stringify(path)} holds a "|" or a line break`,
    );
  });
}

/** What `1|1|unix|/tmp/plugin1|grpc` says. */
const PARSED = { protocolVersion: 1, address: UNIX, protocol: "grpc" };

// A host on go-plugin 1.8 was seen to take these, or got as far as the protocol.
for (
  const [what, line, difference] of [
    ["five fields", "1|1|unix|/tmp/plugin1|grpc", {}],
    ["six fields", "1|1|unix|/tmp/plugin1|grpc|", {}],
    ["four fields as netrpc", "1|1|unix|/tmp/plugin1", { protocol: "netrpc" }],
    ["a line break at the end", "1|1|unix|/tmp/plugin1|grpc|\n", {}],
    ["CRLF", "1|1|unix|/tmp/plugin1|grpc|\r\n", {}],
    ["blanks around the line", " \t1|1|unix|/tmp/plugin1|grpc \v\f", {}],
    ["Unicode blanks around the line", "\u00a0\u20031|1|unix|/tmp/plugin1|grpc|\u3000\u2028", {}],
    ["leading zeros", "01|007|unix|/tmp/plugin1|grpc|", { protocolVersion: 7 }],
    ["signs", "+1|+1|unix|/tmp/plugin1|grpc|", {}],
    ["a version of some host", "1|9|unix|/tmp/plugin1|grpc|", { protocolVersion: 9 }],
    ["a negative version", "1|-1|unix|/tmp/plugin1|grpc|", { protocolVersion: -1 }],
    ["a TCP port", "1|1|tcp|127.0.0.1:1|grpc|", { address: tcp("127.0.0.1", 1) }],
    ["an IPv6 address", "1|1|tcp|[::1]:1|grpc|", { address: tcp("::1", 1) }],
    ["a host name", "1|1|tcp|localhost:1|grpc|", { address: tcp("localhost", 1) }],
    ["a TCP port alone", "1|1|tcp|:1234|grpc|", { address: tcp("localhost", 1234) }],
    ["an empty TCP address", "1|1|tcp||grpc|", { address: tcp("localhost", 0) }],
    ["an empty path", "1|1|unix||grpc|", { address: { network: "unix", path: "" } }],
    ["a path with blanks, untrimmed", "1|1|unix| a |grpc|", {
      address: { network: "unix", path: " a " },
    }],
    ["a protocol as it stands", "1|1|unix|/tmp/plugin1|grpc |", { protocol: "grpc " }],
    ["an empty protocol as such", "1|1|unix|/tmp/plugin1|", { protocol: "" }],
    ["no certificate in 50 characters", `1|1|unix|/tmp/plugin1|grpc|${"A".repeat(50)}`, {}],
    ["no certificate in a short text of any kind", "1|1|unix|/tmp/plugin1|grpc|-extra-", {}],
    ["a certificate, whoever asked for it", `1|1|unix|/tmp/plugin1|grpc|${ENCODED}`, {
      certificate: GO_CERTIFICATE,
    }],
    ["the seventh field", "1|1|unix|/tmp/plugin1|grpc||true", { multiplex: "true" }],
    ["the seventh field as it stands", "1|1|unix|/tmp/plugin1|grpc||junk |", {
      multiplex: "junk ",
    }],
    ["an empty seventh field as such", "1|1|unix|/tmp/plugin1|grpc||", { multiplex: "" }],
    ["nothing behind the seventh field", "1|1|unix|/tmp/plugin1|grpc||true|x||y", {
      multiplex: "true",
    }],
    ["netrpc with a seventh field", "1|1|unix|/tmp/plugin1|netrpc||junk", {
      protocol: "netrpc",
      multiplex: "junk",
    }],
  ] as const
) {
  test(`parseHandshake() reads ${what}: ${JSON.stringify(line.slice(0, 50))}`, () => {
    deepStrictEqual(parseHandshake(line), { ...PARSED, ...difference });
  });
}

function tcp(host: string, port: number) {
  return { network: "tcp", host, port } as const;
}

test("parseHandshake() reads the certificate that formatHandshake() wrote", async () => {
  const { certificate } = await generateIdentity();
  const line = formatHandshake({ ...PARSED, certificate });
  deepStrictEqual(parseHandshake(line), { ...PARSED, certificate });
});

test("requireGrpc() accepts gRPC", () => {
  doesNotThrow(() => requireGrpc(PARSED, ""));
});

for (const multiplex of ["1", "t", "T", "TRUE", "true", "True"]) {
  test(`requireMultiplexing() accepts the seventh field "${multiplex}"`, () => {
    const line = `1|1|unix|/tmp/plugin1|grpc||${multiplex}`;
    doesNotThrow(() => requireMultiplexing(parseHandshake(line), line));
  });
}

test("requireGrpc() does not look at a seventh field", () => {
  const line = "1|1|unix|/tmp/plugin1|grpc||junk";
  doesNotThrow(() => requireGrpc(parseHandshake(line), line));
});
