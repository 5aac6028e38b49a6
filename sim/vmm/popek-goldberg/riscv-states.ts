import type { Rng } from "../../core/index.js";
import type { Configuration, RiscvState, Time } from "./riscv-state.js";
import { pcRegister } from "./riscv-state.js";
import { bareWindow, satps, window } from "./riscv-model.js";

/** What firmware leaves to the supervisor's and the user's programs: the same in every state of an experiment. */
export interface RiscvConfiguration {
  /** Whether scounteren lets user mode read cycle, time and instret, or has it trap; supervisor mode may read them. */
  readonly counters: "trap" | "allow";
  /**
   * mstatus.FS: "off", so that floating point traps in every mode; "dirty", so that using it changes nothing more; "tracked",
   * so that the first use marks it.
   */
  readonly floats: "off" | "dirty" | "tracked";
  /** Whether mstatus.TVM, TW and TSR are set, so that satp, WFI and SRET trap in supervisor mode, too. */
  readonly supervisorTraps: boolean;
}

export const soundConfiguration: RiscvConfiguration = { counters: "trap", floats: "dirty", supervisorTraps: false };

/** Fields of mstatus (privileged ISA, "Machine Status"). */
const FS = { shift: 13, off: 0, dirty: 3 } as const;
const supervisorTraps = 7 << 20;
/** SIE, MIE, SPIE, MPIE, SPP, MPRV, SUM, MXR, and MPP's two bits where they name user or machine mode. */
const freeStatus = 0x000e_01aa;
const MPP = 3 << 11;
/** SSI, STI and SEI, and all that there are. */
const supervisorInterrupts = 0x222;
const interrupts = 0xaaa;
/** menvcfg.STCE: the supervisor has its timer. ADUE is 0: pages that are not marked fault. */
const STCE = -(1n << 63n);
const delegable = 0xb3ff;

/** hstatus: GVA, SPV, SPVP and the guest's traps. HU is 0: user mode has none of the hypervisor's loads and stores. */
const freeHypervisorStatus = 0x0070_01c0;
/** Of vsstatus: SIE, SPIE, SPP, FS, SUM, MXR. */
const freeGuestStatus = 0x000c_6122;
const virtualInterrupts = 0x444;

type GuestConfiguration = Pick<Configuration, `${"h" | "vs"}${string}` & keyof Configuration>;

const noGuest: GuestConfiguration = {
  hstatus: 0,
  hedeleg: 0,
  hideleg: 0,
  hcounteren: 0,
  henvcfg: 0n,
  htimedelta: 0n,
  hgatp: 0n,
  htval: 0n,
  htinst: 0n,
  vsstatus: 0,
  vstvec: 0n,
  vsscratch: 0n,
  vsepc: 0n,
  vscause: 0n,
  vstval: 0n,
  vsatp: 0n,
  vstimecmp: -1n,
};

const specials: readonly bigint[] = [
  0n,
  1n,
  -1n,
  2n,
  31n,
  64n,
  255n,
  -256n,
  2n ** 31n - 1n,
  -(2n ** 31n),
  2n ** 32n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
/** 1.0, −0, infinities, a signalling NaN, the smallest number, in both widths. */
const specialFloats: readonly bigint[] = [
  0x3ff0_0000_0000_0000n,
  -(2n ** 63n),
  0x7ff0_0000_0000_0000n,
  0x7ff4_0000_0000_0000n,
  1n,
  -0x1_0000_0000n + 0x3f80_0000n,
  -0x1_0000_0000n + 0x8000_0000n,
  -0x1_0000_0000n + 0x7f80_0000n,
  -0x1_0000_0000n + 0x7fa0_0000n,
  -0x1_0000_0000n + 1n,
];

const long = (rng: Rng): bigint => BigInt.asIntN(64, (BigInt(rng.uint32()) << 32n) | BigInt(rng.uint32()));
const chance = (rng: Rng, one: number): boolean => rng.integer(one) === 0;

/** States of a hart, drawn so that they reach the edges: special numbers, addresses in the window, values of satp. */
export class RiscvStates {
  readonly #rng: Rng;
  readonly #configuration: RiscvConfiguration;
  readonly #hypervisor: boolean;

  /** @param hypervisor whether the hart has the hypervisor extension */
  constructor(rng: Rng, configuration: RiscvConfiguration, hypervisor: boolean) {
    this.#rng = rng;
    this.#hypervisor = hypervisor;
    this.#configuration = configuration;
  }

  /** A state in user mode: translation is on in most, by the first table. */
  state(): RiscvState {
    const rng = this.#rng;
    const registers = new BigInt64Array(pcRegister + 1);
    for (let register = 1; register < 32; register++) registers[register] = this.number();
    for (let register = 32; register < pcRegister; register++)
      registers[register] = chance(rng, 2) ? rng.choice(specialFloats) : long(rng);
    registers[pcRegister] = BigInt(0x1000 + 2 * rng.integer(2 ** 20));
    const satp = chance(rng, 4) ? satps.off : satps.tables[0];
    return {
      registers,
      fflags: rng.integer(32),
      // Now and then no rounding mode.
      frm: rng.integer(8),
      reservation: undefined,
      stores: [],
      mode: "user",
      virtual: false,
      configuration: this.configuration(),
      satp,
      time: this.time(),
      waiting: false,
      fences: 0,
      escaped: [],
    };
  }

  /** An operand: any number, a special one, an address in the window, or one that satp can hold. */
  number(): bigint {
    const rng = this.#rng;
    switch (rng.integer(8)) {
      case 0:
      case 1:
        return rng.choice(specials);
      case 2:
        return this.address(satps.tables[0]);
      case 3:
        return rng.choice(satps.tables);
      default:
        return long(rng);
    }
  }

  /** An address in the window: aligned mostly, in a page that user mode may access mostly. */
  address(satp: bigint): bigint {
    const rng = this.#rng;
    const pages = chance(rng, 4) ? window.pages : window.userPages;
    const offset = rng.integer(pages * 512 - 1) * 8 + (chance(rng, 4) ? rng.integer(8) : 0);
    return BigInt((satp === satps.off ? bareWindow : window.address) + offset);
  }

  configuration(): Configuration {
    const rng = this.#rng;
    const { counters, floats, supervisorTraps: traps } = this.#configuration;
    const fs = floats === "off" ? FS.off : floats === "dirty" ? FS.dirty : 1 + rng.integer(3);
    const bits = rng.uint32() & freeStatus;
    // Loads and stores in supervisor mode are to reach user pages often enough.
    const sum = chance(rng, 4) ? 0 : 1 << 18;
    const previous = chance(rng, 2) ? MPP : 0;
    const idle = chance(rng, 2);
    return {
      mstatus: bits | sum | previous | (fs << FS.shift) | (traps ? supervisorTraps : 0),
      mie: rng.uint32() & (this.#hypervisor ? interrupts | virtualInterrupts : interrupts),
      mideleg: chance(rng, 4) ? rng.uint32() & supervisorInterrupts : supervisorInterrupts,
      medeleg: rng.uint32() & delegable,
      mcounteren: -1,
      scounteren: counters === "allow" ? -1 : 0,
      menvcfg: STCE,
      senvcfg: BigInt(rng.integer(2)),
      stimecmp: long(rng),
      stvec: long(rng) & ~2n,
      sscratch: long(rng),
      sepc: long(rng) & ~1n,
      scause: long(rng),
      stval: long(rng),
      mtvec: long(rng) & ~2n,
      mscratch: long(rng),
      mepc: long(rng) & ~1n,
      mcause: long(rng),
      mtval: long(rng),
      lines: idle ? 0 : rng.uint32() & interrupts,
      software: idle
        ? 0
        : rng.uint32() & (this.#hypervisor ? supervisorInterrupts | virtualInterrupts : supervisorInterrupts),
      ...(this.#hypervisor ? this.#guest() : noGuest),
    };
  }

  /** What the hypervisor extension keeps. In most states its guest's memory is not translated. */
  #guest(): GuestConfiguration {
    const rng = this.#rng;
    return {
      ...noGuest,
      hstatus: rng.uint32() & freeHypervisorStatus,
      hedeleg: rng.uint32() & delegable,
      hideleg: rng.uint32() & virtualInterrupts,
      hcounteren: rng.uint32() | 0,
      htimedelta: long(rng),
      henvcfg: rng.choice([0n, 1n, STCE, STCE | 1n]),
      hgatp: chance(rng, 4) ? rng.choice(satps.tables) & ~0x3fffn : 0n,
      vsatp: chance(rng, 4) ? rng.choice(satps.tables) : 0n,
      htval: long(rng),
      htinst: long(rng),
      vsstatus: rng.uint32() & freeGuestStatus,
      vstvec: long(rng) & ~2n,
      vsscratch: long(rng),
      vsepc: long(rng) & ~1n,
      vscause: long(rng),
      vstval: long(rng),
      vstimecmp: long(rng),
    };
  }

  time(): Time {
    const rng = this.#rng;
    return { mcycle: long(rng), minstret: long(rng), mtime: BigInt(rng.uint32()) };
  }
}
