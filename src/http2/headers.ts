/** Header blocks as the layer above sees them. Source: RFC 9113 section 8. */
import type { HeaderField } from "./header_field.ts";

/**
 * A header block that was received and is well-formed. The same object may
 * stand for many blocks with the same bytes: it must not be changed, except
 * for {@linkcode ReceivedHeaders.memo}.
 */
export class ReceivedHeaders {
  /** `:method` of a request, else empty. */
  method = "";
  /** `:path` of a request, else empty. */
  path = "";
  /** `:scheme` of a request, else empty. */
  scheme = "";
  /** `:authority` of a request, else empty. */
  authority = "";
  /** `:status` of a response, else 0. */
  status = 0;
  /** `content-length`, or -1 if there is none. */
  contentLength: number = -1;
  /** The other fields in their order: name, value, name, value. Each character stands for one byte. */
  readonly list: string[] = [];
  /** Room for what the layer above made of these headers, so that it need not do it again. */
  memo: unknown;

  /** The value of the first field with this name, in lower case. */
  get(name: string): string | undefined {
    const { list } = this;
    for (let at = 0; at < list.length; at += 2) {
      if (list[at] === name) return list[at + 1];
    }
    return undefined;
  }

  /** Whether these are headers of a response that is still to come: a status of 1xx. */
  get isInformational(): boolean {
    return this.status >= 100 && this.status < 200;
  }
}

/** What a header block can be. */
export type BlockKind = "request" | "response" | "trailers";

/**
 * Puts fields into their places.
 *
 * @returns `undefined` if the message is malformed.
 */
export function interpretFields(
  fields: readonly HeaderField[],
  kind: BlockKind,
): ReceivedHeaders | undefined {
  const headers = new ReceivedHeaders();
  let seenRegular = false;
  let seenAuthority = false;
  for (const field of fields) {
    if (field.isMalformed) return undefined;
    const { pseudo, name, value } = field;
    if (pseudo === undefined) {
      seenRegular = true;
      headers.list.push(name, value);
      if (name === "content-length") {
        const length = Number(value);
        if (headers.contentLength >= 0 && headers.contentLength !== length) return undefined;
        headers.contentLength = length;
      }
      continue;
    }
    if (seenRegular || (pseudo === "status") !== (kind === "response") || kind === "trailers") {
      return undefined;
    }
    if (pseudo === "status") {
      if (headers.status !== 0) return undefined;
      headers.status = Number(value);
    } else if (pseudo === "authority") {
      if (seenAuthority) return undefined;
      seenAuthority = true;
      headers.authority = value;
    } else {
      if (headers[pseudo] !== "") return undefined;
      headers[pseudo] = value;
    }
  }
  return isComplete(headers, kind) ? headers : undefined;
}

function isComplete(headers: ReceivedHeaders, kind: BlockKind): boolean {
  if (kind === "request") {
    return headers.method !== "" && headers.path !== "" && headers.scheme !== "";
  }
  // HTTP/2 has no switching of protocols.
  return kind === "trailers" || (headers.status !== 0 && headers.status !== 101);
}
