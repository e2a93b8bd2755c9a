/**
 * What this module has to know of a peer's certificate before it lets TLS use
 * it: that it is one, when it is valid, and for which names. Signatures and
 * keys, of any kind, are TLS's business.
 */
import { CertificateError } from "../errors.ts";
import { type DerElement, readElements, TAG } from "./der.ts";

/** The host name that go-plugin's certificates are made out to. */
export const CERTIFICATE_HOST = "localhost";

/** The fields of a certificate that matter here. */
export interface CertificateFacts {
  /** The first moment at which it is valid. */
  readonly notBefore: Date;
  /** The last moment at which it is valid. */
  readonly notAfter: Date;
  /** The DNS names it is made out to. */
  readonly dnsNames: readonly string[];
  /** Whether it may sign others. */
  readonly isAuthority: boolean;
  /** Its extended key usages, as DER of their object identifiers in hex; any, if left out. */
  readonly usages?: readonly string[];
}

/** DER of the object identifiers of extensions, 2.5.29.x, in hex. */
const EXTENSION = { subjectAltName: "551d11", basicConstraints: "551d13", extKeyUsage: "551d25" };
/** DER of the object identifiers of extended key usages, in hex. */
const USAGE = {
  any: "551d2500",
  serverAuth: "2b06010505070301",
  clientAuth: "2b06010505070302",
};

/**
 * Reads the fields of a certificate in DER.
 *
 * @throws {RangeError} If the bytes are no X.509 certificate.
 *
 * Source: RFC 5280, section 4.1.
 */
export function readCertificate(der: Uint8Array): CertificateFacts {
  const outer = readElements(der);
  const [certificate] = outer;
  if (outer.length !== 1 || certificate?.tag !== TAG.sequence) {
    throw malformed("no single sequence");
  }
  const [body, algorithm, signature] = readElements(certificate.contents);
  if (
    body?.tag !== TAG.sequence || algorithm?.tag !== TAG.sequence ||
    signature?.tag !== TAG.bitString
  ) throw malformed("no signed body");
  const fields = readElements(body.contents);
  // [0] version comes first in every certificate that has extensions.
  if (fields[0]?.tag === 0xa0) fields.shift();
  const [serial, , , validity, , key, ...rest] = fields;
  if (
    serial?.tag !== TAG.integer || validity?.tag !== TAG.sequence ||
    key?.tag !== TAG.sequence
  ) throw malformed("fields missing");
  const [notBefore, notAfter] = readElements(validity.contents);
  const extensions = readExtensions(rest);
  const usages = extensions.get(EXTENSION.extKeyUsage);
  return {
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    // [2] is dNSName, IA5String.
    dnsNames: listIn(extensions.get(EXTENSION.subjectAltName))
      .filter(({ tag }) => tag === 0x82).map(({ contents }) => text(contents)),
    isAuthority: isTrue(listIn(extensions.get(EXTENSION.basicConstraints))[0]),
    ...(usages && { usages: listIn(usages).map(({ contents }) => hex(contents)) }),
  };
}

/** Whether a certificate may be used for a side of TLS. Source: RFC 5280, section 4.2.1.12. */
export function allowsUsage(
  { usages }: CertificateFacts,
  usage: "serverAuth" | "clientAuth",
): boolean {
  return usages === undefined || usages.includes(USAGE.any) || usages.includes(USAGE[usage]);
}

function malformed(what: string): RangeError {
  return new RangeError(`malformed certificate: ${what}`);
}

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function readTime(element: DerElement | undefined): Date {
  if (element?.tag !== TAG.utcTime && element?.tag !== TAG.generalizedTime) {
    throw malformed("no time");
  }
  const digits = text(element.contents);
  // UTCTime has two digits for the year: 50 to 99 mean the 20th century.
  const full = element.tag === TAG.utcTime
    ? (Number(digits.slice(0, 2)) < 50 ? "20" : "19") + digits
    : digits;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full);
  const [, year, month, day, hour, minute, second] = parts ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const date = new Date(`${iso}Z`);
  // An invalid date would be neither expired nor early; 30 February would pass for 1 March.
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(iso)) {
    throw malformed(`time ${JSON.stringify(digits)}`);
  }
  return date;
}

/** The value of each extension by the DER of its object identifier; the first of each counts. */
function readExtensions(rest: readonly DerElement[]): Map<string, Uint8Array> {
  const values = new Map<string, Uint8Array>();
  const extensions = rest.find(({ tag }) => tag === 0xa3);
  for (const extension of listIn(extensions?.contents)) {
    const parts = readElements(extension.contents);
    const id = hex(parts[0]?.contents);
    const value = parts.at(-1);
    if (value?.tag === TAG.octetString && !values.has(id)) values.set(id, value.contents);
  }
  return values;
}

/** What stands in the one sequence that the bytes hold. */
function listIn(bytes: Uint8Array = new Uint8Array(0)): DerElement[] {
  const [list] = readElements(bytes);
  return readElements(list?.contents ?? new Uint8Array(0));
}

/** Whether an element is the boolean TRUE, which basicConstraints of an authority begin with. */
function isTrue(element: DerElement | undefined): boolean {
  return element?.tag === TAG.boolean && hex(element.contents) === "ff";
}

function hex(bytes: Uint8Array | undefined): string {
  return Array.from(bytes ?? [], (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/**
 * Checks that a peer's certificate can be pinned: it is valid now and made out
 * to `localhost`. Both sides check it before any connection, so that the
 * reason is told instead of a TLS alert. Go's plugins do not look at the name
 * in a host's certificate; ours do.
 *
 * @throws {CertificateError} If it cannot be read, is not valid, or has another name.
 */
export function checkPeerCertificate(
  der: Uint8Array,
  whose: string,
  now: Date,
): void {
  let facts: CertificateFacts;
  try {
    facts = readCertificate(der);
  } catch (error) {
    throw new CertificateError(
      "malformed",
      `Cannot trust ${whose}: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
  if (now > facts.notAfter) {
    throw new CertificateError(
      "expired",
      `Cannot trust ${whose}: it expired at ${facts.notAfter.toISOString()}`,
      { hint: "Check the clock of this machine" },
    );
  }
  if (now < facts.notBefore) {
    throw new CertificateError(
      "not-yet-valid",
      `Cannot trust ${whose}: it is valid only from ${facts.notBefore.toISOString()}`,
      { hint: "Check the clock of this machine" },
    );
  }
  if (!facts.dnsNames.some((name) => name.toLowerCase() === CERTIFICATE_HOST)) {
    throw new CertificateError(
      "wrong-name",
      `Cannot trust ${whose}: it is made out to ${
        facts.dnsNames.length === 0 ? "no DNS name" : facts.dnsNames.join(", ")
      }, not to "${CERTIFICATE_HOST}"`,
    );
  }
}
