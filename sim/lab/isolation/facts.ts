/** What a probe has found where it ran: results of calls, "ok" or the error's name. A fact that its kernel has no notion of is absent. */
export interface Facts {
  /** The kernel's release: one kernel has one. */
  readonly release: string;
  /** Processes that it sees, itself left out; and whether the host's is among them. */
  readonly processes?: number;
  readonly seesHost?: boolean;
  /** Whether it may signal a process of the host's. */
  readonly signal?: string;
  /** Reading and then changing a file of the host's, by the host's path. */
  readonly read?: string;
  readonly change?: string;
  /** The same file behind what gets out of a bare chroot(2). */
  readonly chrootOut?: string;
  readonly hostname?: string;
  readonly rename?: string;
  /** Addresses that it sees. */
  readonly addresses?: readonly string[];
  /** Binding a port of the host's address. */
  readonly bindHost?: string;
  readonly rawSocket?: string;
  /** Who it is for itself. */
  readonly uid?: number;
  /** Reaching an object of the host's interprocess communication. */
  readonly ipc?: string;
  /** Of 40 children at once, so many could be had. */
  readonly children?: number;
  /** Making a node of the host's disk, and reading it. */
  readonly device?: string;
  readonly mount?: string;
  /** Changing a setting of the kernel. */
  readonly setting?: string;
  /** Whether it may set the clock. */
  readonly clock?: string;
}

/** What the host found out meanwhile. */
interface Outside {
  /** Before anybody was probed. */
  readonly before: HostState;
  readonly after: HostState;
  /** Who the probe was for the kernel. */
  readonly kernelUid?: number;
  readonly release: string;
  readonly addresses: readonly string[];
}

/** What of the host a probe may have changed. */
export interface HostState {
  readonly hostname: string;
  readonly setting: string;
  readonly file: string;
  readonly mounts: number;
}

/** A subject's facts with what the host saw. */
export interface Finding {
  readonly subject: string;
  readonly facts: Facts;
  readonly outside: Outside;
}

/** A row of the table: what it asks, and how a finding answers it. */
export interface Aspect {
  readonly aspect: string;
  readonly verdict: (finding: Finding) => string;
}

const refused = (code: string | undefined): string =>
  code === undefined ? "no such thing" : code === "ok" ? "allowed" : `refused (${code})`;

/** Something is the host's, its own, or may not be touched: by what the call said and whether the host saw a change. */
function whose(code: string | undefined, changed: boolean): string {
  if (code === undefined) return "no such thing";
  if (code !== "ok") return `refused (${code})`;
  return changed ? "the host's" : "its own";
}

/** The table's rows: each verdict is worked out from what was found, inside and out. */
export const aspects: readonly Aspect[] = [
  {
    aspect: "sees the host's processes",
    verdict({ facts }) {
      if (facts.seesHost === undefined) return "can't look";
      return facts.seesHost ? "yes" : facts.processes === 0 ? "no: it is alone" : "no: its own";
    },
  },
  { aspect: "signals a process of the host", verdict: ({ facts }) => refused(facts.signal) },
  { aspect: "reads a file of the host", verdict: ({ facts }) => refused(facts.read) },
  {
    aspect: "changes a file of the host",
    verdict: ({ facts, outside }) => whose(facts.change, outside.before.file !== outside.after.file),
  },
  { aspect: "reads it by the way out of chroot", verdict: ({ facts }) => refused(facts.chrootOut) },
  {
    aspect: "changes the system's name",
    verdict: ({ facts, outside }) => whose(facts.rename, outside.before.hostname !== outside.after.hostname),
  },
  {
    aspect: "sees the host's addresses",
    verdict({ facts, outside }) {
      const { addresses } = facts;
      if (addresses === undefined) return "can't look";
      const common = addresses.filter((one) => outside.addresses.includes(one));
      if (common.length === 0) return "none";
      return common.length === outside.addresses.length ? "all" : `${common.length} of ${outside.addresses.length}`;
    },
  },
  { aspect: "binds the host's address", verdict: ({ facts }) => refused(facts.bindHost) },
  { aspect: "opens a raw socket", verdict: ({ facts }) => refused(facts.rawSocket) },
  {
    aspect: "its uid 0 is the host's",
    verdict({ facts, outside }) {
      if (facts.uid === undefined || outside.kernelUid === undefined) return "no such thing";
      return outside.kernelUid === facts.uid ? "yes" : `no: ${outside.kernelUid}`;
    },
  },
  { aspect: "reaches the host's IPC", verdict: ({ facts }) => refused(facts.ipc) },
  {
    aspect: "is limited to 20 processes",
    verdict: ({ facts }) => (facts.children === undefined ? "no such thing" : facts.children < 40 ? "yes" : "no"),
  },
  { aspect: "reads the host's disk", verdict: ({ facts }) => refused(facts.device) },
  {
    aspect: "adds to a table of mounts",
    verdict: ({ facts, outside }) => whose(facts.mount, outside.before.mounts !== outside.after.mounts),
  },
  {
    aspect: "changes a setting of the kernel",
    verdict: ({ facts, outside }) => whose(facts.setting, outside.before.setting !== outside.after.setting),
  },
  { aspect: "may set the clock", verdict: ({ facts }) => refused(facts.clock) },
  {
    aspect: "runs on the host's kernel",
    verdict: ({ facts, outside }) => (facts.release === outside.release ? "yes" : "no"),
  },
];
