import { fail } from "./errno.js";
import { prisonGrants, type Privilege } from "./privileges.js";
import type { Prison } from "./prison.js";
import type { Mount } from "./mount.js";
import type { Network, Socket } from "./network.js";
import type { Device, Vnode } from "./vnode.js";

/** What a program ends with: a status, or "stays": it waits in its main loop. */
export type Outcome = number | "stays";

/** A program, written against an interface `S` of system calls. */
export interface Program<S> {
  readonly name: string;
  main(sys: S, argv: readonly string[]): Outcome;
}

/** What calls ask of the kernel. */
export interface KernelState {
  readonly sysname: string;
  readonly root: Vnode;
  readonly mounts: Mount[];
  readonly processes: Map<number, Process>;
  readonly network: Network;
  readonly modules: Set<string>;
  readonly processLimits: Map<Prison, number>;
  readonly devices: readonly Device[];
  time: number;
  mostProcesses: number;
  chrootAllowOpenDirectories: number;
  encode(text: string): Uint8Array;
  /** Runs a program in a process's place; undefined where there is none of the name. */
  runProgram(process: Process, name: string, argv: readonly string[]): Outcome | undefined;
  begin(parent: Process, body: (sys: never) => Outcome): Process;
  end(process: Process, how: NonNullable<Process["ended"]>): void;
  prisons(): Prison[];
  findPrison(from: Prison, key: string): Prison | undefined;
  prisonOf(from: Prison, key: string): Prison;
  processesOf(prison: Prison): Process[];
  removePrison(prison: Prison): void;
  segmentsOf(prison: Prison): Map<number, Uint8Array>;
  nextJail(): number;
  halt(): void;
  count(process: Process, call: string): void;
}

export interface Credentials {
  readonly uid: number;
  readonly prison: Prison;
}

/** What a descriptor leads to. */
export type OpenFile =
  | { readonly kind: "vnode"; readonly node: Vnode; readonly writable: boolean }
  | { readonly kind: "socket"; readonly socket: Socket }
  | { readonly kind: "output"; readonly write: (text: string) => void };

/** A process's directories: its own, its root, and the first root that it was ever given (fd_cdir, fd_rdir, fd_jdir). */
export interface Directories {
  readonly current: Vnode;
  readonly root: Vnode;
  readonly jail: Vnode | undefined;
}

export class Process {
  readonly kernel: KernelState;
  readonly pid: number;
  parent: Process | undefined;
  credentials: Credentials;
  directories: Directories;
  readonly files: Map<number, OpenFile>;
  command: readonly string[];
  /** Its memory, as a debugger reads it. */
  memory: Uint8Array = new Uint8Array(0);
  tracer: Process | undefined;
  /** How it ended: an exit status, or a signal. */
  ended: { readonly exited: number } | { readonly signal: number } | undefined;

  constructor(
    kernel: KernelState,
    pid: number,
    from: Process | Pick<Process, "credentials" | "directories">,
    parent?: Process,
  ) {
    this.kernel = kernel;
    this.pid = pid;
    this.parent = parent;
    this.credentials = from.credentials;
    this.directories = from.directories;
    this.files = from instanceof Process ? new Map<number, OpenFile>(from.files) : new Map<number, OpenFile>();
    this.command = from instanceof Process ? from.command : [];
  }

  get prison(): Prison {
    return this.credentials.prison;
  }

  file(descriptor: number): OpenFile {
    return this.files.get(descriptor) ?? fail("EBADF");
  }

  add(file: OpenFile): number {
    let number = 0;
    while (this.files.has(number)) number++;
    this.files.set(number, file);
    return number;
  }

  /** priv_check: uid 0 has a privilege, unless its prison doesn't grant it. */
  has(privilege: Privilege): boolean {
    return this.credentials.uid === 0 && prisonGrants(this.prison, privilege);
  }

  /** @throws EPERM */
  demand(privilege: Privilege): void {
    if (!this.has(privilege)) fail("EPERM");
  }

  /** securelevel_gt: whether it is bound by more than a level. @throws EPERM */
  demandLevel(most: number): void {
    if (this.prison.securelevel > most) fail("EPERM");
  }
}
