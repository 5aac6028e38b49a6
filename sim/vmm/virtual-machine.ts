import { UsageError, type Persist, type SequenceView, type TableView } from "../core/index.js";
import {
  machineWithin,
  type Kept,
  type Machine,
  type MachineOptions,
  type MachineState,
  type MachineStop,
  type PartsState,
  type Place,
} from "../machine/index.js";
import { addressView, mappingsView, type Explored } from "./address-views.js";
import { Allocator } from "./allocator.js";
import type { Costs } from "./costs.js";
import { inSoftware, ownTraps, type ExitReason } from "./exit-reasons.js";
import { exitLogView, exitSequenceView, exitsView } from "./exit-views.js";
import { exitPathView } from "./host-os.js";
import { Exits } from "./exits.js";
import { Frames, type Allotment, type HostMemory } from "./frames.js";
import type { HostCpu } from "./host-cpu.js";
import { leastFrames } from "./shadow-paging.js";
import { pageSize } from "./privileged.js";
import type { Technique } from "./technique.js";

export interface VirtualMachineParts {
  readonly technique: Technique;
  readonly host: HostCpu;
  readonly memory: HostMemory;
  readonly costs: Costs;
  /** The machine that the guest is to see. */
  readonly options: Partial<MachineOptions> & { readonly name: string; readonly memory: number };
  /** Pages for its shadow tables, in each hart. */
  readonly shadowPages: number;
}

/**
 * A virtual machine: a computer like any other in what it shows, whose RAM is a part of its host's and whose harts are executed by
 * a VMM. All of its state is the guest's; `machine.save()` is the same as a bare machine's that did the same.
 */
export class VirtualMachine implements Persist<MachineState> {
  readonly machine: Machine;
  readonly exits: Exits;
  readonly #allotment: Allotment;
  readonly #allocators: readonly Allocator[];
  /** How long the guest's clock says that an instruction takes, and a cycle of the host in turn. */
  readonly cycleTime: number;
  /** Why it stopped last; undefined while it may go on. */
  ended: MachineStop | undefined;

  constructor({ technique, host, memory, costs, options, shadowPages }: VirtualMachineParts) {
    const { memory: size, ...rest } = options;
    const allotment = memory.allot(size);
    this.#allotment = allotment;
    this.cycleTime = options.nanosecondsPerInstruction ?? 1;
    this.machine = machineWithin({ bus: host.machine.bus, ...allotment }, rest);
    this.exits = new Exits(costs);
    const { bus, harts } = this.machine;
    this.#allocators = harts.map((guest) => {
      const framesOf = (pages: number): Frames => new Frames(host.machine, memory.allot(pages * pageSize));
      const frames = framesOf(Math.max(leastFrames, shadowPages));
      const allocator = new Allocator({
        guest,
        bus,
        ramBase: bus.ramBase,
        allotment,
        frames,
        fence: (address) => {
          host.fence(address);
        },
        isDirty: (page) => bus.dirty.has(page),
        mark: (page) => {
          if (!bus.dirty.has(page)) bus.dirty.mark(page, pageSize);
        },
        touch: (page) => {
          bus.onTouch?.(page, pageSize);
        },
      });
      guest.engine = technique.createCpu({
        guest,
        machine: this.machine,
        host,
        allocator,
        exits: this.exits,
        ramBase: bus.ramBase,
        allotment,
        frames: framesOf(technique.pages(size)),
      });
      return allocator;
    });
  }

  get name(): string {
    return this.machine.name;
  }

  /** Cycles of the host that it took so far, by the model. */
  get cycles(): number {
    return this.exits.cycles + this.machine.instructions * this.exits.costs.parameters.instruction;
  }

  /**
   * The map from the guest's physical memory to its host's: where a byte of it lies there.
   * @throws UsageError for a place at which the guest has no memory
   */
  hostAddress(at: Place): bigint {
    const { bus } = this.machine;
    const address = this.machine.address(at);
    const offset = address - BigInt(bus.ramBase);
    if (offset >= 0n && offset < bus.ramSize) return BigInt(this.#allotment.address) + offset;
    const last = BigInt(bus.ramBase + bus.ramSize - 1);
    throw new UsageError(
      `${this.name} has no memory at 0x${address.toString(16)}`,
      `Its memory goes from 0x${bus.ramBase.toString(16)} to 0x${last.toString(16)}.`,
    );
  }

  /**
   * An address of the guest's on its way to the host's memory: by the guest's page tables to its physical memory, from there to the host's; and
   * what the shadow says, which the host's hart walks.
   * @throws UsageError for a symbol that there isn't, or no such hart
   */
  addresses(at: Place, hart: number = 0): TableView {
    return addressView(this.#explored, at, hart);
  }

  /**
   * What the guest's page tables map, stretch by stretch, and where that lies in the host.
   * @throws UsageError where the guest has no page tables now
   */
  mappings(most: number = 64, hart: number = 0): TableView {
    return mappingsView(this.#explored, hart, most);
  }

  get #explored(): Explored {
    return { machine: this.machine, allotment: this.#allotment, allocators: this.#allocators };
  }

  /** Share of its instructions that the host's processor executed by itself; the VMM did the others in its place. */
  get directShare(): number {
    return 1 - this.#count(inSoftware) / this.machine.instructions;
  }

  /** How many times the cycles that the same instructions and the guest's own traps take on a bare machine, by the model. */
  get slowdown(): number {
    return this.cycles / this.exits.costs.bare(this.machine.instructions, this.#count(ownTraps) + this.exits.delivered);
  }

  #count(reasons: readonly ExitReason[]): number {
    return reasons.reduce((sum, reason) => sum + this.exits.count(reason), 0);
  }

  /** Shadow page tables of all its harts. */
  get shadow(): { readonly tables: number; readonly fills: number } {
    const sizes = this.#allocators.map(({ shadow: { size } }) => size);
    return {
      tables: sizes.reduce((sum, { tables }) => sum + tables, 0),
      fills: sizes.reduce((sum, { fills }) => sum + fills, 0),
    };
  }

  /** Lets it execute so many instructions at most. @returns why it stopped, "instructions" where nothing else came before */
  run(instructions: number): MachineStop {
    const stop = this.machine.run({ instructions });
    this.ended = stop.kind === "instructions" ? undefined : stop;
    return stop;
  }

  /** All of the guest, as plain data: what a virtual machine made with the same options, or a bare machine, goes on from. */
  save(): MachineState {
    return this.machine.save();
  }

  /** All of it but memory. */
  saveParts(): PartsState {
    return this.machine.saveParts();
  }

  /** All of it; memory pages that are as they were in an earlier one are shared with it. */
  keep(earlier?: Kept): Kept {
    return this.machine.keep(earlier);
  }

  /**
   * Goes on from there; memory stays as it is where the state has none.
   * @throws UsageError for the state of another kind of machine, and of a guest that was ported to another technique
   */
  restore(state: MachineState | Kept | PartsState): void {
    this.machine.restore(state);
    this.ended = undefined;
  }

  /** Power off and on again: the other machines don't notice. */
  reboot(): void {
    this.machine.reset();
    this.ended = undefined;
  }

  /** The latest exits, one by one. */
  exitLog(most?: number): TableView {
    return exitLogView(this, most);
  }

  /** What the VMM's parts did at the latest exits. */
  exitSequence(most?: number): SequenceView {
    return exitSequenceView(this, most);
  }

  /** Who acts at an exit of this kind, one after the other, and what that costs. */
  exitPath(reason: ExitReason): SequenceView {
    return exitPathView(reason, this.exits.costs);
  }

  view(): TableView {
    return exitsView(this);
  }
}
