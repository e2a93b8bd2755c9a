/** What this provider is about: notes, each a file in a directory. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A note, and what its file says of it. */
export type Note = {
  name: string;
  title: string;
  text: string | null;
  labels: Record<string, string> | null;
  /** The length of the text. */
  bytes: number;
  /** When it was written, as ISO 8601. */
  modified: string;
};

/** What is chosen of a note; the rest follows. */
export type NoteContent = Pick<Note, "name" | "title" | "text" | "labels">;

/** The notes of a directory. */
export class NoteStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Null if there is none of this name. */
  async read(name: string): Promise<Note | null> {
    let file: string;
    try {
      file = await readFile(this.#path(name), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
    const { title, text, labels, modified } = JSON.parse(file);
    return { name, title, text, labels, modified, bytes: byteLength(text) };
  }

  async write({ name, title, text, labels }: NoteContent): Promise<Note> {
    const modified = new Date().toISOString();
    await mkdir(this.#directory, { recursive: true });
    const file = JSON.stringify({ title, text, labels, modified }, null, 2);
    await writeFile(this.#path(name), `${file}\n`);
    return { name, title, text, labels, modified, bytes: byteLength(text) };
  }

  async remove(name: string): Promise<void> {
    await rm(this.#path(name), { force: true });
  }

  /** The names that begin with a prefix, in order. */
  async names(prefix: string): Promise<string[]> {
    const files = await readdir(this.#directory).catch((error) => {
      if (error.code === "ENOENT") return []; // The first note makes it.
      throw error;
    });
    return files.filter((file) => file.startsWith(prefix) && file.endsWith(".json"))
      .map((file) => file.slice(0, -".json".length)).sort();
  }

  #path(name: string): string {
    return join(this.#directory, `${name}.json`);
  }
}

function byteLength(text: string | null): number {
  return new TextEncoder().encode(text ?? "").length;
}
