import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import {
  CertificateError,
  CoreVersionError,
  HandshakeError,
  MultiplexError,
  UnsupportedProtocolError,
  VersionMismatchError,
} from "../../src/errors.ts";
import { parseHandshake, requireGrpc, requireMultiplexing } from "../../src/wire/handshake.ts";
import { acceptVersion, hostOffer } from "../../src/wire/negotiation.ts";
import { caught } from "./caught.ts";
import { GO_CERTIFICATE_PEM } from "./go_certificate.ts";

for (
  const [line, fields] of [
    ["", 1],
    [" \r\n", 1],
    ["hello", 1],
    ["My plugin 1.0, starting up", 1],
    ["1|1|tcp", 3],
  ] as const
) {
  test(`parseHandshake() refuses a line of too few fields: ${JSON.stringify(line)}`, () => {
    const error = caught(HandshakeError, () => parseHandshake(line));
    strictEqual(error.code, "handshake-segments");
    strictEqual(error.fault, "segments");
    strictEqual(error.line, line);
    match(error.message, new RegExp(`has ${fields} of at least 4 fields`));
    ok(error.message.includes(JSON.stringify(line)));
    match(error.hint ?? "", /prints nothing to stdout/);
  });
}

test("parseHandshake() shows the start of a long line and keeps all of it", () => {
  const line = "x".repeat(70_000);
  const error = caught(HandshakeError, () => parseHandshake(line));
  strictEqual(error.line, line);
  ok(error.message.includes(`"${"x".repeat(200)}…"`));
  ok(error.message.length < 400);
});

for (
  const [line, fault, message] of [
    ["x|1|unix|/p|grpc|", "core-version-syntax", /core protocol version "x"/],
    ["|1|unix|/p|grpc|", "core-version-syntax", /core protocol version ""/],
    ["1 |1|unix|/p|grpc|", "core-version-syntax", /core protocol version "1 "/],
    ["1.0|1|unix|/p|grpc|", "core-version-syntax", /core protocol version "1\.0"/],
    ["|||", "core-version-syntax", /core protocol version ""/],
    ["1|x|unix|/p|grpc|", "app-version-syntax", /protocol version "x"/],
    ["1||unix|/p|grpc|", "app-version-syntax", /protocol version ""/],
    ["1| 1|unix|/p|grpc|", "app-version-syntax", /protocol version " 1"/],
    ["1|1|udp|127.0.0.1:1|grpc|", "network", /unknown address type "udp": 127\.0\.0\.1:1/],
    ["1|1|TCP|127.0.0.1:1|grpc|", "network", /unknown address type "TCP"/],
    ["1|1|tcp4|127.0.0.1:1|grpc|", "network", /unknown address type "tcp4"/],
    ["1|1|tcp |127.0.0.1:1|grpc|", "network", /unknown address type "tcp "/],
    ["1|1||/p|grpc|", "network", /unknown address type "": \/p/],
    ["1|1|tcp|127.0.0.1|grpc|", "address", /address 127\.0\.0\.1: missing port in address/],
    ["1|1|tcp|127.0.0.1:99999|grpc|", "address", /99999.*: invalid port/],
    ["1|1|tcp|::1:1234|grpc|", "address", /address ::1:1234: too many colons in address/],
    ["1|1|tcp|127.0.0.1:http|grpc|", "address", /invalid port "http"/],
    // The order of the checks, as in go-plugin.
    ["x|x|udp|127.0.0.1|grpc|", "core-version-syntax", /version "x"/],
    ["1|x|udp|127.0.0.1|grpc|", "app-version-syntax", /version "x"/],
    [`1|1|udp|127.0.0.1|grpc|${"A".repeat(51)}`, "network", /"udp"/],
  ] as const
) {
  test(`parseHandshake() refuses "${line}" for its ${fault}`, () => {
    const error = caught(HandshakeError, () => parseHandshake(line));
    strictEqual(error.code, `handshake-${fault}`);
    strictEqual(error.fault, fault);
    strictEqual(error.line, line);
    match(error.message, /^Cannot read handshake: /);
    match(error.message, message);
  });
}

test("parseHandshake() gives a cause only where there is one", () => {
  const cause = (line: string) =>
    Object.getOwnPropertyDescriptor(
      caught(HandshakeError, () => parseHandshake(line)),
      "cause",
    )?.value;
  strictEqual((cause("1|1|tcp|x|grpc|") as Error).constructor, RangeError);
  const error = caught(HandshakeError, () => parseHandshake("x|1|unix|/p"));
  strictEqual(Object.hasOwn(error, "cause"), false);
});

for (const [core, version] of [["2", 2], ["0", 0], ["-1", -1]] as const) {
  test(`parseHandshake() refuses core protocol ${core}`, () => {
    const line = `${core}|x|udp||junk|`;
    const error = caught(CoreVersionError, () => parseHandshake(line));
    ok(error instanceof HandshakeError);
    strictEqual(error.code, "handshake-core-version");
    strictEqual(error.fault, "core-version");
    strictEqual(error.pluginVersion, version);
    strictEqual(error.line, line);
    match(error.message, new RegExp(`core protocol ${core}, .*speaks 1$`));
    match(error.hint ?? "", /Rebuild the plugin/);
  });
}

for (const version of [9, -1]) {
  test(`acceptVersion() refuses a line of version ${version} that parseHandshake() read`, () => {
    const { protocolVersion } = parseHandshake(`1|${version}|unix|/p|grpc|`);
    const error = caught(
      VersionMismatchError,
      () =>
        acceptVersion(
          protocolVersion,
          hostOffer({ protocolVersion: 1, plugins: {} }),
        ),
    );
    strictEqual(error.pluginVersion, version);
    deepStrictEqual(error.hostVersions, [1]);
  });
}

const ENCODED = GO_CERTIFICATE_PEM.split("\n").slice(1, -2).join("");

for (
  const [what, encoded, message] of [
    ["51 characters that are no certificate", "A".repeat(51), /malformed certificate|DER/],
    [
      "characters outside base64",
      "A".repeat(51) + "*",
      /illegal base64 data at input byte 51/,
    ],
    ["padding", `${"A".repeat(52)}==`, /illegal base64 data at input byte 52/],
    ["the URL alphabet", `AA-_${"A".repeat(52)}`, /illegal base64 data at input byte 2/],
    [
      "a blank",
      `${ENCODED.slice(0, 100)} ${ENCODED.slice(100)}`,
      /illegal base64 data at input byte 100/,
    ],
    ["half of one", ENCODED.slice(0, 400), /malformed certificate|DER/],
    ["two in one", ENCODED + ENCODED, /malformed certificate|DER/],
  ] as const
) {
  test(`parseHandshake() refuses a certificate of ${what}`, () => {
    const line = `1|1|unix|/p|grpc|${encoded}`;
    const error = caught(CertificateError, () => parseHandshake(line));
    strictEqual(error.code, "certificate-malformed");
    strictEqual(error.fault, "malformed");
    match(error.message, /^Cannot read handshake: the plugin's certificate/);
    match(error.message, message);
    strictEqual((error.cause as Error).constructor, RangeError);
  });
}

for (
  const [line, protocol] of [
    ["1|1|unix|/p|GRPC|", "GRPC"],
    ["1|1|unix|/p|junk|", "junk"],
    ["1|1|unix|/p|", ""],
    ["1|1|unix|/p||", ""],
    ["1|1|unix|/p|grpc |", "grpc "],
    ["1|1|unix|/p|netrpc|", "netrpc"],
    ["1|1|unix|/p|netrpc||junk", "netrpc"],
    ["1|1|unix|/p", "netrpc"],
  ] as const
) {
  test(`requireGrpc() refuses the protocol of "${line}"`, () => {
    const error = caught(
      UnsupportedProtocolError,
      () => requireGrpc(parseHandshake(line), line),
    );
    ok(error instanceof HandshakeError);
    strictEqual(error.code, "handshake-protocol");
    strictEqual(error.fault, "protocol");
    strictEqual(error.protocol, protocol);
    strictEqual(error.line, line);
    strictEqual(
      error.message,
      `Cannot use plugin: unsupported plugin protocol "${protocol}", supported: grpc`,
    );
    strictEqual(
      error.hint?.includes("plugin.DefaultGRPCServer") ?? false,
      protocol === "netrpc",
    );
  });
}

const UNSUPPORTED =
  /client requested gRPC broker multiplexing but plugin does not support the feature$/;

for (
  const [line, message, hint] of [
    ["1|1|unix|/p|grpc", UNSUPPORTED, true],
    ["1|1|unix|/p|grpc|", UNSUPPORTED, true],
    ["1|1|unix|/p|grpc||false", UNSUPPORTED, false],
    ["1|1|unix|/p|grpc||0", UNSUPPORTED, false],
    ["1|1|unix|/p|grpc||yes", /answer "yes" is no boolean/, false],
    ["1|1|unix|/p|grpc||tRUE", /answer "tRUE" is no boolean/, false],
    ["1|1|unix|/p|grpc||true |", /answer "true " is no boolean/, false],
    ["1|1|unix|/p|grpc||", /answer "" is no boolean/, false],
  ] as const
) {
  test(`requireMultiplexing() refuses "${line}"`, () => {
    const error = caught(
      MultiplexError,
      () => requireMultiplexing(parseHandshake(line), line),
    );
    ok(error instanceof HandshakeError);
    strictEqual(error.code, "handshake-multiplex");
    strictEqual(error.fault, "multiplex");
    strictEqual(error.line, line);
    match(error.message, message);
    strictEqual(
      error.hint?.includes("github.com/hashicorp/go-plugin") ?? false,
      hint,
    );
  });
}
