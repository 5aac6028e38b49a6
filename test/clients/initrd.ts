/** A file of an archive. */
export interface ArchiveEntry {
  readonly name: string;
  readonly mode: number;
  readonly content?: Uint8Array;
  readonly device?: readonly [number, number];
}

/** What a kernel unpacks as its first file system (Linux `Documentation/driver-api/early-userspace/buffer-format.rst`). */
function archive(entries: readonly ArchiveEntry[]): Uint8Array {
  const parts: Buffer[] = [];
  const pad = (length: number): Buffer => Buffer.alloc((4 - (length % 4)) % 4);
  for (const [inode, { name, mode, content = new Uint8Array(0), device = [0, 0] }] of [
    ...entries,
    { name: "TRAILER!!!", mode: 0 },
  ].entries()) {
    const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, ...device, name.length + 1, 0];
    const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`);
    parts.push(header, pad(header.length), Buffer.from(content), pad(content.length));
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** A file system with busybox in it, which begins with a script. */
export function busyboxInitrd(busybox: Uint8Array, init: string, more: readonly ArchiveEntry[] = []): Uint8Array {
  return archive([
    ...["bin", "dev", "proc", "sys"].map((name) => ({ name, mode: 0o40755 })),
    { name: "dev/console", mode: 0o20600, device: [5, 1] },
    { name: "bin/busybox", mode: 0o100755, content: busybox },
    ...more,
    { name: "init", mode: 0o100755, content: new Uint8Array(Buffer.from(init)) },
  ]);
}
