import type { Activity } from "../../../core/index.js";
import { makeDirectories, removeTree } from "../../../container/index.js";
import { attempt, Errno, O_CREAT, O_TRUNC, O_WRONLY, type Sys } from "../../../os/index.js";
import type { Payload } from "./payload.js";

const data = "..data";

/**
 * Has a directory show these files, all of them at once: they are written into a new directory, and the link `..data` is changed to it
 * by one rename(2). What is seen are links through it (kubernetes, `pkg/volume/util/atomic_writer.go`).
 * @param version tells this writing from others
 */
export function* writeAtomically(sys: Sys, directory: string, payload: Payload, version: string): Activity<undefined> {
  const fresh = `..${version}`;
  yield* makeDirectories(sys, `${directory}/${fresh}`);
  for (const [path, { bytes, mode }] of payload) {
    const place = `${directory}/${fresh}/${path}`;
    yield* makeDirectories(sys, place.slice(0, place.lastIndexOf("/")));
    const fd = yield* sys.open(place, O_WRONLY | O_CREAT | O_TRUNC, mode);
    for (let at = 0; at < bytes.length;) at += yield* sys.write(fd, bytes.subarray(at));
    yield* sys.close(fd);
    yield* sys.chmod(place, mode);
  }
  const before = yield* attempt(sys.readlink(`${directory}/${data}`));
  yield* attempt(sys.unlink(`${directory}/${data}_tmp`));
  yield* sys.symlink(fresh, `${directory}/${data}_tmp`);
  yield* sys.rename(`${directory}/${data}_tmp`, `${directory}/${data}`);
  const shown = new Set([...payload.keys()].map((path) => path.split("/")[0] ?? path));
  for (const name of shown) {
    const there = yield* attempt(sys.lstat(`${directory}/${name}`));
    if (there instanceof Errno) yield* sys.symlink(`${data}/${name}`, `${directory}/${name}`);
  }
  if (before instanceof Errno) return undefined;
  return yield* removeTree(sys, `${directory}/${before}`);
}
