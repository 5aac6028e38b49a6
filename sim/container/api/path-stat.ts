import { encodeBase64 } from "../../core/index.js";
import type { Headers } from "../../net/index.js";
import type { PathStat } from "../engine/files.js";
import { encodeJson } from "../json.js";

/** Linux's types of files, and their bits in Go's os.FileMode. */
const types = new Map<number, number>([
  [0o040000, 2 ** 31],
  [0o120000, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
  [0o020000, 2 ** 26 + 2 ** 21],
]);

/** A mode as Go has it: permissions below, the type in high bits, and setuid, setgid and sticky in bits of their own. */
const goMode = (mode: number): number =>
  (mode & 0o777) +
  (types.get(mode & 0o170000) ?? 0) +
  ((mode & 0o4000) === 0 ? 0 : 2 ** 23) +
  ((mode & 0o2000) === 0 ? 0 : 2 ** 22) +
  ((mode & 0o1000) === 0 ? 0 : 2 ** 20);

/** What a path in a container is, as `docker cp` asks it before it copies. */
export const pathStatHeader = (stat: PathStat): Headers => ({
  "x-docker-container-path-stat": encodeBase64(encodeJson({ ...stat, mode: goMode(stat.mode) })),
});
