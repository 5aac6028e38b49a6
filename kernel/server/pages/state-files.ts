import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeAtomically } from "../contents/atomic-file.js";
import { HttpError } from "../http/http-error.js";

/** A text that the interface keeps, with the times that it is told of it. */
interface StateFile {
  readonly text: string;
  readonly created: string;
  readonly last_modified: string;
}

/** Small texts that the interface keeps under names of its own: settings, workspaces, configuration. */
export interface StateFiles {
  read(name: string): Promise<StateFile | undefined>;
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
  names(): Promise<readonly string[]>;
}

/** Any name becomes a file name of its own that no system takes for something else. */
const toFile = (name: string): string => {
  if (name === "" || name.length > 200) throw new HttpError(400, "the name is empty or too long");
  return `${Buffer.from(name).toString("base64url")}.json`;
};
const toName = (file: string): string => Buffer.from(file.replace(/\.json$/, ""), "base64url").toString();

export function openStateFiles(folder: string): StateFiles {
  return {
    async read(name) {
      const file = join(folder, toFile(name));
      try {
        const [text, { birthtime, mtime }] = await Promise.all([readFile(file, "utf8"), stat(file)]);
        return { text, created: birthtime.toISOString(), last_modified: mtime.toISOString() };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    async write(name, text) {
      const file = join(folder, toFile(name));
      await mkdir(dirname(file), { recursive: true });
      await writeAtomically(file, Buffer.from(text));
    },
    async remove(name) {
      await rm(join(folder, toFile(name)));
    },
    async names() {
      try {
        return (await readdir(folder)).filter((file) => /^[\w-]+\.json$/.test(file)).map(toName);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw error;
      }
    },
  };
}
