import { isZero, type Engine } from "../../core/index.js";
import type { PartsState } from "../../machine/index.js";
import { pageSize } from "../privileged.js";
import type { VirtualMachine } from "../virtual-machine.js";
import type { Channel } from "./channel.js";
import type { HostedGuest } from "./hosted-guest.js";
import type { MigrationOptions } from "./options.js";
import type { Report } from "./report.js";

/** The guest at both ends, and what lies between. */
export interface Hosts {
  readonly engine: Engine;
  readonly source: HostedGuest;
  readonly destination: HostedGuest;
  /** Towards the destination, and back. */
  readonly there: Channel;
  readonly back: Channel;
  readonly options: MigrationOptions;
  readonly report: Report;
}

/** Where the guest goes on, and the time that is to pass before; nowhere where it was lost. */
export type Onward = { readonly guest: HostedGuest; readonly owed: number } | undefined;

/** In front of a page: its number and flags, as QEMU's and Xen's streams have 8 bytes; a page of zeros is that alone. */
export const headerBytes = 8;

/** What a page is as a message, given its content. */
export const messageBytes = (content: Uint8Array, zeroPages: boolean): number =>
  zeroPages && isZero(content) ? headerBytes : headerBytes + pageSize;

/** Physical addresses of all of a guest's pages. */
export function allPages({ machine: { bus } }: VirtualMachine): readonly number[] {
  return Array.from({ length: bus.ramSize / pageSize }, (_, page) => bus.ramBase + page * pageSize);
}

/** A copy of a page. */
export function pageOf({ machine: { bus } }: VirtualMachine, at: number): Uint8Array {
  return (bus.bytes(at, pageSize) ?? new Uint8Array(pageSize)).slice();
}

/** A page has come. */
export function putPage({ machine: { bus } }: VirtualMachine, at: number, content: Uint8Array): void {
  bus.bytes(at, pageSize)?.set(content);
  bus.written(at, pageSize);
}

/**
 * How long the state of harts and devices is as a message: as JSON. Disks are not in it, since both hosts reach the same storage
 * (Clark et al. 2005, section 3.3), nor is what consoles have shown, which is the terminal's.
 */
export function partsBytes({ schedule, board }: PartsState): number {
  const { harts, devices } = board;
  return JSON.stringify({ schedule, harts, devices }).length;
}
