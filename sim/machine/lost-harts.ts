import type { Hart } from "./hart/index.js";
import { causeName } from "./inspect.js";
import type { MachineStop } from "./machine-stop.js";

const csr = {
  scause: 0x142,
  sepc: 0x141,
  stval: 0x143,
  mtvec: 0x305,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
} as const;

/** Instructions between two looks at a hart. */
const between = 400_000;

/**
 * Finds harts that take exceptions for ever: their trap handler is where nothing can be executed, or there is none, and
 * mtvec is 0 as after a reset. Such a hart began all the instructions between two looks and ended none. When it is looked at
 * depends on what it executes alone, not on how often somebody asks.
 */
export class LostHarts {
  readonly #before = new Map<Hart, { retired: number; cycles: number }>();

  /** To be asked between quanta, and when `due` has passed. @returns the exception that a lost hart takes */
  find(harts: readonly Hart[]): MachineStop | undefined {
    let lost: Hart | undefined;
    for (const hart of harts) {
      const { retired, cycles } = hart;
      const before = this.#before.get(hart);
      if (before === undefined) {
        this.#before.set(hart, { retired, cycles });
        continue;
      }
      if (cycles < before.cycles + between) continue;
      if (retired === before.retired) lost = hart;
      before.retired = retired;
      before.cycles = cycles;
    }
    return lost === undefined ? undefined : exceptionOf(lost);
  }

  /** How many instructions a hart may begin until it is to be looked at. */
  due(hart: Hart): number {
    return (this.#before.get(hart)?.cycles ?? hart.cycles) + between - hart.cycles;
  }

  reset(): void {
    this.#before.clear();
  }
}

/** The exception that a hart took last. */
export function exceptionOf(hart: Hart): MachineStop {
  const supervisor = hart.mode.privilege === 1;
  const cause = Number(hart.csr(supervisor ? csr.scause : csr.mcause) ?? 0n);
  return {
    kind: "exception",
    hart: hart.id,
    pc: hart.csr(supervisor ? csr.sepc : csr.mepc) ?? 0n,
    cause,
    name: causeName(cause),
    value: hart.csr(supervisor ? csr.stval : csr.mtval) ?? 0n,
  };
}

/** Whether exceptions take a hart to address 0, because nobody set mtvec. */
export function hasNoHandler(hart: Hart): boolean {
  return hart.mode.privilege === 3 && hart.csr(csr.mtvec) === 0n;
}
