import { deepStrictEqual, notStrictEqual, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { PluginError } from "../../src/errors.ts";
import {
  formatHandshake,
  parseHandshake,
  requireGrpc,
  requireMultiplexing,
} from "../../src/wire/handshake.ts";
import { GO_CERTIFICATE } from "./go_certificate.ts";
import { forSeeds, type Random } from "./random.ts";

test("parseHandshake() reads what formatHandshake() wrote", () => {
  forSeeds(500, (random) => {
    const announced = {
      protocolVersion: random.below(2 ** 32) - 2 ** 31,
      address: randomAddress(random),
    };
    const certificate = random.below(2) === 0 ? undefined : GO_CERTIFICATE;
    const multiplex = random.pick([undefined, true, false]);
    const line = formatHandshake({ ...announced, certificate, multiplex });
    deepStrictEqual(parseHandshake(random.pick([line, `${line}\r\n`])), {
      ...announced,
      protocol: "grpc",
      ...(certificate !== undefined && { certificate }),
      ...(multiplex !== undefined && { multiplex: String(multiplex) }),
    });
  });
});

function randomAddress(random: Random) {
  if (random.below(2) === 0) {
    return {
      network: "unix",
      path: random.text("/\\.: aé\u00a0𝄞", random.below(100)),
    } as const;
  }
  const host = random.pick(["127.0.0.1", "::1", "localhost", "fe80::1%eth0"]);
  return { network: "tcp", host, port: random.below(65_536) } as const;
}

const ENCODED = Buffer.from(GO_CERTIFICATE).toString("base64")
  .replaceAll("=", "");
const LINES = [
  "1|1|unix|/tmp/plugin1|grpc|",
  "1|3|tcp|127.0.0.1:10000|grpc||true",
  "1|2|tcp|[::1]:1234|netrpc",
  `1|1|unix|/tmp/plugin1|grpc|${ENCODED}|false`,
];
const ALPHABET = "||||0123456789+-[]:. \t\r\n/=_*axtT\0é\u0085\ufeff\ud834𝄞";

/** A line that was valid before something was removed, added, replaced or doubled, up to eight times. */
function mutatedLine(random: Random): string {
  let line = random.pick(LINES);
  for (let count = 1 + random.below(8); count > 0; count--) {
    const at = random.below(line.length + 1);
    const end = at + random.pick([0, 0, 1, 1, 1, 5, 100]);
    const inserted = random.pick(["", random.pick(ALPHABET), line.slice(at, end)]);
    line = line.slice(0, at) + inserted + line.slice(end);
  }
  return line;
}

function randomLine(random: Random): string {
  return random.text(ALPHABET, random.below(80));
}

const FIELDS = ["1", "2", "unix", "tcp", ":1", "grpc", "", "true", ENCODED, "A".repeat(51)];

function randomFields(random: Random): string {
  return Array.from({ length: random.below(9) }, () => random.pick(FIELDS)).join("|");
}

function mutatedCertificate(random: Random): string {
  const der = GO_CERTIFICATE.slice();
  for (let count = 1 + random.below(4); count > 0; count--) {
    der[random.below(der.length)] = random.below(256);
  }
  const address = { network: "unix", path: "/tmp/plugin1" } as const;
  return formatHandshake({ protocolVersion: 1, address, certificate: der });
}

for (
  const [what, make] of [
    ["a mutated line", mutatedLine],
    ["a mutated certificate", mutatedCertificate],
    ["a random line", randomLine],
    ["random fields", randomFields],
  ] as const
) {
  test(`parseHandshake() throws nothing but a subclass of PluginError, given ${what}`, () => {
    let refused = 0;
    forSeeds(2000, (random) => {
      const line = make(random);
      try {
        const handshake = parseHandshake(line);
        requireGrpc(handshake, line);
        requireMultiplexing(handshake, line);
      } catch (error) {
        ok(error instanceof PluginError, `${JSON.stringify(line)}: ${error}`);
        notStrictEqual(error.constructor, PluginError);
        refused++;
      }
    });
    ok(refused > 0);
  });
}
