import { mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HttpError } from "../http/http-error.js";
import { writeAtomically } from "./atomic-file.js";
import type { Checkpoint } from "./model.js";
import { checkpointName } from "./names.js";

/** One per file, as with Jupyter's own server. */
const onlyId = "checkpoint";

const fileOf = (file: string): string =>
  join(dirname(file), ".ipynb_checkpoints", checkpointName(basename(file), onlyId));

function checkId(id: string): void {
  if (id !== onlyId) throw new HttpError(404, `there is no checkpoint "${id}"`);
}

async function describe(file: string): Promise<Checkpoint | undefined> {
  try {
    return { id: onlyId, last_modified: (await stat(fileOf(file))).mtime.toISOString() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The checkpoints of one file. */
export async function listCheckpoints(file: string): Promise<readonly Checkpoint[]> {
  const only = await describe(file);
  return only === undefined ? [] : [only];
}

/** Keeps the file as it is on the disk. */
export async function createCheckpoint(file: string): Promise<Checkpoint> {
  const data = await readFile(file);
  await mkdir(dirname(fileOf(file)), { recursive: true });
  await writeAtomically(fileOf(file), data);
  return (await describe(file)) ?? { id: onlyId, last_modified: new Date().toISOString() };
}

/** @throws HttpError 404 */
export async function restoreCheckpoint(file: string, id: string): Promise<void> {
  checkId(id);
  await writeAtomically(file, await readFile(fileOf(file)));
}

/** @throws HttpError 404 */
export async function deleteCheckpoint(file: string, id: string): Promise<void> {
  checkId(id);
  await rm(fileOf(file));
}

/** Takes the checkpoint along with its file. */
export async function moveCheckpoint(from: string, to: string): Promise<void> {
  if ((await describe(from)) === undefined) return;
  await mkdir(dirname(fileOf(to)), { recursive: true });
  await rename(fileOf(from), fileOf(to));
}

/** Removes what a deleted file leaves. */
export async function forgetCheckpoint(file: string): Promise<void> {
  await rm(fileOf(file), { force: true });
}
