/** Go and OpenSSL as judges of the AutoMTLS certificate. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { generateIdentity } from "../../src/wire/certificate.ts";
import { probeTool, reasonToSkip } from "../helpers/cache.ts";
import { goMissing, goProgram } from "../helpers/go.ts";
import { run } from "../helpers/run.ts";
import { inTemporaryDirectory } from "./matrix.ts";

test("Go's verifier accepts the certificate in both roles and reads the template's fields", {
  skip: goMissing() ?? false,
}, async () => {
  const { certificatePem } = await generateIdentity();
  const { stdout, stderr } = await run([await goProgram("cert-judge")], { input: certificatePem });
  const judged = JSON.parse(stdout || `{"error":${JSON.stringify(stderr)}}`);
  const { asServer, asClient, selfSigned, curve, signatureAlgorithm, version } = judged;
  deepStrictEqual(
    { asServer, asClient, selfSigned, curve, signatureAlgorithm, version },
    {
      asServer: true,
      asClient: true,
      selfSigned: true,
      curve: "P-521",
      signatureAlgorithm: "ECDSA-SHA512",
      version: 3,
    },
  );
  deepStrictEqual(judged.dnsNames, ["localhost"]);
  strictEqual(judged.isCA, true);
  strictEqual(judged.subject, "CN=localhost,O=HashiCorp");
  strictEqual(judged.issuer, judged.subject);
  strictEqual(judged.hasSubjectKeyId, true);
  strictEqual(judged.hasAuthorityKeyId, false);
});

test("OpenSSL verifies the certificate for both purposes", {
  skip: reasonToSkip(probeTool("openssl", ["version"])) ?? false,
}, async () => {
  const identity = await generateIdentity();
  await inTemporaryDirectory(async (directory) => {
    const file = join(directory, "certificate.pem");
    writeFileSync(file, identity.certificatePem);
    for (const purpose of ["sslserver", "sslclient"]) {
      const { code, stdout, stderr } = await run([
        "openssl",
        "verify",
        "-check_ss_sig",
        "-purpose",
        purpose,
        "-verify_hostname",
        "localhost",
        "-CAfile",
        file,
        file,
      ]);
      strictEqual(code, 0, stderr);
      match(stdout, /: OK\n$/);
    }
    const { stdout } = await run(["openssl", "x509", "-in", file, "-noout", "-text"]);
    ok(stdout.includes("ecdsa-with-SHA512") && stdout.includes("NIST CURVE: P-521"));
  });
});
