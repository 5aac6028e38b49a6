import { constants } from "node:fs";
import { copyFile, lstat, mkdir, open, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { optionalString, type Fields } from "../http/exchange.js";
import { HttpError } from "../http/http-error.js";
import { writeAtomically } from "./atomic-file.js";
import { forgetCheckpoint, moveCheckpoint } from "./checkpoints.js";
import { isNotebookName, type Model } from "./model.js";
import { copyNames, untitledNames } from "./names.js";
import { checkNotebook, emptyNotebook, notebookText } from "./notebook-text.js";
import { exists } from "./reading.js";
import { isHidden, type Place, type Root } from "./root.js";
import type { Trash } from "./trash.js";
import type { Trust } from "./trust.js";
import { writeChunk } from "./upload.js";

const kinds: readonly Model["type"][] = ["file", "notebook", "directory"];

/** What a model says it is, or what its name does. @throws HttpError 400 */
function typeOf(fields: Fields, path: string): Model["type"] {
  const given = optionalString(fields, "type");
  if (given === undefined) return isNotebookName(path) ? "notebook" : "file";
  const kind = kinds.find((each) => each === given);
  if (kind === undefined) throw new HttpError(400, `"type" is none of ${kinds.join(", ")}`);
  return kind;
}

/** A file's content as bytes. @throws HttpError 400 */
function bytesOf(fields: Fields): Buffer {
  const { content } = fields;
  if (typeof content !== "string") throw new HttpError(400, '"content" is no string');
  const format = optionalString(fields, "format") ?? "text";
  if (format === "text") return Buffer.from(content, "utf8");
  if (format !== "base64") throw new HttpError(400, '"format" is neither "text" nor "base64"');
  // Node takes any text for base64 and leaves out what it doesn't know: a damaged upload would be saved as whole.
  const plain = content.replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(plain) || plain.length % 4 !== 0)
    throw new HttpError(400, "the content is no base64");
  return Buffer.from(plain, "base64");
}

function chunkOf(fields: Fields): number | undefined {
  const { chunk } = fields;
  if (chunk === undefined || chunk === null) return undefined;
  if (typeof chunk !== "number" || !Number.isInteger(chunk) || chunk === 0 || chunk < -1) {
    throw new HttpError(400, '"chunk" is neither a positive number nor −1');
  }
  return chunk;
}

async function makeFolder(file: string): Promise<void> {
  try {
    await mkdir(file);
  } catch (error) {
    const isFolder = await stat(file).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (!isFolder) throw error;
  }
}

/** @throws HttpError 400 where something else than a file is there */
async function checkIsFile(place: Place): Promise<void> {
  if (place.path === "") throw new HttpError(400, "the root is a folder");
  if ((await exists(place.file)) && !(await stat(place.file)).isFile()) {
    throw new HttpError(400, `${place.path} is a folder or no regular file`);
  }
}

/** Writes what a client saves or uploads. */
export async function save(place: Place, fields: Fields, trust: Trust): Promise<void> {
  const type = typeOf(fields, place.path);
  if (type === "directory") {
    await makeFolder(place.file);
    return;
  }
  await checkIsFile(place);
  const chunk = chunkOf(fields);
  if (type === "notebook") {
    if (chunk !== undefined) throw new HttpError(400, "a notebook is saved in one piece");
    const notebook = checkNotebook(fields["content"]);
    await writeAtomically(place.file, Buffer.from(notebookText(notebook)));
    trust.remember(notebook);
  } else if (chunk === undefined) await writeAtomically(place.file, bytesOf(fields));
  else await writeChunk(place.file, chunk, bytesOf(fields));
}

/** Takes the first name that is free, at once: two that ask together get two names. */
async function claim<T>(names: Iterable<string>, make: (name: string) => Promise<T>): Promise<T> {
  for (const name of names) {
    try {
      return await make(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  throw new HttpError(409, "there is no free name left");
}

/** Makes something new and empty. @returns its path */
export async function createUntitled(root: Root, folder: Place, fields: Fields): Promise<string> {
  const extension = optionalString(fields, "ext") ?? "";
  if (!/^(?:\.[\w-]{1,20})?$/.test(extension)) throw new HttpError(400, '"ext" is no ending such as ".txt"');
  const type = typeOf(fields, `x${extension}`);
  return claim(untitledNames(type, extension), async (name) => {
    const { path, file } = await root.locate(`${folder.path}/${name}`);
    if (type === "directory") await mkdir(file);
    else {
      const handle = await open(file, "wx");
      await handle.writeFile(type === "notebook" ? notebookText(emptyNotebook) : "");
      await handle.sync();
      await handle.close();
    }
    return path;
  });
}

/** Copies a file into a folder. @returns the copy's path */
export async function copyInto(root: Root, folder: Place, from: Place): Promise<string> {
  if (!(await stat(from.file)).isFile()) throw new HttpError(400, `${from.path} is no file, so it can't be copied`);
  const sameFolder = dirname(`/${from.path}`) === `/${folder.path}`;
  return claim(copyNames(basename(from.path), sameFolder), async (name) => {
    const { path, file } = await root.locate(`${folder.path}/${name}`);
    await copyFile(from.file, file, constants.COPYFILE_EXCL);
    return path;
  });
}

/** The link itself where the place is one: deleting or renaming a link leaves what it leads to. */
async function entryOf(root: Root, place: Place): Promise<string> {
  const parent = await root.locate(dirname(`/${place.path}`));
  return join(parent.file, basename(place.path));
}

/** @throws HttpError 409 where there is something of the new name */
export async function move(root: Root, from: Place, to: Place): Promise<void> {
  if (from.path === "" || to.path === "") throw new HttpError(400, "the root can't be renamed");
  if (`${to.path}/`.startsWith(`${from.path}/`) && to.path !== from.path) {
    throw new HttpError(400, "a folder can't move into itself");
  }
  const [source, target] = [await entryOf(root, from), await entryOf(root, to)];
  const before = await lstat(source);
  if (source === target) return;
  if (await exists(target)) {
    const there = await lstat(target);
    // Where upper and lower case are the same name, "A" may become "a".
    const same = before.ino === there.ino && before.dev === there.dev;
    if (!same || source.toLowerCase() !== target.toLowerCase()) throw new HttpError(409, `${to.path} exists already`);
  }
  await rename(source, target);
  if (before.isFile()) await moveCheckpoint(source, target);
}

/**
 * Deletes a file or a folder with all that is in it: into the trash, where there is one. Without one a file is gone, and
 * so is a folder that is empty but for checkpoints.
 * @throws HttpError 400 for a folder that isn't, where there is no trash
 */
export async function remove(root: Root, place: Place, trash: Trash | undefined): Promise<void> {
  if (place.path === "") throw new HttpError(400, "the root can't be deleted");
  const entry = await entryOf(root, place);
  const isFolder = (await lstat(entry)).isDirectory();
  const isKept = (await trash?.take(entry)) === true;
  if (!isFolder) {
    if (!isKept) await rm(entry);
    await forgetCheckpoint(entry);
  }
  if (isFolder && !isKept) await removeEmpty(entry, place);
}

async function removeEmpty(entry: string, place: Place): Promise<void> {
  const inside = await readdir(entry);
  if (inside.some((name) => name !== ".ipynb_checkpoints")) {
    const kind = inside.every(isHidden) ? "hidden files" : "files";
    throw new HttpError(400, `${place.path} still holds ${kind}; delete them first`);
  }
  await rm(join(entry, ".ipynb_checkpoints"), { recursive: true, force: true });
  await rmdir(entry);
}
