import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { formatReattach, parseReattach, type ReattachConfig } from "../../src/wire/reattach.ts";
import { caught } from "./caught.ts";

const CONFIG: ReattachConfig = {
  protocol: "grpc",
  protocolVersion: 5,
  address: { network: "unix", path: "/tmp/plugin252726151" },
  pid: 3153652,
  test: true,
};

/** What terraform-plugin-sdk and -framework print for `TF_REATTACH_PROVIDERS`, from their `debug.go`. */
const TERRAFORM =
  '{"registry.terraform.io/aiven/aiven":{"Protocol":"grpc","ProtocolVersion":5,"Pid":3153652,' +
  '"Test":true,"Addr":{"Network":"unix","String":"/tmp/plugin252726151"}}}';

/** What waypoint-plugin-sdk prints for `WP_REATTACH_PLUGINS`, from the comment in Waypoint's `reattach.go`. */
const WAYPOINT = '{"pack":{"Protocol":"grpc","ProtocolVersion":1,"Pid":24025,"Test":true,' +
  '"Addr":{"Network":"unix","String":"/var/folders/ns/grk8kk196_106v37w9hk8hxm0000gq/T/plugin047564716"}}}';

const TLS = { peerCertificate: "theirs", certificate: "ours", privateKey: "SECRET" };

/** A valid configuration as JSON, with some fields replaced. */
function json(fields: object): string {
  return JSON.stringify({ ...formatReattach(CONFIG), ...fields });
}

test("formatReattach() gives Terraform's JSON, byte for byte", () => {
  const provider = formatReattach(CONFIG);
  strictEqual(JSON.stringify({ "registry.terraform.io/aiven/aiven": provider }), TERRAFORM);
});

test("formatReattach() gives Waypoint's JSON, byte for byte", () => {
  const path = "/var/folders/ns/grk8kk196_106v37w9hk8hxm0000gq/T/plugin047564716";
  const address = { network: "unix", path } as const;
  const pack = formatReattach({ ...CONFIG, protocolVersion: 1, pid: 24025, address });
  strictEqual(JSON.stringify({ pack }), WAYPOINT);
});

test("formatReattach() writes a TCP address as host and port, IPv6 in brackets", () => {
  const address = { network: "tcp", host: "::1", port: 1234 } as const;
  deepStrictEqual(formatReattach({ ...CONFIG, address }).Addr, {
    Network: "tcp",
    String: "[::1]:1234",
  });
});

test("formatReattach() adds its own fields only where they are known", () => {
  deepStrictEqual(Object.keys(formatReattach(CONFIG)), [
    "Protocol",
    "ProtocolVersion",
    "Pid",
    "Test",
    "Addr",
  ]);
  const { StartTime, Tls } = formatReattach({ ...CONFIG, startTime: "42", tls: TLS });
  deepStrictEqual({ StartTime, Tls }, { StartTime: "42", Tls: TLS });
});

for (const [tool, text] of [["Terraform", TERRAFORM], ["Waypoint", WAYPOINT]] as const) {
  test(`parseReattach() reads what ${tool} reads`, () => {
    const [[, plugin]] = Object.entries(JSON.parse(text)) as [[string, object]];
    strictEqual(JSON.stringify(formatReattach(parseReattach(plugin))), JSON.stringify(plugin));
  });
}

test("parseReattach() reads what older SDKs print, which know no version", () => {
  // terraform-plugin-sdk before 2.10.
  const config = parseReattach(
    '{"Protocol":"grpc","Pid":54132,"Test":true,"Addr":{"Network":"tcp","String":"127.0.0.1:51865"}}',
  );
  deepStrictEqual(config, {
    protocol: "grpc",
    protocolVersion: 0,
    address: { network: "tcp", host: "127.0.0.1", port: 51865 },
    pid: 54132,
    test: true,
  });
});

for (
  const [title, config] of [
    ["of a plugin in test mode", CONFIG],
    ["of a plugin that a host started", { ...CONFIG, test: false, startTime: "123456" }],
    ["with certificates", { ...CONFIG, tls: TLS }],
    ["with the plugin's certificate alone", { ...CONFIG, tls: { peerCertificate: "theirs" } }],
    ["on TCP", { ...CONFIG, address: { network: "tcp", host: "::1", port: 80 } }],
    ["without process and version", { ...CONFIG, pid: 0, protocolVersion: 0 }],
  ] as const
) {
  test(`parseReattach() gives back a configuration ${title}, from text and from an object`, () => {
    const text = JSON.stringify(formatReattach(config));
    deepStrictEqual(parseReattach(text), config);
    deepStrictEqual(parseReattach(JSON.parse(text) as object), config);
    deepStrictEqual(parseReattach(formatReattach(config)), config);
  });
}

test("parseReattach() takes what is left out as Go does: zero, false and net/rpc", () => {
  const { protocol, protocolVersion, pid, test } = parseReattach({
    Addr: { Network: "unix", String: "/tmp/p" },
  });
  deepStrictEqual({ protocol, protocolVersion, pid, test }, {
    protocol: "netrpc",
    protocolVersion: 0,
    pid: 0,
    test: false,
  });
});

test("parseReattach() takes no notice of fields it does not know", () => {
  deepStrictEqual(parseReattach(json({ Cmd: null, Extra: [1] })), CONFIG);
});

for (
  const [fields, message] of [
    [{ Protocol: 1 }, "Protocol is no text: 1"],
    [{ ProtocolVersion: "5" }, "ProtocolVersion is no number: a text"],
    [{ ProtocolVersion: -1 }, "ProtocolVersion is no number: -1"],
    [{ ProtocolVersion: 1.5 }, "ProtocolVersion is no number: 1.5"],
    [{ Pid: "1" }, "Pid is no number: a text"],
    [{ Pid: 2 ** 53 }, "Pid is no number: 9007199254740992"],
    [{ Pid: null }, "Pid is no number: null"],
    [{ Test: "true" }, "Test is no boolean: a text"],
    [{ Test: 1 }, "Test is no boolean: 1"],
    [{ Addr: null }, "Addr is no object: null"],
    [{ Addr: "/tmp/plugin1" }, "Addr is no object: a text"],
    [{ Addr: ["unix", "/tmp/plugin1"] }, "Addr is no object: a list"],
    [{ Addr: { String: "/tmp/plugin1" } }, "Addr.Network is no text: nothing"],
    [{ Addr: { Network: "unix", String: {} } }, "Addr.String is no text: an object"],
    [{ StartTime: 42 }, "StartTime is no text: 42"],
    [{ Tls: true }, "Tls is no object: true"],
    [{ Tls: {} }, "Tls.peerCertificate is no text: nothing"],
    [{ Tls: { ...TLS, certificate: 1 } }, "Tls.certificate is no text: 1"],
    [{ Tls: { ...TLS, privateKey: [1] } }, "Tls.privateKey is no text: a list"],
  ] as const
) {
  test(`parseReattach() names the field of ${JSON.stringify(fields)}`, () => {
    const error = caught(TypeError, () => parseReattach(json(fields)));
    strictEqual(error.message, `parseReattach(): ${message}`);
  });
}

for (
  const [address, message] of [
    [{ Network: "udp", String: "127.0.0.1:1" }, /unknown address type "udp"/],
    [{ Network: "tcp", String: "127.0.0.1" }, /missing port/],
    [{ Network: "tcp", String: "127.0.0.1:65536" }, /invalid port "65536"/],
  ] as const
) {
  test(`parseReattach() refuses the address ${JSON.stringify(address)}`, () => {
    match(caught(RangeError, () => parseReattach(json({ Addr: address }))).message, message);
  });
}

for (const text of ["", "null", "[]", '"text"', "1"]) {
  test(`parseReattach() refuses ${JSON.stringify(text)} as a whole`, () => {
    match(
      caught(TypeError, () => parseReattach(text)).message,
      text === "" ? /this is no JSON: 0 characters/ : /the configuration is no object/,
    );
  });
}

const KEY = "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----";

for (
  const [title, text] of [
    ["JSON cut off in the key", json({ Tls: { ...TLS, privateKey: KEY } }).slice(0, -25)],
    ["JSON that goes wrong at it", '{"Tls":{"privateKey":SECRET}}'],
    ["text that is no JSON at all", KEY],
    ["JSON in JSON", JSON.stringify(json({ Tls: { ...TLS, privateKey: KEY } }))],
    ["the key in place of Tls", json({ Tls: KEY })],
    ["a list in place of Tls", json({ Tls: [KEY] })],
    ["the key wrapped once more", json({ Tls: { ...TLS, privateKey: { pem: KEY } } })],
    ["the key in place of StartTime", json({ StartTime: [KEY] })],
    ["everything in Addr", json({ Addr: { Network: { privateKey: KEY } } })],
  ] as const
) {
  test(`parseReattach() keeps a private key out of its errors: ${title}`, () => {
    const error = caught(TypeError, () => parseReattach(text));
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      ok(!/SECRET|PRIVATE/.test(`${at.message}\n${at.stack}`), at.message);
    }
  });
}
