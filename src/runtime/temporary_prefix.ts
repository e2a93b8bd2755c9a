/** The start of the names of our temporary directories. */
export const TEMPORARY_PREFIX = "goplugin-";
