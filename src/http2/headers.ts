/** Header blocks as the layer above sees them. */

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
  contentLength = -1;
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
}
