export const namespaceKinds = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] as const;

/** As /proc/PID/ns names them. */
type NamespaceKind = (typeof namespaceKinds)[number];

/** What all eight kinds have, namespaces(7). */
export interface Namespace {
  readonly kind: NamespaceKind;
  /** The inode number that /proc/PID/ns shows. */
  readonly number: number;
}
