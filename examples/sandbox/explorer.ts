/**
 * What host and plugin share: the plugin looks around where it runs, and
 * reads by the host, which it calls back, what it cannot read itself.
 */
import { type HandshakeConfig, service } from "@x/goplugin";
import { descriptor } from "./explorer_descriptor.ts";

export const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: "EXPLORER_PLUGIN",
  magicCookieValue: "hello",
};

/** Served by the plugin. */
export interface Explorer {
  /** Says what the plugin finds; `notes` is the id under which the host serves its notes. */
  explore(request: { notes: number; home: string; port: number }): Promise<{
    root: string[];
    seesHome: boolean;
    reachesPort: boolean;
    canWrite: boolean;
    note: string;
  }>;
}

/** Served by the host. */
export interface Notes {
  read(request: { name: string }): Promise<{ text: string }>;
}

export const ExplorerService = service<Explorer>(descriptor, "explorer.Explorer");
export const NotesService = service<Notes>(descriptor, "explorer.Notes");
