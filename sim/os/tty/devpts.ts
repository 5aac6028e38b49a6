import { invariant } from "../../core/index.js";
import { E } from "../errno.js";
import { makedev, minorOf, S_IFCHR } from "../flags.js";
import { Task } from "../task/task.js";
import type { Caller } from "../vfs/caller.js";
import type { Devices } from "../vfs/devices.js";
import type { Channel, Inode } from "../vfs/inode.js";
import { PseudoDirectory, PseudoFs, PseudoInode } from "../vfs/pseudo.js";
import { Terminal } from "./terminal.js";

/** Unix 98 terminals have majors from 136 on: devices.txt. */
const major = 136;
/** The group "tty", to which terminals belong. */
const group = 5;

/** All pseudo-terminals of a kernel. Each devpts that is mounted shows its own: those opened by its ptmx. */
export class Terminals {
  readonly #terminals = new Map<number, Terminal>();
  #next = 0;

  /** Has the devices of terminals opened here: a terminal, /dev/tty, /dev/ptmx of the instance that `pts` gives. */
  register(devices: Devices, pts: () => Devpts): void {
    devices.register(major, undefined, (inode, flags, caller) => this.#at(minorOf(inode.rdev)).open(caller, flags));
    devices.register(5, 0, (_inode, flags, caller) => {
      const terminal = caller instanceof Task ? caller.processGroup.session.terminal : undefined;
      if (!(terminal instanceof Terminal)) throw E.ENXIO;
      return terminal.open(caller, flags);
    });
    devices.register(5, 2, (_inode, _flags, caller) => pts().make(caller).master());
  }

  make(gone: (number: number) => void): Terminal {
    const number = this.#next++;
    const terminal = new Terminal(number, makedev(major, number), () => {
      this.#terminals.delete(number);
      gone(number);
    });
    this.#terminals.set(number, terminal);
    return terminal;
  }

  /** @throws EIO for one that is gone */
  #at(number: number): Terminal {
    const terminal = this.#terminals.get(number);
    if (terminal === undefined) throw E.EIO;
    return terminal;
  }
}

/** devpts, the file system with the terminals' devices. Numbers are the kernel's here: Linux counts in each instance. */
export class Devpts extends PseudoFs {
  readonly #terminals: Terminals;

  constructor(device: number, terminals: Terminals) {
    super("devpts", device);
    this.#terminals = terminals;
    const root = new PseudoDirectory(this, undefined, "/", 0o755);
    this.root = root;
    root.add("ptmx", new Device(this, 0o666, 0, makedev(5, 2), (caller) => this.make(caller).master()));
  }

  /** A new terminal, which belongs to whoever asked. */
  make(caller: Caller): Terminal {
    const { root } = this;
    invariant(root instanceof PseudoDirectory, "devpts has the root that it made");
    const terminal = this.#terminals.make((number) => {
      root.drop(`${number}`);
    });
    const open = (who: Caller, flags: number): Channel => terminal.open(who, flags);
    root.add(`${terminal.number}`, new Device(this, 0o620, caller.credentials.euid, terminal.device, open));
    return terminal;
  }
}

class Device extends PseudoInode {
  readonly #device: number;
  readonly #open: (caller: Caller, flags: number) => Channel;

  constructor(
    fs: PseudoFs,
    mode: number,
    uid: number,
    device: number,
    open: (caller: Caller, flags: number) => Channel,
  ) {
    super(fs, S_IFCHR | mode, uid, group);
    this.#device = device;
    this.#open = open;
  }

  override get rdev(): number {
    return this.#device;
  }

  override attributes(): ReturnType<Inode["attributes"]> {
    return { ...super.attributes(), rdev: this.#device };
  }

  override open(flags: number, caller: Caller): Channel {
    return this.#open(caller, flags);
  }
}
