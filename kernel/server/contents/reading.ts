import { createHash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { access, lstat, readdir, readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { HttpError } from "../http/http-error.js";
import { largestBody } from "../http/exchange.js";
import { isNotebookName, type GetOptions, type Model } from "./model.js";
import { mimeType } from "./mime.js";
import { parseNotebook, withJoinedTexts } from "./notebook-text.js";
import { isHidden, type Place, type Root } from "./root.js";
import type { Trust } from "./trust.js";

/** Says in a notebook whether its outputs are trusted. */
export type Marking = Pick<Trust, "mark">;
const unmarked: Marking = { mark: (notebook) => notebook };

async function isWritable(file: string): Promise<boolean> {
  try {
    await access(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Everything about a file but what is in it. */
async function describe(place: Place, stats: Stats, type: Model["type"]): Promise<Model> {
  return {
    name: basename(place.path),
    path: place.path,
    type,
    writable: await isWritable(place.file),
    // Some file systems don't know when a file was made, and say 1970.
    created: (stats.birthtimeMs > 0 ? stats.birthtime : stats.mtime).toISOString(),
    last_modified: stats.mtime.toISOString(),
    size: type === "directory" ? null : stats.size,
    mimetype: null,
    format: null,
    content: null,
  };
}

/** A text, or undefined for bytes that are none. A mark of the encoding at the start stays where it is. */
function asText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What the file says, as the interface wants it. */
function present(bytes: Buffer, model: Model, { format }: GetOptions, trust: Marking): Partial<Model> {
  const text = format === "base64" ? undefined : asText(bytes);
  if (model.type === "notebook") {
    if (text === undefined) throw new HttpError(400, `${model.path} is not UTF-8 text, so it is no notebook`);
    return { format: "json", content: trust.mark(withJoinedTexts(parseNotebook(text))) };
  }
  if (text !== undefined) return { format: "text", mimetype: mimeType(model.name) ?? "text/plain", content: text };
  if (format === "text") throw new HttpError(400, `${model.path} is not UTF-8 text`);
  const content = bytes.toString("base64");
  return { format: "base64", mimetype: mimeType(model.name) ?? "application/octet-stream", content };
}

async function readFileModel(place: Place, stats: Stats, options: GetOptions, trust: Marking): Promise<Model> {
  const type = options.type ?? (isNotebookName(place.path) ? "notebook" : "file");
  const model = await describe(place, stats, type);
  if (!options.content && !options.hash) return model;
  if (stats.size > largestBody) {
    throw new HttpError(400, `${place.path} has ${stats.size} bytes, too many to be opened; download it instead`);
  }
  const bytes = await readFile(place.file);
  const hash = createHash("sha256").update(bytes).digest("hex");
  return {
    ...model,
    ...(options.content ? present(bytes, model, options, trust) : {}),
    ...(options.hash ? { hash, hash_algorithm: "sha256" as const } : {}),
  };
}

async function listFolder(root: Root, place: Place): Promise<readonly Model[]> {
  const names = (await readdir(place.file)).filter((name) => !isHidden(name));
  const models = await Promise.all(
    names.map(async (name): Promise<Model | undefined> => {
      const path = place.path === "" ? name : `${place.path}/${name}`;
      try {
        return await getModel(root, path, { content: false, hash: false });
      } catch {
        // Gone meanwhile, a link out of the root or to nowhere, a name that a client couldn't write.
        return undefined;
      }
    }),
  );
  return models.filter((model) => model !== undefined);
}

/** @throws HttpError 400, 404 */
export async function getModel(
  root: Root,
  path: string,
  options: GetOptions,
  trust: Marking = unmarked,
): Promise<Model> {
  const place = await root.locate(path);
  const stats = await stat(place.file);
  if (stats.isDirectory()) {
    if (options.type !== undefined && options.type !== "directory") throw new HttpError(400, `${path} is a folder`);
    const model = await describe(place, stats, "directory");
    return options.content ? { ...model, format: "json", content: await listFolder(root, place) } : model;
  }
  // Reading a pipe or a device might wait for ever.
  if (!stats.isFile()) throw new HttpError(400, `${path} is no regular file`);
  if (options.type === "directory") throw new HttpError(400, `${path} is no folder`);
  return readFileModel(place, stats, options, trust);
}

/** Whether there is anything of this name, a link to nowhere too. */
export async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}
