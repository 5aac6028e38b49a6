import type { KernelState } from "../task/task.js";
import type { Inode } from "../vfs/inode.js";

/** A file that processes execute. */
export interface MappedFile {
  readonly name: string;
  /** Bytes of the whole file: at most so much of it is in memory, once. */
  readonly size: number;
  readonly processes: number;
}

/**
 * The executables of a kernel's processes, each once, however many run it: what they share of the page cache. Containers of one image run
 * files of one layer, below overlays of their own. A file of another kernel is another file.
 */
export function mappedFiles(kernel: KernelState): readonly MappedFile[] {
  const files = new Map<Inode, MappedFile>();
  for (const { executable, zombie } of kernel.pidNamespace.tasks.values()) {
    if (executable === undefined || zombie) continue;
    let data = executable.inode;
    while (data.below !== undefined) data = data.below;
    const { name = "?" } = executable;
    const processes = (files.get(data)?.processes ?? 0) + 1;
    files.set(data, { name, size: data.attributes().size, processes });
  }
  return [...files.values()];
}
