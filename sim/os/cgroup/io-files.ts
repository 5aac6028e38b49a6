import { ioLimits, type DiskUse } from "../block/disk-use.js";
import { useOf } from "../block/io-limits.js";
import { E } from "../errno.js";
import { majorOf, makedev, minorOf } from "../flags.js";
import type { KernelState } from "../task/task.js";
import type { Cgroup } from "./cgroup.js";
import { parseWhole, type CgroupFiles } from "./file.js";

const nameOf = (disk: number): string => `${majorOf(disk)}:${minorOf(disk)}`;

/** "254:0". @throws EINVAL for no number; ENODEV where there is no such disk */
function diskOf(text: string, kernel: KernelState): number {
  const match = /^(\d+):(\d+)$/.exec(text);
  if (match === null) throw E.EINVAL;
  const disk = makedev(Number(match[1]), Number(match[2]));
  if (!kernel.disks.has(disk)) throw E.ENODEV;
  return disk;
}

/** A line for each disk of which there is something to say. */
function lines(cgroup: Cgroup, say: (use: DiskUse) => string | undefined): string {
  return [...(cgroup.disks ?? [])]
    .map(([disk, use]) => [nameOf(disk), say(use)] as const)
    .filter(([, said]) => said !== undefined)
    .map(([disk, said]) => `${disk} ${said ?? ""}\n`)
    .join("");
}

/** The files of the io controller: cgroup-v2.rst, "IO Interface Files". */
export const ioFiles: CgroupFiles = {
  "io.stat": {
    controller: "io",
    read: ({ cgroup }) =>
      lines(cgroup, ({ counts }) =>
        Object.values(counts).every((one) => one === 0)
          ? undefined
          : `${Object.entries(counts)
              .map(([name, value]) => `${name}=${value}`)
              .join(" ")} dbytes=0 dios=0`,
      ),
  },
  "io.max": {
    controller: "io",
    inner: true,
    read: ({ cgroup }) =>
      lines(cgroup, ({ max }) =>
        max.size === 0 ? undefined : ioLimits.map((limit) => `${limit}=${max.get(limit) ?? "max"}`).join(" "),
      ),
    write: ({ cgroup, kernel }, _caller, text) => {
      const [device = "", ...settings] = text.split(/\s+/);
      const disk = diskOf(device, kernel);
      const parsed = settings.map((setting) => {
        const [name, value = ""] = setting.split("=");
        const limit = ioLimits.find((one) => one === name);
        if (limit === undefined) throw E.EINVAL;
        return [limit, value === "max" ? undefined : parseWhole(value, 1, Number.MAX_SAFE_INTEGER)] as const;
      });
      const use = useOf(cgroup, disk);
      for (const [limit, max] of parsed) use.limit(limit, max);
    },
  },
  "io.weight": {
    controller: "io",
    inner: true,
    read: ({ cgroup }) =>
      `default ${cgroup.ioWeight}\n${lines(cgroup, ({ weight }) => (weight === undefined ? undefined : String(weight)))}`,
    write: ({ cgroup, kernel }, _caller, text) => {
      const [first = "", second] = text.split(/\s+/);
      if (second === undefined || first === "default") {
        cgroup.ioWeight = parseWhole(second ?? first, 1, 10000);
        return;
      }
      const use = useOf(cgroup, diskOf(first, kernel));
      use.weight = second === "default" ? undefined : parseWhole(second, 1, 10000);
    },
  },
};
