import { textOf } from "../../net/index.js";
import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  MNT_DETACH,
  MS_BIND,
  type noCapabilities,
  PR_CAPBSET_DROP,
  type Filter,
  type NetlinkRequest,
} from "../../os/index.js";

type CapabilitySet = typeof noCapabilities;

/** What a system call does for a container, in few words: calls of one kind in a row are told together. */
export interface Told {
  readonly what: string;
  readonly of: string;
}

const namespaces = [
  [CLONE_NEWNS, "mount"],
  [CLONE_NEWPID, "pid"],
  [CLONE_NEWNET, "net"],
  [CLONE_NEWUTS, "uts"],
  [CLONE_NEWIPC, "ipc"],
  [CLONE_NEWCGROUP, "cgroup"],
  [CLONE_NEWUSER, "user"],
  [CLONE_NEWTIME, "time"],
] as const;

const namespacesOf = (flags: number): string =>
  namespaces.flatMap(([flag, name]) => ((flags & flag) === 0 ? [] : [name])).join(", ");

const cgroups = "/sys/fs/cgroup/";
/** Long numbers are cut as Docker cuts them, and a root that isn't entered yet is left out. */
export const brief = (text: string): string =>
  text
    .replace(/([0-9a-f]{12})[0-9a-f]{52}/g, "$1")
    .replace(/^.*\/merged(?=\/|$)/, "")
    .replace(/^$/, "/");

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number => (typeof value === "number" ? value : 0);

function mounted([, target, type, flags]: readonly unknown[]): Told | undefined {
  if ((number(flags) & MS_BIND) !== 0) return undefined;
  // Without a type it changes a mount that is there.
  return typeof type === "string" ? { what: "mount", of: `${type} on ${brief(text(target))}` } : undefined;
}

function administered(message: unknown): Told | undefined {
  const { netlink: request } = message as { readonly netlink?: NetlinkRequest };
  if (request === undefined || request.type.includes("_GET") || request.type === "SOCK_DIAG_BY_FAMILY")
    return undefined;
  if (request.type.startsWith("NFT_")) return { what: "netlink", of: "rules" };
  const name = "name" in request ? request.name : "to" in request ? request.to : "";
  return { what: "netlink", of: `${request.type.slice("RTM_".length)} ${name}` };
}

/**
 * Says what calls of the makers of a container do: namespaces, mounts, control groups, rights, network, program. What only prepares these
 * is passed over.
 */
export class TellingCalls {
  /** Files of control groups that are open, by process and descriptor. */
  readonly #files = new Map<string, string>();

  /** @param result of a call that returned */
  tell(pid: number, name: string, args: readonly unknown[], result: unknown): Told | undefined {
    const [first, second] = args;
    switch (name) {
      case "clone": {
        const { flags = 0 } = (second ?? {}) as { readonly flags?: number };
        const fresh = namespacesOf(flags);
        return fresh === "" ? undefined : { what: "clone, new", of: fresh };
      }
      case "unshare":
        return { what: "unshare", of: namespacesOf(number(first)) };
      case "mount":
        return mounted(args);
      case "pivot_root":
        return { what: name, of: "" };
      case "umount2":
        return (number(second) & MNT_DETACH) === 0 ? undefined : { what: name, of: "the old root" };
      case "sethostname":
        return { what: name, of: brief(text(first)) };
      case "mkdir":
        return text(first).startsWith(cgroups) ? { what: "mkdir", of: brief(text(first)) } : undefined;
      case "open":
        this.#opened(`${pid}:${number(result)}`, text(first));
        return undefined;
      case "write":
        return this.#written(this.#files.get(`${pid}:${number(first)}`), second);
      case "sendmsg":
        return administered(second);
      case "prctl":
        return first === PR_CAPBSET_DROP ? { what: "prctl: drop", of: text(second) } : undefined;
      case "seccomp":
        return { what: name, of: `${(first as Filter).syscalls.length} rules` };
      case "execve":
        return { what: name, of: ((second as readonly string[] | undefined) ?? []).join(" ") };
      case "capset":
        return { what: name, of: `${(first as { readonly effective: CapabilitySet }).effective.names().length} left` };
      case "kill":
        return { what: name, of: `${number(first)} ${text(second)}` };
      default:
        return undefined;
    }
  }

  #opened(key: string, path: string): void {
    if (path.startsWith(cgroups)) this.#files.set(key, path);
    else this.#files.delete(key);
  }

  #written(path: string | undefined, bytes: unknown): Told | undefined {
    if (path === undefined || path.endsWith("cgroup.subtree_control")) return undefined;
    const file = path.slice(path.lastIndexOf("/") + 1);
    return { what: "write", of: `${bytes instanceof Uint8Array ? textOf(bytes) : ""} to ${file}` };
  }
}
