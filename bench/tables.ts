/** Which columns of the benchmark stand in one table: `host*plugin`, or what is run alone. */

/** The groups that a table is printed of, each with its columns. */
export const TABLES: Readonly<Record<string, readonly string[]>> = {
  "With Go": ["go*go", "deno*deno", "node*node", "deno*go", "node*go", "go*deno", "go*node"],
  "On Deno": [
    "deno*deno",
    "deno engine alone",
    "deno on grpc-js",
    "deno grpc-js alone",
    "deno node:http2 alone",
  ],
  "On Node": [
    "node*node",
    "node engine alone",
    "node on grpc-js",
    "node grpc-js alone",
    "node node:http2 alone",
  ],
};
