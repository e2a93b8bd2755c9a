/** Header lists to bytes (RFC 7541). */

/** A header list that is sent again and again: it is put into bytes once as long as nothing changes. */
export class HeaderTemplate {
  /** The fields: name, value, name, value. */
  readonly list: readonly string[];

  /**
   * Checks the fields.
   *
   * @throws {TypeError} If a name or value cannot be sent.
   */
  constructor(list: readonly string[]) {
    this.list = list;
  }
}
