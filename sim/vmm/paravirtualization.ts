import { invariant } from "../core/index.js";
import type { Hart, Machine } from "../machine/index.js";
import { cause, privilege } from "./privileged.js";
import { BlockBackend, type BlockBackendState } from "./block-backend.js";
import { channels, hypercalls, sharedPage } from "./hypercalls.js";
import type { CpuParts, Technique } from "./technique.js";
import { DeprivilegedCpu } from "./trap-and-emulate.js";

const csr = {
  sstatus: 0x100,
  sie: 0x104,
  stvec: 0x105,
  sepc: 0x141,
  scause: 0x142,
  stval: 0x143,
  sip: 0x144,
  stimecmp: 0x14d,
  satp: 0x180,
  medeleg: 0x302,
  mideleg: 0x303,
  mcounteren: 0x306,
  menvcfg: 0x30a,
  pmpcfg: 0x3a0,
  pmpaddr: 0x3b0,
} as const;
const status = { SIE: 2n, SPIE: 32n, SPP: 256n } as const;
/** Bits of sip: events come as software interrupts, but for the timer's own. */
const event = { upcall: 2n, timer: 32n } as const;
/** scause of each. */
const upcall = -(2n ** 63n) + 1n;
const timeout = -(2n ** 63n) + 5n;
/** Fields of sstatus that a guest may choose by `access`. */
const viewBits = 3n << 18n;
const supervisor = { privilege: privilege.supervisor, virtual: false } as const;
/** V of a page-table entry. */
const valid = 1n;
/** In a list of updates, where an entry's address would stand: what follows is the one address whose meaning changes. */
const onlyAddress = 1n;
/** a0, a1, a7, x31. */
const register = { first: 10, second: 11, number: 17, frame: 31 } as const;

/** What a guest and its VMM have agreed on, as plain data. */
interface Agreements {
  /** The physical address of the shared page. */
  readonly shared: number | null;
  /** Bytes taken out of the console's ring so far. */
  readonly consumed: string;
  /** Bytes put into the ring of what was typed so far. */
  readonly typed?: string;
  /** The guest has come to its handler, and the shared page doesn't say yet why. */
  readonly untold: boolean;
  readonly block?: BlockBackendState;
}

const none: Agreements = { shared: null, consumed: "0", untold: false };

/**
 * Executes a guest that was changed to ask for what is privileged. It is de-privileged as under trap and emulate, and what traps all the same
 * is emulated; but its hypercalls do much at once, and what it used to read and write in CSRs it finds in a page that it shares
 * with the VMM: masking events, or finding out why it trapped, costs no exit.
 */
class ParavirtualCpu extends DeprivilegedCpu {
  /** The guest's mask is in its memory, and looked at between quanta. */
  override readonly onlyExecutes: boolean = false;
  readonly #parts: CpuParts;
  readonly #guest: Hart;
  readonly #machine: Machine;
  #shared: number | undefined;
  #consumed = 0n;
  #typed = 0n;
  /** Exceptions of the guest that the shared page knows of. */
  #told = 0;
  /** A trap was delivered that the shared page doesn't know of, before the state was saved that this goes on from. */
  #untold = false;
  readonly #block: BlockBackend;

  constructor(parts: CpuParts) {
    super(parts);
    this.#parts = parts;
    this.#guest = parts.guest;
    this.#machine = parts.machine;
    this.#block = new BlockBackend(parts.machine, () => {
      this.#raise(channels.block);
    });
    const { console } = parts.machine;
    // The first hart's guest has the console.
    if (parts.guest.id === 0)
      console.onTyped = () => {
        this.#deliverTyped();
      };
  }

  override burst(): void {
    const { state } = this.#guest;
    if (state.mode.privilege === privilege.machine) this.#build();
    if (this.#hasTrapped) this.#publish();
    this.#untold = false;
    this.#told = this.#exceptions;
    super.burst();
    this.#readMask();
  }

  /** The shared page is looked at behind each exit. */
  protected override get goesOn(): boolean {
    return false;
  }

  protected override call(exitCause: number): boolean {
    const guest = this.#guest;
    const { state, pc } = guest;
    this.#readMask();
    if (exitCause !== cause.callFromUser || state.mode.privilege !== privilege.supervisor) return false;
    const at = guest.cycles;
    guest.count(1);
    guest.pc = pc + 4n;
    this.#readMask(true);
    this.#perform(Number(guest.x(register.number)), guest.x(register.first), guest.x(register.second));
    this.#parts.exits.add("hypercall", at, pc, privilege.supervisor, 0x73);
    return true;
  }

  save(): Agreements {
    return {
      shared: this.#shared ?? null,
      consumed: String(this.#consumed),
      typed: String(this.#typed),
      untold: this.#hasTrapped,
      block: this.#block.save(),
    };
  }

  /** @param saved what this class gave; undefined where the guest has made no calls yet */
  override restore(saved?: object): void {
    const { shared, consumed, typed = "0", untold, block } = (saved ?? none) as Agreements;
    this.#shared = shared ?? undefined;
    this.#consumed = BigInt(consumed);
    this.#typed = BigInt(typed);
    this.#untold = untold;
    this.#told = this.#exceptions;
    this.left = this.#guest.pc;
    this.#block.restore(block);
  }

  /** Exceptions that the guest has taken so far. */
  get #exceptions(): number {
    return this.#guest.cycles - this.#guest.retired;
  }

  /** Whether the guest has just come to its handler. */
  get #hasTrapped(): boolean {
    const { pc, state } = this.#guest;
    const moved = this.#exceptions !== this.#told || (this.left !== undefined && this.left !== pc);
    return this.#untold || (moved && pc === state.stvec && state.mode.privilege === privilege.supervisor);
  }

  /** What a domain builder does: the kernel begins in supervisor mode, with its traps and time delegated to it. */
  #build(): void {
    const guest = this.#guest;
    guest.setCsr(csr.medeleg, 0xb3ffn);
    guest.setCsr(csr.mideleg, 0x222n);
    guest.setCsr(csr.mcounteren, 7n);
    guest.setCsr(csr.menvcfg, BigInt.asIntN(64, 5n << 61n));
    guest.setCsr(csr.pmpaddr, -1n);
    guest.setCsr(csr.pmpcfg, 0x1fn);
    guest.setCsr(csr.sie, event.timer | event.upcall);
    guest.state.mode = supervisor;
  }

  #perform(number: number, first: bigint, second: bigint): void {
    const guest = this.#guest;
    switch (number) {
      case hypercalls.share:
        this.#shared = Number(BigInt.asUintN(56, first));
        this.#deliverTyped();
        return;
      case hypercalls.vector:
        guest.setCsr(csr.stvec, first & -4n);
        return;
      case hypercalls.update:
        this.#update(Number(BigInt.asUintN(56, first)), Number(BigInt.asUintN(12, second)));
        return;
      case hypercalls.root:
        guest.setCsr(csr.satp, first);
        return;
      case hypercalls.return:
        this.#return();
        return;
      case hypercalls.timer:
        guest.setCsr(csr.stimecmp, first < 0n ? -1n : BigInt.asIntN(64, guest.time() + first));
        return;
      case hypercalls.console:
        this.#drain();
        this.#deliverTyped();
        return;
      case hypercalls.block:
        guest.routines.waitForInterrupt(0n, 0n, 0n);
        return;
      case hypercalls.ring:
        this.#block.share(Number(BigInt.asUintN(56, first)));
        return;
      case hypercalls.notify:
        if (first === BigInt(channels.block)) this.#block.notify();
        return;
      case hypercalls.access:
        guest.setCsr(csr.sstatus, ((guest.csr(csr.sstatus) ?? 0n) & ~viewBits) | (first & viewBits));
        return;
      case hypercalls.shutDown:
        this.#drain();
        // As the firmware of a native kernel does it.
        this.#machine.bus.store(finisher.address, 32, finisher.off);
        return;
      default:
        // No such call: the answer says so, as Xen's -ENOSYS.
        guest.setX(register.first, -38n);
    }
  }

  #update(list: number, count: number): void {
    const { bus } = this.#machine;
    // The shadow has nothing of an entry that mapped nothing.
    let [mapped, named] = [false, false];
    for (let index = 0; index < count; index++) {
      const at = bus.load(list + 16 * index, 64);
      const entry = bus.load(list + 16 * index + 8, 64);
      if (at === onlyAddress && entry !== undefined) {
        this.forget(entry, true);
        named = true;
        continue;
      }
      if (at === undefined || entry === undefined || bus.ramAt(Number(at), 8) === undefined) break;
      mapped ||= ((bus.load(Number(at), 64) ?? 0n) & valid) !== 0n;
      bus.store(Number(at), 64, entry);
    }
    if (mapped && !named) this.forget(undefined, true);
  }

  #return(): void {
    const guest = this.#guest;
    const previous =
      (this.#read("kernel") === 0n ? 0n : status.SPP) | (this.#read("wasMasked") === 0n ? status.SPIE : 0n);
    const kept = (guest.csr(csr.sstatus) ?? 0n) & ~(status.SPP | status.SPIE);
    guest.setCsr(csr.sstatus, kept | previous);
    guest.setCsr(csr.sepc, this.#read("pc"));
    const to = guest.routines.returnFromSupervisor(0n, 0n, 0n);
    invariant(typeof to === "bigint", "supervisor mode may return");
    guest.pc = to;
    guest.setX(register.number, this.#read("a7"));
    if (this.#read("frame") !== 0n) guest.setX(register.frame, this.#read("x31"));
    this.#write("masked", this.#read("wasMasked"));
  }

  #drain(): void {
    const { bus, console } = this.#machine;
    const produced = this.#read("produced");
    if (this.#shared === undefined) return;
    // More than the ring holds is lost to the guest that overran it.
    const size = BigInt(sharedPage.ringSize);
    if (produced - this.#consumed > size) this.#consumed = produced - size;
    const bytes: number[] = [];
    for (; this.#consumed < produced; this.#consumed++) {
      const place = this.#shared + sharedPage.ring + Number(this.#consumed % size);
      bytes.push(Number(bus.load(place, 8) ?? 0n));
    }
    console.write(bytes, false);
    this.#write("consumed", this.#consumed);
  }

  /** What was typed goes from the serial line, which the guest doesn't know, into the ring, as far as there is room. */
  #deliverTyped(): void {
    const { bus } = this.#machine;
    if (this.#shared === undefined || bus.ramAt(this.#shared, 4096) === undefined) return;
    const size = BigInt(sharedPage.inputSize);
    const taken = this.#read("taken");
    const before = this.#typed;
    while (this.#typed >= taken && this.#typed - taken < size) {
      if (((bus.load(serial.status, 8) ?? 0n) & serial.ready) === 0n) break;
      bus.store(this.#shared + sharedPage.input + Number(this.#typed % size), 8, bus.load(serial.data, 8) ?? 0n);
      this.#typed++;
    }
    if (this.#typed === before) return;
    this.#write("typed", this.#typed);
    this.#raise(channels.console);
  }

  /** A channel has news. */
  #raise(channel: number): void {
    const guest = this.#guest;
    this.#write("pending", this.#read("pending") | (1n << BigInt(channel)));
    guest.setCsr(csr.sip, (guest.csr(csr.sip) ?? 0n) | event.upcall);
    guest.wake();
  }

  /** The shared page says what brought the guest to its handler. */
  #publish(): void {
    const guest = this.#guest;
    const { state } = guest;
    const sstatus = guest.csr(csr.sstatus) ?? 0n;
    this.#write("pc", state.sepc);
    this.#write("cause", state.scause);
    this.#write("value", state.stval);
    this.#write("kernel", (sstatus & status.SPP) === 0n ? 0n : 1n);
    this.#write("wasMasked", this.#read("masked"));
    this.#write("masked", 1n);
    // An upcall is told once; what it is about, the channels say.
    const sip = guest.csr(csr.sip) ?? 0n;
    if (state.scause === upcall) guest.setCsr(csr.sip, sip & ~event.upcall);
    if (state.scause === timeout) this.#write("pending", this.#read("pending") | (1n << BigInt(channels.timer)));
    const frame = this.#read("frame");
    if (frame === 0n) return;
    this.#write("x31", guest.x(register.frame));
    guest.setX(register.frame, frame);
  }

  /**
   * The virtual hart's own mask becomes what the guest has put into the shared page. Exits that the guest doesn't cause come at times of
   * their own (a page that the shadow lacks, the end of a run), and must not be felt: an event that waits goes on
   * waiting until the guest calls.
   * @param called whether it does
   */
  #readMask(called = false): void {
    const guest = this.#guest;
    const { state } = guest;
    if (this.#shared === undefined || state.mode.privilege !== privilege.supervisor) return;
    if (!called && ((state.lines | state.software) & state.mie) !== 0) return;
    const sstatus = guest.csr(csr.sstatus) ?? 0n;
    const enabled = this.#read("masked") === 0n ? status.SIE : 0n;
    if ((sstatus & status.SIE) !== enabled) guest.setCsr(csr.sstatus, (sstatus & ~status.SIE) | enabled);
  }

  #read(field: keyof typeof sharedPage): bigint {
    if (this.#shared === undefined) return 0n;
    return BigInt.asIntN(64, this.#machine.bus.load(this.#shared + sharedPage[field], 64) ?? 0n);
  }

  #write(field: keyof typeof sharedPage, value: bigint): void {
    const { bus } = this.#machine;
    if (this.#shared === undefined || bus.ramAt(this.#shared, 4096) === undefined) return;
    bus.store(this.#shared + sharedPage[field], 64, value);
  }
}

/** The board's UART: what it received, and whether there is such. */
const serial = { data: 0x1000_0000, status: 0x1000_0005, ready: 1n } as const;
/** The board's finisher, and what switches it off. */
const finisher = { address: 0x10_0000, off: 0x5555n } as const;

export const paravirtualization: Technique = {
  name: "paravirtualization",
  title: "Paravirtualization (Barham et al. 2003)",
  pages: () => 0,
  runsPorts: true,
  createCpu: (parts) => new ParavirtualCpu(parts),
};
