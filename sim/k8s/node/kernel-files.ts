import { concatBytes, type Nanos } from "../../core/index.js";
import { O_RDONLY, type Kernel } from "../../os/index.js";
import { textOf } from "../../net/index.js";
import type { LogLine } from "../kubelet/runtime.js";
import { parseTime } from "../objects/time.js";

/** A file of a kernel's root file system, read as the kernel itself would, without a task or time; undefined where there is none. */
export function readFile(kernel: Kernel, path: string): Uint8Array | undefined {
  const { caller } = kernel;
  let inode = kernel.root.inode;
  for (const name of path.split("/").filter((part) => part !== "")) {
    const next = inode.isDirectory ? inode.lookup(name, caller) : undefined;
    if (next === undefined) return undefined;
    inode = next;
  }
  if (!inode.isRegular) return undefined;
  const channel = inode.open(O_RDONLY, caller);
  const parts: Uint8Array[] = [];
  for (let at = 0; ;) {
    const part = channel.read(caller, at, 65_536, true);
    if (!(part instanceof Uint8Array) || part.length === 0) break;
    parts.push(part.slice());
    at += part.length;
  }
  channel.release?.();
  return concatBytes(parts);
}

/** The lines of a log as Docker's driver json-file keeps it. A line that was cut into pieces is one again. */
export function logLines(kernel: Kernel, path: string): readonly LogLine[] {
  const text = textOf(readFile(kernel, path) ?? new Uint8Array(0));
  const lines: LogLine[] = [];
  let begun = "";
  for (const row of text.split("\n")) {
    if (row === "") continue;
    const { log, time } = JSON.parse(row) as { readonly log: string; readonly time: string };
    begun += log;
    if (!begun.endsWith("\n")) continue;
    lines.push({ time: sinceBoot(time, kernel), text: begun.slice(0, -1) });
    begun = "";
  }
  if (begun !== "") lines.push({ time: kernel.engine.now, text: begun });
  return lines;
}

/** A time as Docker writes it, since the world's beginning. */
function sinceBoot(time: string, { bootTime }: Kernel): Nanos {
  const [whole = "", fraction = ""] = time.replace("Z", "").split(".");
  const seconds = parseTime(`${whole}Z`) ?? 0;
  return (seconds * 1e9 - bootTime + Number(fraction.padEnd(9, "0"))) as Nanos;
}
