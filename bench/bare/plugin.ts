/** The serving side without a plugin layer: prints the certificate it shows once it is there. */
import process from "node:process";
import { chooseBare, newCertificate } from "./calls.ts";

const { BENCH_CA: ca, BENCH_ENGINE: engine, BENCH_SOCKET: path = "" } = process.env;
const bare = await chooseBare(engine);
const own = ca === undefined ? undefined : await newCertificate();
const tls = own && ca !== undefined
  ? { key: own.privateKey, cert: own.certificate, ca }
  : undefined;
await bare.serve(path, tls);
console.log(JSON.stringify({ cert: own?.certificate }));
