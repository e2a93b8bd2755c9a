/**
 * The AutoMTLS certificate: a fresh P-521 key and a self-signed certificate of
 * one fixed form. A general X.509 library would cost more to load than all the
 * rest of a start, so the form is written out here; libraries judge it in the
 * tests.
 */
import {
  ascii,
  bitString,
  element,
  objectIdentifier,
  printableString,
  readElements,
  sequence,
  TAG,
  time,
  unsignedInteger,
} from "./der.ts";
import { encodePem } from "./pem.ts";
import { CERTIFICATE_HOST } from "./x509.ts";

/** One side's key and certificate. */
export interface Identity {
  /** The certificate as DER: what the handshake line carries. */
  readonly certificate: Uint8Array<ArrayBuffer>;
  /** The certificate as PEM: what the environment carries. */
  readonly certificatePem: string;
  /** The private key as PEM (PKCS #8). It never leaves the process. */
  readonly privateKeyPem: string;
}

const OID = {
  ecPublicKey: "1.2.840.10045.2.1",
  secp521r1: "1.3.132.0.35",
  ecdsaWithSha512: "1.2.840.10045.4.3.4",
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
};

const SECOND = 1000;
const HOUR = 3600 * SECOND;
/** Bytes of one coordinate, and of one half of a signature, on P-521. */
const P521_BYTES = 66;

/**
 * Makes a key and a certificate as go-plugin makes them: P-521,
 * ecdsa-with-SHA512, O=HashiCorp, CN=localhost, valid from half a minute ago
 * for thirty years.
 *
 * Source: go-plugin `mtls.go`, `generateCert`; RFC 5280, section 4.
 */
export async function generateIdentity(
  now: Date = new Date(),
): Promise<Identity> {
  const keys = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-521" },
    true,
    ["sign", "verify"],
  );
  const privateKey = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const point = publicPointIn(privateKey) ??
    new Uint8Array(await crypto.subtle.exportKey("raw", keys.publicKey));
  const keyId = (await crypto.subtle.digest("SHA-256", point)).slice(0, 20);
  const body = certificateBody(publicKeyInfo(point), new Uint8Array(keyId), now);
  const signature = await crypto.subtle.sign(
    { name: "ECDSA", hash: "SHA-512" },
    keys.privateKey,
    body,
  );
  const certificate = sequence(
    body,
    signatureAlgorithm(),
    bitString(ecdsaSignature(new Uint8Array(signature))),
  );
  return {
    certificate,
    certificatePem: encodePem("CERTIFICATE", certificate),
    privateKeyPem: encodePem("PRIVATE KEY", privateKey),
  };
}

/**
 * The public key that Deno and Node write behind the private key. To export it
 * by itself costs Deno (2.9) more than to make the key pair.
 *
 * Source: RFC 5958, section 2; RFC 5915, section 3; SEC 1, section 2.3.3.
 */
function publicPointIn(pkcs8: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const [outer] = readElements(pkcs8);
  const [, , wrapped] = readElements(outer?.contents ?? NOTHING);
  const [ecKey] = readElements(wrapped?.contents ?? NOTHING);
  const last = readElements(ecKey?.contents ?? NOTHING).at(-1);
  if (last?.tag !== 0xa1) return undefined; // [1] publicKey
  const [bits] = readElements(last.contents);
  // No unused bits, then 4 for a point that is not compressed.
  const point = bits?.contents.slice(1);
  return point?.length === 1 + 2 * P521_BYTES && point[0] === 4 ? point : undefined;
}

const NOTHING = new Uint8Array(0);

/** Source: RFC 5480, section 2. */
function publicKeyInfo(point: Uint8Array): Uint8Array {
  return sequence(
    sequence(objectIdentifier(OID.ecPublicKey), objectIdentifier(OID.secp521r1)),
    bitString(point),
  );
}

function certificateBody(
  publicKey: Uint8Array,
  keyId: Uint8Array,
  now: Date,
): Uint8Array<ArrayBuffer> {
  const name = sequence(
    attribute(OID.organization, "HashiCorp"),
    attribute(OID.commonName, CERTIFICATE_HOST),
  );
  return sequence(
    element(0xa0, unsignedInteger(Uint8Array.of(2))), // version 3
    unsignedInteger(crypto.getRandomValues(new Uint8Array(16))),
    signatureAlgorithm(),
    name, // issuer
    sequence(
      time(new Date(now.getTime() - 30 * SECOND)),
      time(new Date(now.getTime() + 262_980 * HOUR)),
    ),
    name, // subject
    publicKey,
    element(
      0xa3,
      sequence(
        // digitalSignature, keyEncipherment, keyAgreement, keyCertSign
        extension(OID.keyUsage, true, bitString(Uint8Array.of(0b1010_1100), 2)),
        extension(
          OID.extendedKeyUsage,
          false,
          sequence(
            objectIdentifier(OID.clientAuth),
            objectIdentifier(OID.serverAuth),
          ),
        ),
        extension(
          OID.basicConstraints,
          true,
          sequence(element(TAG.boolean, Uint8Array.of(0xff))), // CA:TRUE
        ),
        extension(
          OID.subjectKeyIdentifier,
          false,
          element(TAG.octetString, keyId),
        ),
        extension(
          OID.subjectAltName,
          false,
          sequence(element(0x82, ascii(CERTIFICATE_HOST))),
        ),
      ),
    ),
  );
}

function signatureAlgorithm(): Uint8Array {
  return sequence(objectIdentifier(OID.ecdsaWithSha512));
}

function attribute(type: string, value: string): Uint8Array {
  return element(
    TAG.set,
    sequence(objectIdentifier(type), printableString(value)),
  );
}

function extension(
  type: string,
  critical: boolean,
  value: Uint8Array,
): Uint8Array {
  return sequence(
    objectIdentifier(type),
    ...(critical ? [element(TAG.boolean, Uint8Array.of(0xff))] : []),
    element(TAG.octetString, value),
  );
}

/** Web Crypto gives r and s side by side; X.509 wants a sequence of two integers (RFC 3279, 2.2.3). */
function ecdsaSignature(raw: Uint8Array): Uint8Array {
  return sequence(
    unsignedInteger(raw.subarray(0, P521_BYTES)),
    unsignedInteger(raw.subarray(P521_BYTES)),
  );
}
