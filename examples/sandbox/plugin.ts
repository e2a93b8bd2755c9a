/** A plugin that looks around: what it sees is what its sandbox shows it. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { implement, serve } from "@x/goplugin/plugin";
import { ExplorerService, handshake, NotesService } from "./explorer.ts";

function reaches(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  return new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}

function canWrite(path: string): boolean {
  try {
    writeFileSync(path, "");
    return true;
  } catch {
    return false;
  }
}

const explorer = implement(ExplorerService, ({ broker }) => ({
  async explore({ notes, home, port }) {
    await using host = await broker.dial(notes, NotesService);
    const { text } = await host.read({ name: "today" });
    return {
      root: readdirSync("/").sort(),
      seesHome: existsSync(home),
      reachesPort: await reaches(port),
      canWrite: canWrite("/usr/explorer-was-here"),
      note: text,
    };
  },
}));

await serve({ handshake, plugins: { explorer } });
