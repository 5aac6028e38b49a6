import { open, rm } from "node:fs/promises";
import { HttpError } from "../http/http-error.js";
import { commitPart, partOf } from "./atomic-file.js";

/**
 * Takes one piece of a file that is too large for one request. Piece 1 begins anew, −1 is the last; what is there so far
 * lies in a hidden part, and the file itself stays as it was until the last has come.
 * @throws HttpError 400 for a piece without a beginning
 */
export async function writeChunk(file: string, chunk: number, data: Uint8Array): Promise<void> {
  const part = partOf(file, "upload");
  let handle;
  try {
    handle = await open(part, chunk === 1 ? "w" : "r+");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || chunk === 1) throw error;
    throw new HttpError(400, "the upload's first piece is missing; begin it again");
  }
  try {
    const { size } = await handle.stat();
    await handle.write(data, 0, data.length, size);
    if (chunk === -1) await commitPart(part, handle, file);
  } catch (error) {
    await handle.close();
    await rm(part, { force: true });
    throw error;
  }
  await handle.close();
}
