import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { denoPlugin, type DenoPluginOptions } from "@x/goplugin/host";
import { handshake } from "../fixtures/fixture.ts";
import { isDeno } from "../helpers/program.ts";

/** What stands between `deno run -q --no-prompt` and the script. */
function flagsFor(options: Omit<DenoPluginOptions, "handshake">): string {
  const command = denoPlugin("plugin.ts", { handshake, deno: "deno", ...options });
  deepStrictEqual(command.slice(0, 4), ["deno", "run", "-q", "--no-prompt"]);
  return command.slice(4, command.indexOf("plugin.ts")).join(" ");
}

const TCP = "--allow-net=127.0.0.1";
const ENV = "--ignore-env --allow-env=FIXTURE_PLUGIN,PLUGIN_*";

for (
  const [options, flags] of [
    [{}, `${TCP} ${ENV}`],
    [{ socketDirectory: "/tmp" }, `--allow-net --allow-read=/tmp --allow-write=/tmp ${ENV}`],
    [
      { socketDirectory: "/tmp", read: ["a"] },
      `--allow-net --allow-read=/tmp,a --allow-write=/tmp ${ENV}`,
    ],
    [{ net: ["example.com:443"] }, `${TCP},example.com:443 ${ENV}`],
    [{ net: true }, `--allow-net ${ENV}`],
    [{ read: ["a", "b"], write: ["c"] }, `${TCP} --allow-read=a,b --allow-write=c ${ENV}`],
    [{ read: true, run: ["git"] }, `${TCP} --allow-read --allow-run=git ${ENV}`],
    [{ sys: ["hostname"] }, `${TCP} --allow-sys=hostname ${ENV}`],
    [{ env: ["HOME", "NO_*"] }, `${TCP} ${ENV},HOME,NO_*`],
    // What is all allowed has nothing to hide.
    [{ env: true }, `${TCP} --allow-env`],
    [{ config: "plugin.json" }, `${TCP} ${ENV} --config=plugin.json`],
    [{ config: false, cachedOnly: true }, `${TCP} ${ENV} --no-config --cached-only`],
    [{ flags: ["--frozen"] }, `${TCP} ${ENV} --frozen`],
    [{ permissionSet: true }, "-P"],
    [{ permissionSet: "plugin" }, "-P=plugin"],
    [{ permissionSet: "plugin", read: ["a"] }, "-P=plugin --allow-read=a"],
  ] as const satisfies readonly (readonly [Omit<DenoPluginOptions, "handshake">, string])[]
) {
  test(`denoPlugin() with ${JSON.stringify(options)} gives ${flags}`, () => {
    strictEqual(flagsFor(options), flags);
  });
}

test("denoPlugin() does not name a cookie that PLUGIN_* covers", () => {
  const own = { magicCookieKey: "PLUGIN_COOKIE", magicCookieValue: "1" };
  strictEqual(denoPlugin("plugin.ts", { handshake: own }).includes("--allow-env=PLUGIN_*"), true);
});

test("denoPlugin() runs the Deno that runs the host; on Node the one of PATH", () => {
  strictEqual(denoPlugin("plugin.ts", { handshake })[0], isDeno ? process.execPath : "deno");
});

test("denoPlugin() takes a path, a URL, or what else Deno can run, and arguments", () => {
  const last = (script: string | URL, args: string[] = []) =>
    denoPlugin(script, { handshake, args }).slice(-1 - args.length);
  const file = new URL("./plugin.ts", import.meta.url);
  deepStrictEqual(pathToFileURL(last(file)[0] ?? "").href, file.href);
  deepStrictEqual(last(new URL("https://example.com/plugin.ts")), [
    "https://example.com/plugin.ts",
  ]);
  deepStrictEqual(last("jsr:@me/plugin"), ["jsr:@me/plugin"]);
  deepStrictEqual(last("plugins.ts", ["greeter"]), ["plugins.ts", "greeter"]);
});

for (const value of ["a,b", ""]) {
  test(`denoPlugin() refuses ${JSON.stringify(value)}, which would widen or break a flag`, () => {
    throws(() => flagsFor({ read: [value] }), TypeError);
    throws(() => flagsFor({ socketDirectory: value }), TypeError);
  });
}

test("denoPlugin() refuses a socket directory beside a permission set", () => {
  throws(() => flagsFor({ permissionSet: "plugin", socketDirectory: "/tmp" }), TypeError);
});
