import type { NanobenchmarkCode } from "./guests/nanobenchmark.js";

export interface ProcessBenchmark extends NanobenchmarkCode {
  /** What it is on RISC-V. */
  readonly what: string;
  /** Misses of the TLB that one round makes on a bare machine. */
  readonly misses?: number;
  /** Published microseconds: native, Xen, VMware Workstation 3.2, User-mode Linux. */
  readonly published: readonly [native: number, xen: number, vmware: number, uml: number];
}

const mapped = 16;
const each = (line: (page: number) => string): string =>
  Array.from({ length: mapped }, (_, page) => line(page)).join("\n");

/** A process: its pages, by the entries from this one on; s5 has its table of leaves, s0 its child's. */
const first = 64;
const pages = 64;
/** Pages that a process reads and writes in its life, before it ends, and its parent behind that. */
const life = { reads: 8, writes: 4 } as const;
/** Pages of a program that are touched, and how many of these are data, copied for this process alone. */
const programs = { hello: { pages: 16, data: 4 }, shell: { pages: 40, data: 10 } } as const;

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");
const entry = (table: "s0" | "s5", page: number, content: string, place: number): string =>
  `  addi  t1, ${table}, ${8 * (first + page)}\n  set_entry t1, ${content}, ${place}`;
const access = (page: number, instruction: "lw" | "sw"): string =>
  `  li    t1, 0x40000000 + ${4096 * (first + page)}\n  ${instruction}    t0, (t1)`;
/** The access faults and is skipped, the handler's work follows, and the access again. */
const faulting = (table: "s0" | "s5", page: number, instruction: "lw" | "sw", copied: boolean): string => `
${access(page, instruction)}
${copied ? "  call  copy_page" : ""}
${entry(table, page, copied ? "s9" : "s8", 0)}
  li    t1, 0x40000000 + ${4096 * (first + page)}
  entry_set t1
${access(page, instruction)}`;

/** All pages are in the child's table as well, and in both only to be read. */
const fork = `${lines(pages, (page) => `${entry("s0", page, "s7", 2 * page)}\n${entry("s5", page, "s7", 2 * page + 1)}`)}
  entries_set ${2 * pages}
  use_root s10`;
const discard = (count: number): string =>
  `${lines(count, (page) => entry("s0", page, "zero", page))}\n  entries_set ${count}`;
/** The program's pages come as they are touched. */
const run = ({ pages: count, data }: (typeof programs)["hello" | "shell"]): string => `
${lines(count, (page) => faulting("s0", page, page < data ? "sw" : "lw", page < data))}
${discard(count)}`;
/** The parent is the last that has its pages. */
const parent = `  use_root s11\n${lines(life.writes, (page) => faulting("s5", page, "sw", false))}`;
const processSetup = `
  li    t0, 4096
  add   s0, s5, t0
${lines(pages, (page) => entry("s5", page, "s7", page))}
  entries_set ${pages}
  j     3f
copy_page:
  la    t1, page
  la    t2, other_page
  li    t3, 64
2:
${lines(8, (word) => `  ld    t4, ${8 * word}(t1)\n  sd    t4, ${8 * word}(t2)`)}
  addi  t1, t1, 64
  addi  t2, t2, 64
  addi  t3, t3, -1
  bnez  t3, 2b
  ret
3:`;
/** A fault is a miss of the TLB, and so is the access that follows. */
const missed = (faults: number): number => 2 * (faults + life.writes);

/** Of lmbench's tables, what a kernel without files can do. */
export const lmbench: readonly ProcessBenchmark[] = [
  {
    name: "null call",
    what: "ecall from user mode, and back",
    body: "  ecall",
    mode: "process",
    published: [0.45, 0.46, 0.73, 24.7],
  },
  {
    name: "fork",
    what: `a process of ${pages} pages forks: its child writes to ${life.writes} of them and ends`,
    body: `${fork}
${lines(life.reads, (page) => access(life.writes + page, "lw"))}
${lines(life.writes, (page) => faulting("s0", page, "sw", true))}
${discard(pages)}
${parent}`,
    mode: "kernel",
    setup: processSetup,
    misses: life.reads + missed(life.writes),
    published: [110, 198, 874, 21_000],
  },
  {
    name: "exec",
    what: `the same, and the child becomes a program of ${programs.hello.pages} pages`,
    body: `${fork}\n${discard(pages)}\n${run(programs.hello)}\n${parent}`,
    mode: "kernel",
    setup: processSetup,
    misses: missed(programs.hello.pages),
    published: [530, 768, 2300, 33_000],
  },
  {
    name: "sh",
    what: `the same by way of a shell of ${programs.shell.pages} pages, which becomes the program`,
    body: `${fork}\n${discard(pages)}\n${run(programs.shell)}\n${run(programs.hello)}\n${parent}`,
    mode: "kernel",
    setup: processSetup,
    misses: missed(programs.shell.pages + programs.hello.pages),
    published: [4000, 4800, 10_000, 58_000],
  },
  {
    name: "context switch",
    what: "two address spaces in turn, a page touched in each",
    body: "  use_root s10\n  lw    t0, 8(s5)\n  use_root s11\n  lw    t0, 8(s5)",
    mode: "kernel",
    misses: 2,
    published: [0.77, 1.97, 18.1, 15.5],
  },
  {
    name: "mmap",
    what: `${mapped} pages mapped together, each touched, and unmapped`,
    body: `${each((page) => `  addi  t1, s5, ${16 * 8 + 8 * page}\n  set_entry t1, s8, ${page}`)}
  entries_set ${mapped}
  li    t2, 0x40010000
  li    t3, ${mapped}
  li    t4, 4096
2:lw    t0, (t2)
  add   t2, t2, t4
  addi  t3, t3, -1
  bnez  t3, 2b
${each((page) => `  addi  t1, s5, ${16 * 8 + 8 * page}\n  set_entry t1, zero, ${page}`)}
  entries_set ${mapped}`,
    mode: "kernel",
    misses: mapped,
    published: [68, 139, 620, 1400],
  },
  {
    name: "prot fault",
    what: "a store to a page that may only be read",
    body: "  li    t1, 0x40001000\n  sw    t0, 0(t1)",
    mode: "kernel",
    misses: 1,
    published: [1.06, 1.4, 7.53, 21.8],
  },
  {
    name: "page fault",
    what: "a page fault, the page mapped, touched, and unmapped",
    body: `  lw    t0, 0(s1)
  set_entry s5, s8, 0
  entry_set s1
  lw    t0, 0(s1)
  set_entry s5, zero, 0
  entry_set s1`,
    mode: "kernel",
    misses: 2,
    published: [1.42, 2.73, 12.4, 26.3],
  },
];
