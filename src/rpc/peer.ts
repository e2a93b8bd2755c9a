/** How a peer is reached. */
import type { Duplex } from "node:stream";
import type { Address } from "../wire/address.ts";

/**
 * Opens a stream to a peer, on a connection that is there already.
 *
 * @param signal Gives up, with its reason.
 */
export type OpenStream = (signal: AbortSignal) => Promise<Duplex>;

/** Where a peer listens, or what opens a stream to it. */
export type Peer = Address | OpenStream;
