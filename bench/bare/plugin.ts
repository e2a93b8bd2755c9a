/** The serving side without a plugin layer: prints where it is and the certificate it shows. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { chooseBare, newCertificate } from "./calls.ts";

const { BENCH_CA: ca, BENCH_ENGINE: engine } = process.env;
const bare = await chooseBare(engine);
const own = ca === undefined ? undefined : await newCertificate();
const folder = mkdtempSync(join(tmpdir(), "bare-"));
const path = join(folder, "socket");
const tls = own && ca !== undefined
  ? { key: own.privateKey, cert: own.certificate, ca }
  : undefined;
process.on("SIGTERM", () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
await bare.serve(path, tls);
console.log(JSON.stringify({ path, cert: own?.certificate }));
