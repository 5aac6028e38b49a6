import { encodeUtf8, concatBytes, type Activity } from "../../core/index.js";
import { attempt, Errno, O_CREAT, O_TRUNC, O_WRONLY, type Sys } from "../../os/index.js";
import { textOf } from "../../net/index.js";

/** A whole file's text. @throws Errno */
export function* readText(sys: Sys, path: string): Activity<string> {
  return textOf(yield* readBytes(sys, path));
}

/** A whole file. @throws Errno */
export function* readBytes(sys: Sys, path: string): Activity<Uint8Array> {
  const fd = yield* sys.open(path);
  const parts: Uint8Array[] = [];
  for (;;) {
    const bytes = yield* sys.read(fd, 65_536);
    if (bytes.length === 0) break;
    parts.push(bytes.slice());
  }
  yield* sys.close(fd);
  return concatBytes(parts);
}

/** As `readText`; undefined where there is no such file. */
export function* readTextIfThere(sys: Sys, path: string): Activity<string | undefined> {
  const text = yield* attempt(readText(sys, path));
  if (!(text instanceof Errno)) return text;
  if (text.code === "ENOENT") return undefined;
  throw text;
}

/** Writes a file with one write(2), as files of the kernel want it. */
export function* writeText(sys: Sys, path: string, text: string, create = false): Activity<undefined> {
  const fd = yield* sys.open(path, O_WRONLY | (create ? O_CREAT | O_TRUNC : 0), 0o644);
  try {
    yield* sys.write(fd, encodeUtf8(text));
  } finally {
    yield* sys.close(fd);
  }
  return undefined;
}

/** mkdir -p of an absolute path. */
export function* makeDirectories(sys: Sys, path: string, mode = 0o755): Activity<undefined> {
  const made = yield* attempt(sys.mkdir(path, mode));
  if (!(made instanceof Errno) || made.code === "EEXIST") return undefined;
  const above = path.slice(0, path.replace(/\/+$/, "").lastIndexOf("/"));
  if (made.code !== "ENOENT" || above === "") throw made;
  yield* makeDirectories(sys, above, mode);
  const again = yield* attempt(sys.mkdir(path, mode));
  if (again instanceof Errno && again.code !== "EEXIST") throw again;
  return undefined;
}

/** Names in a directory. */
export function* listDirectory(sys: Sys, path: string): Activity<string[]> {
  const fd = yield* sys.open(path);
  const entries = yield* sys.getdents64(fd);
  yield* sys.close(fd);
  return entries.map(({ name }) => name).filter((name) => name !== "." && name !== "..");
}
