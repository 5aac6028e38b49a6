import { fail } from "./errno.js";
import type { FreeBsdKernel } from "./kernel.js";
import { prisonGrants, type Privilege } from "./privileges.js";
import type { Prison } from "./prison.js";
import type { FreeBsdSys } from "./table.js";
import type { Socket } from "./network.js";
import type { Vnode } from "./vnode.js";

/** What a program ends with: a status, or "stays": it waits in its main loop. */
export type Outcome = number | "stays";

export interface BsdProgram {
  readonly name: string;
  main(sys: FreeBsdSys, argv: readonly string[]): Outcome;
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
  readonly kernel: FreeBsdKernel;
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
    kernel: FreeBsdKernel,
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
