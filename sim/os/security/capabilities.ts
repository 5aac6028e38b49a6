/** The 41 capabilities in the order of linux/capability.h: a capability's number is its place. */
export const capabilityNames = [
  "CHOWN",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "FOWNER",
  "FSETID",
  "KILL",
  "SETGID",
  "SETUID",
  "SETPCAP",
  "LINUX_IMMUTABLE",
  "NET_BIND_SERVICE",
  "NET_BROADCAST",
  "NET_ADMIN",
  "NET_RAW",
  "IPC_LOCK",
  "IPC_OWNER",
  "SYS_MODULE",
  "SYS_RAWIO",
  "SYS_CHROOT",
  "SYS_PTRACE",
  "SYS_PACCT",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_NICE",
  "SYS_RESOURCE",
  "SYS_TIME",
  "SYS_TTY_CONFIG",
  "MKNOD",
  "LEASE",
  "AUDIT_WRITE",
  "AUDIT_CONTROL",
  "SETFCAP",
  "MAC_OVERRIDE",
  "MAC_ADMIN",
  "SYSLOG",
  "WAKE_ALARM",
  "BLOCK_SUSPEND",
  "AUDIT_READ",
  "PERFMON",
  "BPF",
  "CHECKPOINT_RESTORE",
] as const;

/** Without "CAP_". */
export type Capability = (typeof capabilityNames)[number];

const numbers: ReadonlyMap<string, number> = new Map(capabilityNames.map((name, number) => [name, number]));

/** A set of capabilities; never changes. */
export class CapabilitySet {
  /** Capabilities 0 to 31, and 32 to 40. */
  readonly low: number;
  readonly high: number;

  constructor(low: number, high: number) {
    this.low = low | 0;
    this.high = high & 0x1ff;
  }

  static of(...names: readonly Capability[]): CapabilitySet {
    let low = 0;
    let high = 0;
    for (const name of names) {
      const number = numbers.get(name) ?? 0;
      if (number < 32) low |= 1 << number;
      else high |= 1 << (number - 32);
    }
    return new CapabilitySet(low, high);
  }

  has(name: Capability): boolean {
    const number = numbers.get(name) ?? 0;
    return (((number < 32 ? this.low >> number : this.high >> (number - 32)) & 1) as 0 | 1) === 1;
  }

  with(name: Capability): CapabilitySet {
    return this.or(single(name));
  }

  without(name: Capability): CapabilitySet {
    return this.and(single(name).not());
  }

  and(other: CapabilitySet): CapabilitySet {
    return new CapabilitySet(this.low & other.low, this.high & other.high);
  }

  or(other: CapabilitySet): CapabilitySet {
    return new CapabilitySet(this.low | other.low, this.high | other.high);
  }

  not(): CapabilitySet {
    return new CapabilitySet(~this.low, ~this.high);
  }

  within(other: CapabilitySet): boolean {
    return (this.low & ~other.low) === 0 && (this.high & ~other.high) === 0;
  }

  get empty(): boolean {
    return this.low === 0 && this.high === 0;
  }

  names(): Capability[] {
    return capabilityNames.filter((name) => this.has(name));
  }

  /** As /proc/PID/status writes it: 16 hexadecimal digits. */
  toString(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
    return hex(this.high) + hex(this.low);
  }
}

function single(name: Capability): CapabilitySet {
  const number = numbers.get(name) ?? 0;
  return number < 32 ? new CapabilitySet(1 << number, 0) : new CapabilitySet(0, 1 << (number - 32));
}

export const noCapabilities: CapabilitySet = new CapabilitySet(0, 0);
export const allCapabilities: CapabilitySet = new CapabilitySet(-1, -1);
