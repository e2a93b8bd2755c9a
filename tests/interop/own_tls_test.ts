/** TLS of one's own with the real go-plugin: TLSConfig and TLSProvider against ours. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { type Address, Client, formatAddress } from "@x/goplugin/host";
import type { TlsConfig } from "@x/goplugin";
import { createCertificate } from "../../src/wire/create_certificate.ts";
import { FixtureService, handshake } from "../fixtures/fixture.ts";
import { authority, chained, EXPIRED, signed, stranger } from "../helpers/authority.ts";
import { goMissing, goProgram } from "../helpers/go.ts";
import { recordLogs } from "../helpers/logs.ts";
import { run, type RunResult } from "../helpers/run.ts";
import {
  inTemporaryDirectory,
  ourProgram,
  runtimeMissing,
  RUNTIMES,
  shellWords,
} from "./matrix.ts";

const ca = authority.certificate;
const good = await signed();
const other = await signed();
const alone = await createCertificate();
const named = { ca, ...await signed({ names: ["own.example"] }), serverName: "own.example" };
const p256 = await createCertificate({ isAuthority: true, curve: "P-256" });
const onP256 = {
  ca: p256.certificate,
  ...await createCertificate({ issuer: p256, curve: "P-256" }),
};

/** Pairs that fit, the broker in both directions. */
const FITTING: readonly (readonly [string, TlsConfig, TlsConfig])[] = [
  ["one authority", { ca, ...good }, { ca, ...other }],
  ["P-256", onP256, onP256],
  ["authorities below", { ca, ...await chained() }, { ca, ...await chained() }],
  ["another name", named, named],
  ["each other's own certificate", { ca: alone.certificate, ...alone }, {
    ca: alone.certificate,
    ...alone,
  }],
];

/** Pairs in which one side must refuse the other. */
const UNFIT: readonly (readonly [string, TlsConfig, TlsConfig])[] = [
  ["a plugin under another authority", { ca, ...good }, {
    ca,
    ...await createCertificate({ issuer: stranger }),
  }],
  ["a plugin of another name", { ca, ...good }, { ...named, serverName: "localhost" }],
  ["an expired plugin", { ca, ...good }, { ca, ...await signed(EXPIRED) }],
  ["a host under another authority", {
    ca,
    ...await createCertificate({ issuer: stranger }),
  }, { ca, ...other }],
  ["a host that shows nothing", { ca }, { ca, ...other }],
  ["an expired host", { ca, ...await signed(EXPIRED) }, { ca, ...other }],
  ["a host for servers", { ca, ...await signed({ usages: ["serverAuth"] }) }, { ca, ...other }],
];

/** Lets a host count with a plugin. */
async function count(
  host: readonly [string, ...string[]],
  plugin: readonly string[],
  tls: { readonly host: TlsConfig; readonly plugin: TlsConfig },
  numbers: readonly string[],
): Promise<RunResult> {
  const { result, left } = await inTemporaryDirectory((TMPDIR) =>
    run([...host, "key", ...numbers], {
      env: {
        COUNTER_PLUGIN: `env OWN_TLS="$PLUGIN_TLS" ${shellWords(plugin)}`,
        OWN_TLS: JSON.stringify(tls.host),
        PLUGIN_TLS: JSON.stringify(tls.plugin),
        TMPDIR,
      },
    })
  );
  if (result.code === 0) deepStrictEqual(left, []);
  return result;
}

for (const runtime of RUNTIMES) {
  const skip = goMissing() ?? runtimeMissing(runtime) ?? false;
  const pairs = [
    [
      `our host on ${runtime} × a Go plugin`,
      () => ourProgram(runtime, "tests/interop/programs/tls_host"),
      async () => [await goProgram("tls-plugin")],
    ],
    [
      `a Go host × our plugin on ${runtime}`,
      async () => [await goProgram("counter-host")],
      () => ourProgram(runtime, "tests/interop/programs/tls_plugin"),
    ],
  ] as const;

  for (const [pair, makeHost, makePlugin] of pairs) {
    const counted = async (host: TlsConfig, plugin: TlsConfig, numbers: readonly string[]) =>
      await count(
        await makeHost() as [string],
        await makePlugin(),
        { host, plugin },
        numbers,
      );
    for (const [how, host, plugin] of FITTING) {
      test(`${pair}, TLS of their own: ${how}`, { skip }, async () => {
        const { code, stdout, stderr } = await counted(host, plugin, ["2", "40"]);
        deepStrictEqual([code, stdout], [0, "0 + 2\n2 + 40\n42\n"], stderr);
      });
    }

    test(`${pair}, TLS of their own: one way`, { skip }, async () => {
      const { code, stdout, stderr } = await counted({ ca }, { ...other }, []);
      deepStrictEqual([code, stdout], [0, "0\n"], stderr);
    });

    for (const [what, host, plugin] of UNFIT) {
      test(`${pair}, TLS of their own: refused, ${what}`, { skip }, async () => {
        const { code, stdout, stderr } = await counted(host, plugin, []);
        deepStrictEqual([code, stdout], [1, ""], stderr);
        match(
          stderr,
          /^(ConnectError|RpcError): |^error: .*(handshake failed: tls|server preface|client preface)/m,
        );
      });
    }
  }

  test(`our plugin on ${runtime} refuses who shows a certificate without having its key`, {
    skip,
  }, async () => {
    const thief = await goProgram("cert-thief");
    const steal = async ({ network, ...place }: Address, input: string) => {
      const address = formatAddress({ network, ...place } as Address);
      const { code, stdout, stderr } = await run([thief, network, address], { input });
      strictEqual(code, 0, stderr);
      match(stdout, /^TLS 1\.2 refused\nTLS 1\.3 refused\n$/);
    };
    for (
      const [tls, stolen] of [[{ ca, ...good }, good], [
        { ca: alone.certificate, ...alone },
        alone,
      ]] as const
    ) {
      await using client = new Client({
        handshake,
        plugins: { fixture: FixtureService },
        command: await ourProgram(runtime, "tests/fixtures/own_tls"),
        env: { FIXTURE_TLS: JSON.stringify(tls) },
        logger: recordLogs().logger,
        tls,
      });
      await steal(await client.start(), stolen.certificate);
    }
    await using client = new Client({
      handshake,
      plugins: { fixture: FixtureService },
      command: await ourProgram(runtime, "tests/fixtures/obedient"),
      logger: recordLogs().logger,
    });
    const address = await client.start();
    const { tls } = client.reattachConfig({ withPrivateKey: true });
    await steal(address, tls?.certificate ?? "");
  });
}
