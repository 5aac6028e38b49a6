import type { Bus } from "../../bus.js";
import type { Width } from "../../instructions/index.js";
import type { Device, Line } from "../device.js";
import { partOf, withPart } from "../registers.js";
import type { VirtioDevice } from "./virtio-device.js";
import { eventIndex, indirectDescriptors, Virtqueue, type QueueOwner, type QueueState } from "./queue.js";

export interface TransportState {
  readonly id: number;
  readonly status: number;
  readonly interrupts: number;
  readonly deviceFeaturesPage: number;
  readonly driverFeaturesPage: number;
  readonly driverFeatures: string;
  readonly queue: number;
  readonly generation: number;
  readonly queues: readonly QueueState[];
  readonly device: unknown;
}

/** 4.2.2, table 4.1. */
const register = {
  magic: 0x000,
  version: 0x004,
  deviceId: 0x008,
  vendorId: 0x00c,
  deviceFeatures: 0x010,
  deviceFeaturesPage: 0x014,
  driverFeatures: 0x020,
  driverFeaturesPage: 0x024,
  queue: 0x030,
  queueLimit: 0x034,
  queueSize: 0x038,
  queueReady: 0x044,
  notify: 0x050,
  interruptStatus: 0x060,
  interruptAcknowledge: 0x064,
  status: 0x070,
  descriptors: 0x080,
  driver: 0x090,
  device: 0x0a0,
  sharedMemoryLength: 0x0b0,
  sharedMemoryBase: 0x0b8,
  generation: 0x0fc,
  config: 0x100,
} as const;

/** "virt", as it stands in memory. */
const magic = 0x74726976;
/** "VRTL": nobody's number in PCI, so that it names us. */
const vendor = 0x4c545256;
/** 2.1 */
const status = { driverOk: 4, featuresOk: 8, needsReset: 64 } as const;
const interrupt = { used: 1, config: 2 } as const;
const version1 = 1n << 32n;

/**
 * A virtio device behind memory-mapped registers, or an empty place where there is none.
 * Source: Virtual I/O Device (VIRTIO) Version 1.2, section 4.2. Drivers older than version 1 ("legacy") are not served.
 */
export class VirtioMmio implements Device<TransportState> {
  readonly name: string;
  readonly size = 0x1000;
  readonly queues: readonly Virtqueue[];
  readonly #interrupt: Line;
  readonly #device: VirtioDevice | undefined;
  #status = 0;
  #interrupts = 0;
  #deviceFeaturesPage = 0;
  #driverFeaturesPage = 0;
  #driverFeatures = 0n;
  #queue = 0;
  #generation = 0;

  constructor(name: string, bus: Bus, line: Line, device?: VirtioDevice) {
    this.name = name;
    this.#interrupt = line;
    this.#device = device;
    const fail = (): void => {
      this.#needReset();
    };
    const owner: QueueOwner = {
      features: () => this.#driverFeatures,
      running: () => this.#isRunning,
      fail,
    };
    this.queues = (device?.queues ?? []).map((limit) => new Virtqueue(bus, limit, owner));
    device?.connect({
      bus,
      queues: this.queues,
      signal: () => {
        this.#signal();
      },
      configChanged: () => {
        this.#configChanged();
      },
      fail,
    });
  }

  /** Whether the driver broke a rule and has to reset the device. */
  get failed(): boolean {
    return (this.#status & status.needsReset) !== 0;
  }

  load(offset: number, width: Width): bigint {
    if (offset >= register.config) return this.#loadConfig(offset - register.config, width);
    // 4.2.2.2: registers of 32 bits, accessed as such; another width gets what a bus of 32 lines would give.
    return partOf(BigInt(this.#read(offset & ~3)), offset & 3, width);
  }

  store(offset: number, width: Width, value: bigint): void {
    if (offset >= register.config) this.#storeConfig(offset - register.config, width, value);
    else if (width === 32 && (offset & 3) === 0) this.#write(offset, Number(value));
  }

  /** 2.4; also what storing 0 to the status register does. */
  reset(): void {
    this.#status = this.#interrupts = this.#queue = 0;
    this.#deviceFeaturesPage = this.#driverFeaturesPage = 0;
    this.#driverFeatures = 0n;
    for (const queue of this.queues) queue.reset();
    this.#device?.reset();
    this.#interrupt(false);
  }

  save(): TransportState {
    return {
      id: this.#device?.id ?? 0,
      status: this.#status,
      interrupts: this.#interrupts,
      deviceFeaturesPage: this.#deviceFeaturesPage,
      driverFeaturesPage: this.#driverFeaturesPage,
      driverFeatures: String(this.#driverFeatures),
      queue: this.#queue,
      generation: this.#generation,
      queues: this.queues.map((queue) => queue.save()),
      device: this.#device?.save() ?? null,
    };
  }

  restore(state: TransportState): void {
    this.#status = state.status;
    this.#interrupts = state.interrupts;
    this.#deviceFeaturesPage = state.deviceFeaturesPage;
    this.#driverFeaturesPage = state.driverFeaturesPage;
    this.#driverFeatures = BigInt(state.driverFeatures);
    this.#queue = state.queue;
    this.#generation = state.generation;
    state.queues.forEach((saved, index) => this.queues[index]?.restore(saved));
    this.#device?.restore(state.device);
    this.#interrupt(this.#interrupts !== 0);
  }

  get #features(): bigint {
    return (this.#device?.features ?? 0n) | version1 | indirectDescriptors | eventIndex;
  }

  #read(offset: number): number {
    switch (offset) {
      case register.magic:
        return magic;
      case register.version:
        return 2;
      case register.deviceId:
        return this.#device?.id ?? 0;
      case register.vendorId:
        return vendor;
      case register.deviceFeatures:
        return Number(this.#deviceFeaturesPage < 2 ? pageOf(this.#features, this.#deviceFeaturesPage) : 0n);
      case register.queueLimit:
        return this.queues[this.#queue]?.limit ?? 0;
      case register.queueReady:
        return this.queues[this.#queue]?.ready === true ? 1 : 0;
      case register.interruptStatus:
        return this.#interrupts;
      case register.status:
        return this.#status;
      case register.sharedMemoryLength:
      case register.sharedMemoryLength + 4:
      case register.sharedMemoryBase:
      case register.sharedMemoryBase + 4:
        // 4.2.2.1: a region that doesn't exist has a length of −1.
        return 0xffffffff;
      case register.generation:
        return this.#generation;
      default:
        return 0;
    }
  }

  #write(offset: number, value: number): void {
    const queue = this.queues[this.#queue];
    switch (offset) {
      case register.deviceFeaturesPage:
        this.#deviceFeaturesPage = value;
        return;
      case register.driverFeaturesPage:
        this.#driverFeaturesPage = value;
        return;
      case register.driverFeatures:
        // 3.1.1: not after they were agreed upon.
        if (this.#driverFeaturesPage < 2 && (this.#status & status.featuresOk) === 0) {
          const page = 4 * this.#driverFeaturesPage;
          this.#driverFeatures = withPart(this.#driverFeatures, page, 32, BigInt(value));
        }
        return;
      case register.queue:
        this.#queue = value;
        return;
      case register.queueSize:
        // 2.7: a power of two. What is none, or too long, is not taken.
        if (queue !== undefined && !queue.ready && value > 0 && value <= queue.limit && (value & (value - 1)) === 0)
          queue.size = value;
        return;
      case register.queueReady:
        if (queue !== undefined) queue.ready = (value & 1) !== 0;
        return;
      case register.notify:
        this.#notify(value);
        return;
      case register.interruptAcknowledge:
        this.#interrupts &= ~value;
        this.#interrupt(this.#interrupts !== 0);
        return;
      case register.status:
        this.#setStatus(value);
        return;
    }
    if (queue === undefined || queue.ready) return;
    const half = offset & 4;
    switch (offset & ~4) {
      case register.descriptors:
        queue.descriptors = withHalf(queue.descriptors, half, value);
        return;
      case register.driver:
        queue.driver = withHalf(queue.driver, half, value);
        return;
      case register.device:
        queue.device = withHalf(queue.device, half, value);
    }
  }

  #setStatus(value: number): void {
    if (value === 0) {
      this.reset();
      return;
    }
    let next = value & 0x8f;
    const wrong = (this.#driverFeatures & ~this.#features) !== 0n || (this.#driverFeatures & version1) === 0n;
    // 2.2.2: features that were not offered, or a driver older than version 1, are not agreed to.
    if ((next & status.featuresOk) !== 0 && wrong) next &= ~status.featuresOk;
    this.#status = next | (this.#status & status.needsReset);
  }

  #notify(index: number): void {
    const queue = this.queues[index];
    if (queue === undefined || !this.#isRunning || this.#device === undefined) return;
    this.#device.notify(index);
    this.#signal();
  }

  /** 3.1.1: the device does nothing before DRIVER_OK; 2.1.1: nothing after it failed. */
  get #isRunning(): boolean {
    return (this.#status & (status.driverOk | status.needsReset)) === status.driverOk;
  }

  #signal(): void {
    let wanted = false;
    for (const queue of this.queues) if (queue.ready && queue.wantsInterrupt()) wanted = true;
    if (wanted && this.#isRunning) this.#raise(interrupt.used);
  }

  #configChanged(): void {
    this.#generation = (this.#generation + 1) >>> 0;
    if ((this.#status & status.driverOk) !== 0) this.#raise(interrupt.config);
  }

  /** 2.1.2: with a notification that the configuration changed, if the driver runs. */
  #needReset(): void {
    this.#status |= status.needsReset;
    if ((this.#status & status.driverOk) !== 0) this.#raise(interrupt.config);
  }

  #raise(cause: number): void {
    this.#interrupts |= cause;
    this.#interrupt(true);
  }

  #loadConfig(offset: number, width: Width): bigint {
    const config = this.#device?.config;
    let value = 0n;
    for (let byte = width / 8 - 1; byte >= 0; byte--) value = (value << 8n) | BigInt(config?.[offset + byte] ?? 0);
    return value;
  }

  #storeConfig(offset: number, width: Width, value: bigint): void {
    for (let byte = 0; byte < width / 8; byte++) {
      this.#device?.writeConfig?.(offset + byte, Number((value >> BigInt(8 * byte)) & 0xffn));
    }
  }
}

function pageOf(features: bigint, page: number): bigint {
  return partOf(features, 4 * page, 32);
}

/** An address with its lower or upper 32 bits replaced. */
function withHalf(address: number, half: number, value: number): number {
  return half === 0 ? address - (address % 2 ** 32) + value : value * 2 ** 32 + (address % 2 ** 32);
}
