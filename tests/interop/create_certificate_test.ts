/** Go and OpenSSL as judges of the certificates that `createCertificate` makes. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createCertificate } from "../../src/wire/create_certificate.ts";
import type { CertificateAndKey } from "../../src/wire/certificate_options.ts";
import { probeTool, reasonToSkip } from "../helpers/cache.ts";
import { goMissing, goProgram } from "../helpers/go.ts";
import { run } from "../helpers/run.ts";
import { inTemporaryDirectory } from "./matrix.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const start = new Date(Date.now() - 10 * DAY_MS);
const skipGo = { skip: goMissing() ?? false };
const skipOpenssl = { skip: reasonToSkip(probeTool("openssl", ["version"])) ?? false };

const authority = await createCertificate({
  isAuthority: true,
  notBefore: start,
  validForMs: 20 * DAY_MS,
});
const other = await createCertificate({ isAuthority: true });
const names = ["localhost", "*.plugins.example", "127.0.0.1", "::1"];
const leaf = await createCertificate({ issuer: authority, names });

/** What Go says of a certificate, those between, and the authority to trust. */
async function judgedByGo(
  shown: CertificateAndKey,
  trusted: CertificateAndKey,
  { name = "localhost", between = "" } = {},
) {
  const input = shown.certificate + between + trusted.certificate + shown.privateKey;
  const { stdout, stderr } = await run([await goProgram("cert-judge"), name], { input });
  return JSON.parse(stdout || `{"error":${JSON.stringify(stderr)}}`);
}

const BOTH = { keyPair: true, asServer: true, asClient: true };

test(
  "createCertificate() and Go: a leaf under its authority is a server and a client",
  skipGo,
  async () => {
    for (const name of ["localhost", "a.plugins.example", "127.0.0.1", "::1"]) {
      deepStrictEqual(await judgedByGo(leaf, authority, { name }), BOTH);
    }
  },
);

test("createCertificate() and Go: any curve may sign any other", skipGo, async () => {
  const curves = ["P-256", "P-384", "P-521"] as const;
  for (const curve of curves) {
    const issuer = await createCertificate({ isAuthority: true, curve });
    for (const below of curves) {
      const signed = await createCertificate({ issuer, curve: below });
      deepStrictEqual(await judgedByGo(signed, issuer), BOTH);
    }
  }
});

test(
  "createCertificate() and Go: an authority below needs its certificate shown",
  skipGo,
  async () => {
    const below = await createCertificate({
      isAuthority: true,
      issuer: authority,
      commonName: "B",
    });
    const lowest = await createCertificate({ issuer: below });
    const between = below.certificate;
    deepStrictEqual(await judgedByGo(lowest, authority, { between }), BOTH);
    const { asServer, asClient } = await judgedByGo(lowest, authority);
    deepStrictEqual([asServer, asClient], [false, false]);
  },
);

test(
  "createCertificate() and Go: a certificate that signed itself can be trusted",
  skipGo,
  async () => {
    const alone = await createCertificate();
    deepStrictEqual(await judgedByGo(alone, alone), BOTH);
  },
);

for (
  const [what, judged, said] of [
    [
      "another authority of that name",
      () => judgedByGo(leaf, other),
      /signed by unknown authority/,
    ],
    ["an expired one", async () => {
      const old = { notBefore: start, validForMs: HOUR_MS };
      return await judgedByGo(await createCertificate({ issuer: authority, ...old }), authority);
    }, /expired or is not yet valid/],
    ["an early one", async () => {
      const notBefore = new Date(Date.now() + HOUR_MS);
      return await judgedByGo(
        await createCertificate({ issuer: authority, notBefore }),
        authority,
      );
    }, /expired or is not yet valid/],
  ] as const
) {
  test(`createCertificate() and Go: ${what} is refused`, skipGo, async () => {
    const { keyPair, asServer, asClient, asServerError, asClientError } = await judged();
    deepStrictEqual([keyPair, asServer, asClient], [true, false, false]);
    match(asServerError, said);
    match(asClientError, said);
  });
}

test("createCertificate() and Go: a server of another name is refused", skipGo, async () => {
  const { asServer, asServerError, asClient } = await judgedByGo(leaf, authority, {
    name: "elsewhere.example",
  });
  deepStrictEqual([asServer, asClient], [false, true]);
  match(asServerError, /not elsewhere\.example/);
});

test("createCertificate() and Go: the usages are kept to", skipGo, async () => {
  for (const usage of ["serverAuth", "clientAuth"] as const) {
    const certificate = await createCertificate({ issuer: authority, usages: [usage] });
    const { asServer, asClient } = await judgedByGo(certificate, authority);
    deepStrictEqual([asServer, asClient], [usage === "serverAuth", usage === "clientAuth"]);
  }
});

test("createCertificate() and Go: key, names and extensions as asked for", skipGo, async () => {
  const { stdout } = await run([await goProgram("cert-judge")], { input: leaf.certificate });
  const judged = JSON.parse(stdout);
  strictEqual(judged.version, 3);
  strictEqual(judged.curve, "P-521");
  strictEqual(judged.signatureAlgorithm, "ECDSA-SHA512");
  deepStrictEqual(judged.dnsNames, ["localhost", "*.plugins.example"]);
  strictEqual(judged.keyUsage, 1);
  deepStrictEqual(judged.extKeyUsage, ["serverAuth", "clientAuth"]);
  deepStrictEqual([judged.isCA, judged.basicConstraintsValid], [false, true]);
  deepStrictEqual([judged.hasSubjectKeyId, judged.hasAuthorityKeyId], [true, true]);
  deepStrictEqual(judged.criticalExtensions, ["2.5.29.19", "2.5.29.15"]);
  strictEqual(judged.selfSigned, false);
});

/** OpenSSL's exit code and words, by its strictest rules. */
async function judgedByOpenssl(
  directory: string,
  shown: CertificateAndKey,
  trusted: CertificateAndKey,
  ...options: string[]
) {
  const [file, authorities] = ["shown.pem", "trusted.pem"].map((name) => join(directory, name)) as [
    string,
    string,
  ];
  writeFileSync(file, shown.certificate);
  writeFileSync(authorities, trusted.certificate);
  const strict = ["-x509_strict", "-check_ss_sig", "-no-CApath", "-no-CAstore"];
  return await run(["openssl", "verify", ...strict, ...options, "-CAfile", authorities, file]);
}

test("createCertificate() and OpenSSL: strict rules pass in both roles", skipOpenssl, async () => {
  await inTemporaryDirectory(async (directory) => {
    for (const purpose of ["sslserver", "sslclient"]) {
      for (const check of [["-verify_hostname", "localhost"], ["-verify_ip", "::1"]]) {
        const options = ["-purpose", purpose, ...check];
        const { code, stderr } = await judgedByOpenssl(directory, leaf, authority, ...options);
        strictEqual(code, 0, stderr);
      }
    }
    const { code, stderr } = await judgedByOpenssl(directory, authority, authority);
    strictEqual(code, 0, stderr);
  });
});

test(
  "createCertificate() and OpenSSL: another authority, name or usage is refused",
  skipOpenssl,
  async () => {
    const forClients = await createCertificate({ issuer: authority, usages: ["clientAuth"] });
    await inTemporaryDirectory(async (directory) => {
      for (
        const [shown, trusted, options, said] of [
          [leaf, other, [], /unable to get local issuer|signature failure/],
          [leaf, authority, ["-verify_hostname", "elsewhere.example"], /hostname mismatch/i],
          [forClients, authority, ["-purpose", "sslserver"], /unsu\w+ certificate purpose/],
        ] as const
      ) {
        const { code, stderr } = await judgedByOpenssl(directory, shown, trusted, ...options);
        strictEqual(code, 2, stderr);
        match(stderr, said);
      }
    });
  },
);

for (
  const [kind, ...options] of [
    ["RSA", "-newkey", "rsa:2048"],
    ["P-384", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    ["Ed25519", "-newkey", "ed25519"],
  ] as const
) {
  test(`createCertificate() signs with OpenSSL's ${kind} authority`, skipOpenssl, async () => {
    await inTemporaryDirectory(async (directory) => {
      const [key, certificate] = ["key.pem", "authority.pem"].map((name) =>
        join(directory, name)
      ) as [string, string];
      const subject = ["-subj", "/C=DE/O=Größe, Inc./CN=authority", "-utf8"];
      const made = await run([
        "openssl",
        ...["req", "-x509", "-nodes", "-days", "30", ...subject, ...options],
        ...["-addext", "keyUsage=critical,keyCertSign", "-keyout", key, "-out", certificate],
      ]);
      strictEqual(made.code, 0, made.stderr);
      const issuer = {
        certificate: readFileSync(certificate, "utf8"),
        privateKey: readFileSync(key, "utf8"),
      };
      const signed = await createCertificate({ issuer });
      const { code, stderr } = await judgedByOpenssl(directory, signed, issuer);
      strictEqual(code, 0, stderr);
    });
  });
}
