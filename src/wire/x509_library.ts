/** The one place that loads @peculiar/x509, when a certificate is to be made or explained. */

/** @peculiar/x509. */
export type X509Library = typeof import("@peculiar/x509");

let loading: Promise<X509Library> | undefined;

/**
 * Loads @peculiar/x509, once: it takes a tenth of a second, which a start
 * without certificates of one's own must not pay. It needs no permissions.
 */
export function loadX509(): Promise<X509Library> {
  loading ??= load();
  return loading;
}

async function load(): Promise<X509Library> {
  // The library's containers throw while it loads unless `Reflect` has this one's functions.
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}
