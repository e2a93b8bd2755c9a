/** What the tap writes down, one JSON object a line. */

/** The two ends of a connection. */
export type Side = "host" | "plugin";

/** One thing that happened, in the order in which it did. */
export type TapEvent =
  | { readonly kind: "environment"; readonly variables: Readonly<Record<string, string>> }
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "connect"; readonly connection: number; readonly from: Side }
  | {
    readonly kind: "bytes";
    readonly connection: number;
    readonly from: Side;
    readonly hex: string;
  }
  | { readonly kind: "end"; readonly connection: number; readonly from: Side }
  | { readonly kind: "exit"; readonly code: number | null };
