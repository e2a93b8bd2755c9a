/** docs/errors.md has an entry for every code that the classes can have, and none besides. */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import { test } from "node:test";
import * as errors from "../../src/errors.ts";
import { readPage } from "./markdown.ts";

type FirstOf<C extends abstract new (...args: never[]) => unknown> = ConstructorParameters<C>[0];

/** Every fault of a class: the compiler finds one that is missing, and one that is no more. */
function faults<F extends string>(all: Readonly<Record<F, null>>): F[] {
  return Object.keys(all) as F[];
}

const handshakeFaults = faults<errors.HandshakeFault>({
  "no-line": null,
  "segments": null,
  "core-version-syntax": null,
  "core-version": null,
  "app-version-syntax": null,
  "network": null,
  "address": null,
  "protocol": null,
  "multiplex": null,
});
const certificateFaults = faults<errors.CertificateFault>({
  "missing": null,
  "unexpected": null,
  "malformed": null,
  "expired": null,
  "not-yet-valid": null,
  "wrong-name": null,
  "wrong-usage": null,
});
const checksumFaults = faults<errors.ChecksumFault>({
  "missing": null,
  "algorithm": null,
  "unreadable": null,
  "mismatch": null,
});
const brokerFaults = faults<FirstOf<typeof errors.BrokerError>>({
  "timeout": null,
  "closed": null,
  "address": null,
  "refused": null,
});
const cookieCodes = faults<FirstOf<typeof errors.MagicCookieError>>({
  "cookie-not-configured": null,
  "cookie-mismatch": null,
});
const stateCodes = faults<FirstOf<typeof errors.ClientStateError>>({
  "not-started": null,
  "killed": null,
});

/** These have a class of their own. */
const OWN_CLASS = ["core-version", "protocol", "multiplex"];
const exit = { code: 1, signal: null };

/** One error of every class and code. */
const all: readonly errors.PluginError[] = [
  ...handshakeFaults.filter((fault) => !OWN_CLASS.includes(fault))
    .map((fault) => new errors.HandshakeError(fault, "", "")),
  new errors.CoreVersionError(2, 1, ""),
  new errors.UnsupportedProtocolError("netrpc", ""),
  new errors.MultiplexError("", ""),
  new errors.VersionMismatchError(1, [2]),
  ...certificateFaults.map((fault) => new errors.CertificateError(fault, "")),
  ...checksumFaults.map((fault) => new errors.ChecksumError(fault, "")),
  ...brokerFaults.map((fault) => new errors.BrokerError(fault, "")),
  ...cookieCodes.map((code) => new errors.MagicCookieError(code, "")),
  ...stateCodes.map((code) => new errors.ClientStateError(code, "")),
  new errors.SpawnError(""),
  new errors.StartTimeoutError(1),
  new errors.PluginExitedError("", exit),
  new errors.ReattachError(""),
  new errors.ConnectError(""),
  new errors.ListenError(""),
  new errors.UnknownPluginError("", []),
  new errors.KillError("", 1),
  new errors.PermissionError("", []),
  new errors.RuntimeVersionError(""),
  new errors.ServiceError(""),
  new errors.RpcError("UNKNOWN", ""),
];

/** The entries of the page: code, class, and the fields that it names. */
function entries(): { code: string; class: string; fields: string[]; text: string }[] {
  return readPage("docs/errors.md").split(/^### /m).slice(1).map((entry) => {
    const code = entry.match(/^`([^`]+)`\n/)?.[1] ?? entry;
    const [, name = "", rest = ""] = entry.match(/^- Class: `(\w+)`(.*)$/m) ?? [];
    const fields = [...rest.matchAll(/`(\w+)`/g)].map(([, field = ""]) => field);
    return { code, class: name, fields, text: entry.split(/^## /m)[0] ?? "" };
  });
}

test("the list of errors holds every class that src/errors.ts exports", () => {
  const exported = Object.values(errors).filter((value) =>
    typeof value === "function" && value.prototype instanceof errors.PluginError
  ) as (typeof errors.PluginError)[];
  const made = new Set(all.map(({ constructor }) => constructor));
  deepStrictEqual(exported.filter((one) => !made.has(one)).map(({ name }) => name), []);
  ok(exported.length > 15);
});

test("docs/errors.md has one entry for each code, with its class, and none besides", () => {
  const listed = entries().map((entry) => `${entry.code}: ${entry.class}`);
  const known = all.map(({ code, name }) => `${code}: ${name}`);
  deepStrictEqual(listed.sort(), known.sort());
});

test("docs/errors.md says of each code what causes it and what to do", () => {
  for (const { code, text } of entries()) {
    match(text, /^- Cause: \S.*\.$/ms, code);
    match(text, /^- What to do: \S.*\.$/ms, code);
  }
});

test("docs/errors.md names the fields that each class has, and all of them", () => {
  const common = ["stack", "message", "name", "code", "hint", "cause", "report"];
  for (const { code, fields } of entries()) {
    const error = all.find((one) => one.code === code) as errors.PluginError;
    const own = Object.getOwnPropertyNames(error).filter((field) => !common.includes(field));
    deepStrictEqual(fields.sort(), own.sort(), code);
  }
});
