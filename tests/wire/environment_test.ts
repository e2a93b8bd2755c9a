import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import {
  ENV,
  formatEnvironment,
  parseEnvironment,
  parsePortRange,
  pluginVariables,
} from "../../src/wire/environment.ts";
import { caught } from "./caught.ts";
import { GO_CERTIFICATE_PEM } from "./go_certificate.ts";

const HANDSHAKE = { magicCookieKey: "BASIC_PLUGIN", magicCookieValue: "hello" };

const HOST = {
  handshake: HANDSHAKE,
  ports: { min: 10_000, max: 25_000 },
  versions: [3, 1, 2, 7],
};

/** What a host without any option sets. */
const ALWAYS = {
  BASIC_PLUGIN: "hello",
  PLUGIN_MIN_PORT: "10000",
  PLUGIN_MAX_PORT: "25000",
  PLUGIN_PROTOCOL_VERSIONS: "1,2,3,7",
};

function parse(variables: Record<string, string>) {
  return parseEnvironment(HANDSHAKE, (name) => variables[name]);
}

test("ENV holds go-plugin's names", () => {
  deepStrictEqual(
    new Set(Object.values(ENV)),
    new Set([
      "PLUGIN_MIN_PORT",
      "PLUGIN_MAX_PORT",
      "PLUGIN_PROTOCOL_VERSIONS",
      "PLUGIN_MULTIPLEX_GRPC",
      "PLUGIN_CLIENT_CERT",
      "PLUGIN_UNIX_SOCKET_GROUP",
      "PLUGIN_UNIX_SOCKET_DIR",
    ]),
  );
});

test("pluginVariables() lists the cookie's name and go-plugin's", () => {
  deepStrictEqual(
    pluginVariables(HANDSHAKE),
    ["BASIC_PLUGIN", ...Object.values(ENV)],
  );
});

test("formatEnvironment() always sets cookie, ports and versions", () => {
  deepStrictEqual(formatEnvironment(HOST), ALWAYS);
});

test("formatEnvironment() sets an empty list when the host has no plugin set", () => {
  const versions = new Map<number, string>().keys();
  deepStrictEqual(formatEnvironment({ ...HOST, versions }), {
    ...ALWAYS,
    PLUGIN_PROTOCOL_VERSIONS: "",
  });
});

test("formatEnvironment() sets the certificate under AutoMTLS, the line breaks kept", () => {
  deepStrictEqual(
    formatEnvironment({ ...HOST, clientCertificate: GO_CERTIFICATE_PEM }),
    { ...ALWAYS, PLUGIN_CLIENT_CERT: GO_CERTIFICATE_PEM },
  );
});

test("formatEnvironment() sets the directory for sockets if there is one", () => {
  deepStrictEqual(
    formatEnvironment({ ...HOST, socketDirectory: "/tmp/plugin-dir1" }),
    { ...ALWAYS, PLUGIN_UNIX_SOCKET_DIR: "/tmp/plugin-dir1" },
  );
});

const NOTHING = {
  magicCookie: undefined,
  versions: [],
  invalidVersions: [],
  clientCertificate: undefined,
  socketDirectory: undefined,
  socketGroup: undefined,
  knowsMultiplexing: false,
  wantsMultiplexing: false,
};

test("parseEnvironment() takes unset variables for nothing said", () => {
  deepStrictEqual(parse({}), NOTHING);
});

test("parseEnvironment() takes empty variables for unset ones, the cookie apart", () => {
  const names = pluginVariables(HANDSHAKE);
  deepStrictEqual(
    parse(Object.fromEntries(names.map((name) => [name, ""]))),
    { ...NOTHING, magicCookie: "" },
  );
});

for (
  const [name, value, read] of [
    ["BASIC_PLUGIN", "hello", { magicCookie: "hello" }],
    ["BASIC_PLUGIN", " hello\n", { magicCookie: " hello\n" }],
    ["PLUGIN_PROTOCOL_VERSIONS", "3,1,2,7", { versions: [3, 1, 2, 7] }],
    ["PLUGIN_PROTOCOL_VERSIONS", "x, 5,3", {
      versions: [3],
      invalidVersions: ["x", " 5"],
    }],
    ["PLUGIN_CLIENT_CERT", GO_CERTIFICATE_PEM, {
      clientCertificate: GO_CERTIFICATE_PEM,
    }],
    ["PLUGIN_UNIX_SOCKET_GROUP", "plugins", { socketGroup: "plugins" }],
    ["PLUGIN_UNIX_SOCKET_GROUP", "1000", { socketGroup: "1000" }],
    ["PLUGIN_UNIX_SOCKET_DIR", "/tmp/d", { socketDirectory: "/tmp/d" }],
    ["PLUGIN_MIN_PORT", "x", {}],
    ["PLUGIN_MAX_PORT", "x", {}],
  ] as const
) {
  test(`parseEnvironment() reads ${name}=${JSON.stringify(value.slice(0, 20))}`, () => {
    deepStrictEqual(parse({ [name]: value }), { ...NOTHING, ...read });
  });
}

for (
  const [value, wants] of [
    ...["1", "t", "T", "TRUE", "true", "True"].map((v) => [v, true] as const),
    ...["0", "f", "F", "FALSE", "false", "False"]
      .map((v) => [v, false] as const),
    ["banana", false],
    ["tRUE", false],
  ] as const
) {
  test(`parseEnvironment() knows of multiplexing with PLUGIN_MULTIPLEX_GRPC=${value}, wants it: ${wants}`, () => {
    deepStrictEqual(parse({ PLUGIN_MULTIPLEX_GRPC: value }), {
      ...NOTHING,
      knowsMultiplexing: true,
      wantsMultiplexing: wants,
    });
  });
}

test("parseEnvironment() looks up no cookie without a name", () => {
  const asked: string[] = [];
  parseEnvironment({ ...HANDSHAKE, magicCookieKey: "" }, (name) => {
    asked.push(name);
    return undefined;
  });
  strictEqual(asked.includes(""), false);
});

for (
  const [min, max, range] of [
    ["10000", "25000", [10_000, 25_000]],
    ["80", "+080", [80, 80]],
    ["", "65535", [0, 65_535]],
    ["", "", [0, 0]],
    [undefined, undefined, [0, 0]],
  ] as const
) {
  test(`parsePortRange() reads the range from ${show(min)} to ${show(max)}`, () => {
    const read = parsePortRange((name) => name === ENV.minPort ? min : max);
    deepStrictEqual([read.min, read.max], range);
  });
}

function show(value: string | undefined): string {
  return value === undefined ? "unset" : `"${value}"`;
}

for (
  const [min, max, message] of [
    [
      "2",
      "1",
      /^PLUGIN_MIN_PORT value of 2 is greater than PLUGIN_MAX_PORT value of 1$/,
    ],
    [
      "1",
      "",
      /^PLUGIN_MIN_PORT value of 1 is greater than PLUGIN_MAX_PORT value of 0$/,
    ],
    ["x", "1", /^couldn't get value from PLUGIN_MIN_PORT: "x"/],
    ["1", "1 ", /^couldn't get value from PLUGIN_MAX_PORT: "1 "/],
    ["-1", "1", /^couldn't get value from PLUGIN_MIN_PORT: "-1"/],
    ["1", "65536", /^couldn't get value from PLUGIN_MAX_PORT: "65536"/],
  ] as const
) {
  test(`parsePortRange() refuses the range from "${min}" to "${max}"`, () => {
    const read = () => parsePortRange((name) => name === ENV.minPort ? min : max);
    match(caught(RangeError, read).message, message);
  });
}
