import { E } from "../errno.js";

/** Numbers of CPUs, or of memory nodes: cpuset(7), "List format". */
export type CpuSet = ReadonlySet<number>;

/** "0-2,5". @throws EINVAL */
export function parseCpuList(text: string): CpuSet {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    if (part === "" && text === "") break;
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part);
    if (match === null) throw E.EINVAL;
    const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (to < from) throw E.EINVAL;
    for (let cpu = from; cpu <= to; cpu++) found.add(cpu);
  }
  return found;
}

/** The same as text, neighbours together. */
export function formatCpuList(cpus: Iterable<number>): string {
  const sorted = [...cpus].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let at = 0; at < sorted.length; at++) {
    const from = sorted[at] ?? 0;
    while (sorted[at + 1] === (sorted[at] ?? 0) + 1) at++;
    const to = sorted[at] ?? 0;
    parts.push(from === to ? `${from}` : `${from}-${to}`);
  }
  return parts.join(",");
}

/** As a mask, 32 bits between commas: cpuset(7), "Mask format". @param most CPUs that there could be */
export function formatCpuMask(cpus: Iterable<number>, most: number): string {
  const words = Array.from({ length: Math.ceil(most / 32) }, () => 0);
  for (const cpu of cpus) {
    const word = Math.floor(cpu / 32);
    words[word] = (words[word] ?? 0) + 2 ** (cpu % 32);
  }
  return words
    .map((word, at) => {
      const bits = at === words.length - 1 ? most - at * 32 : 32;
      return word.toString(16).padStart(Math.ceil(bits / 4), "0");
    })
    .reverse()
    .join(",");
}

export const cpusUpTo = (count: number): CpuSet => new Set(Array.from({ length: count }, (_, cpu) => cpu));

/** What both have; undefined stands for all. */
export function bothHave(one: CpuSet | undefined, other: CpuSet | undefined): CpuSet | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return new Set([...one].filter((cpu) => other.has(cpu)));
}
