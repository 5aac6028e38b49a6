import { UsageError, type Persist, type World } from "../core/index.js";
import type { BlockDevice } from "../storage/index.js";
import { createArena } from "./arena.js";
import { Bus } from "./bus.js";
import { Console } from "./console.js";
import { Clint } from "./devices/clint.js";
import type { Link } from "./devices/link.js";
import { Plic } from "./devices/plic.js";
import { Rtc } from "./devices/rtc.js";
import { TestFinisher, type Finish } from "./devices/test.js";
import { Uart } from "./devices/uart.js";
import { VirtioBalloon } from "./devices/virtio/balloon.js";
import { VirtioBlock } from "./devices/virtio/block.js";
import { VirtioConsole } from "./devices/virtio/console.js";
import { VirtioNet } from "./devices/virtio/net.js";
import { VirtioRng } from "./devices/virtio/rng.js";
import { VirtioMmio } from "./devices/virtio/transport.js";
import type { VirtioDevice } from "./devices/virtio/virtio-device.js";
import { createHart, type Hart, type Misaligned } from "./hart/index.js";
import type { Isa } from "./instructions/index.js";
import { pageSize } from "./layout.js";
import { interruptSource, memoryMap, nanosecondsPerTick, virtioPlaces } from "./memory-map.js";
import type { Schedule } from "./schedule.js";
import { windowBus, type Window } from "./window.js";

export interface BoardSpec {
  readonly world: World;
  readonly name: string;
  readonly memory: number;
  readonly harts: number;
  readonly isa: Isa;
  readonly drives: readonly BlockDevice[];
  readonly network: readonly Link[];
  readonly balloon: boolean;
  readonly virtioConsole: boolean;
  readonly echo: boolean;
  /** Before code is translated, in instructions. */
  readonly patience: number;
  readonly misaligned: Misaligned;
  /** Seconds since 1970 at power-on. */
  readonly epoch: number;
  /** Where its RAM is another machine's. */
  readonly window: Window | undefined;
}

export interface BoardState {
  readonly isa: string;
  readonly devices: Readonly<Record<string, unknown>>;
  readonly drives: readonly unknown[];
  readonly harts: readonly ReturnType<Hart["save"]>[];
  readonly consoles: readonly unknown[];
}

/** mip's bits. */
const bit = { softwareM: 3, timerM: 7, externalS: 9, externalM: 11 } as const;

/**
 * Harts, RAM and devices, wired as on QEMU's `virt`. Everything but RAM's content is saved here.
 */
export class Board implements Persist<BoardState> {
  readonly bus: Bus;
  readonly harts: readonly Hart[];
  readonly clint: Clint;
  readonly console: Console;
  readonly virtioConsole: Console | undefined;
  readonly balloon: VirtioBalloon | undefined;
  readonly drives: readonly BlockDevice[];
  readonly #isa: Isa;
  readonly #initial: readonly ReturnType<Hart["save"]>[];
  /** While a replay shows again what was shown before. */
  quiet = false;

  constructor(spec: BoardSpec, schedule: Schedule, finish: (finish: Finish) => void) {
    const { world, name } = spec;
    const { window } = spec;
    // With a window, the arena is for the harts' states alone.
    const arena = createArena(spec.harts, window === undefined ? spec.memory : pageSize);
    const bus = window === undefined ? new Bus(arena, memoryMap.ram) : windowBus(window, memoryMap.ram);
    this.bus = bus;
    bus.onDevice = () => {
      schedule.settle();
    };
    this.drives = spec.drives;
    this.#isa = spec.isa;

    const line = (hart: number, number: number) => (level: boolean) => {
      this.harts[hart]?.line(number, level);
      if (level) schedule.wake();
    };
    const ids = Array.from({ length: spec.harts }, (_, id) => id);
    const plic = new Plic(ids.flatMap((id) => [line(id, bit.externalM), line(id, bit.externalS)]));
    this.clint = new Clint(
      schedule,
      nanosecondsPerTick,
      ids.map((id) => ({ software: line(id, bit.softwareM), timer: line(id, bit.timerM) })),
    );
    const uart = new Uart(plic.source(interruptSource.uart), (byte) => {
      this.console.write([byte], this.quiet);
    });
    this.console = new Console((bytes) => {
      uart.receive(bytes);
    }, spec.echo);

    const kinds: VirtioDevice[] = spec.drives.map((drive) => new VirtioBlock(drive, world));
    spec.network.forEach((link, index) => kinds.push(new VirtioNet(macOf(index + 1), link)));
    if (spec.virtioConsole) {
      const device = new VirtioConsole((bytes) => {
        this.virtioConsole?.write(bytes, this.quiet);
      });
      this.virtioConsole = new Console((bytes) => {
        device.receive(bytes);
      }, spec.echo);
      kinds.push(device);
    }
    kinds.push(new VirtioRng(world.rng.stream(`${name} entropy`)));
    if (spec.balloon) kinds.push((this.balloon = new VirtioBalloon()));
    if (kinds.length > virtioPlaces) {
      throw new UsageError(
        `a machine has ${virtioPlaces} places for devices, not ${kinds.length}`,
        "Take away drives, network links, the balloon or the second console; entropy takes one place too.",
      );
    }

    bus.attach(memoryMap.test, new TestFinisher(finish));
    bus.attach(memoryMap.rtc, new Rtc(schedule, plic.source(interruptSource.rtc), spec.epoch));
    bus.attach(memoryMap.clint, this.clint);
    bus.attach(memoryMap.plic, plic);
    bus.attach(memoryMap.uart, uart);
    for (let place = 0; place < virtioPlaces; place++) {
      const device = new VirtioMmio(`virtio ${place}`, bus, plic.source(interruptSource.virtio + place), kinds[place]);
      bus.attach(memoryMap.virtio + place * memoryMap.virtioStride, device);
    }

    const options = { patience: spec.patience, misaligned: spec.misaligned };
    this.harts = ids.map((id) => createHart({ id, isa: spec.isa, arena, bus, clock: schedule, options }));
    this.#initial = this.harts.map((hart) => hart.save());
    schedule.attach(this.harts, () => this.clint.time);
  }

  /** As after power-on, but for RAM's content. */
  reset(): void {
    for (const [id, hart] of this.harts.entries()) {
      const initial = this.#initial[id];
      if (initial !== undefined) hart.restore(initial);
    }
    for (const { device } of this.bus.places) device.reset();
  }

  /** Tells who listens to the consoles what is new. */
  flush(): void {
    this.console.flush();
    this.virtioConsole?.flush();
  }

  save(): BoardState {
    const devices = this.bus.places.map(({ device }) => [device.name, device.save()] as const);
    return {
      isa: this.#isa.name,
      devices: Object.fromEntries(devices),
      drives: this.drives.map((drive) => (isPersist(drive) ? drive.save() : null)),
      harts: this.harts.map((hart) => hart.save()),
      consoles: [this.console.save(), this.virtioConsole?.save() ?? null],
    };
  }

  /** @throws UsageError for a state of another kind of machine */
  restore(state: BoardState): void {
    if (state.isa !== this.#isa.name || state.harts.length !== this.harts.length) {
      throw new UsageError(
        `the saved machine has ${state.harts.length} harts of ${state.isa}, this one ${this.harts.length} of ${this.#isa.name}`,
        "Make one with the same harts and isa, and restore into that.",
      );
    }
    for (const { device } of this.bus.places) {
      if (!(device.name in state.devices)) {
        throw new UsageError(`the saved machine has no ${device.name}`, "Restore what this version's save() gave.");
      }
    }
    for (const [index, drive] of this.drives.entries()) {
      const saved = state.drives[index];
      if (isPersist(drive) && saved !== null && saved !== undefined) drive.restore(saved);
    }
    // Harts before devices: these raise and lower their lines anew.
    for (const [id, hart] of this.harts.entries()) {
      const saved = state.harts[id];
      if (saved !== undefined) hart.restore(saved);
    }
    for (const { device } of this.bus.places) device.restore(state.devices[device.name]);
    for (const hart of this.harts) hart.setTimer();
    const [console, second] = state.consoles;
    this.console.restore(console as ReturnType<Console["save"]>);
    if (second !== null) this.virtioConsole?.restore(second as ReturnType<Console["save"]>);
  }
}

/** Locally administered, as QEMU's are. */
function macOf(number: number): readonly number[] {
  return [0x52, 0x54, 0x00, 0x12, 0x34, 0x55 + number];
}

function isPersist(drive: object): drive is Persist<unknown> {
  return "save" in drive && typeof drive.save === "function" && "restore" in drive;
}
