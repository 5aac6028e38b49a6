/** Since which release Linux has a call, of those here that are younger than Linux 3.0: syscalls(2). An older kernel answers ENOSYS. */
const since: Readonly<Record<string, string>> = {
  renameat2: "3.15",
  seccomp: "3.17",
  getrandom: "3.17",
  memfd_create: "3.17",
  bpf: "3.18",
  openat2: "5.6",
  close_range: "5.9",
};

/** Versions as numbers that compare as they do: "6.12.0-amd64" is 6012. */
function order(release: string): number {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  return major * 1000 + minor;
}

/** The calls that a kernel of this release hasn't got yet. */
export const callsAfter = (release: string): ReadonlySet<string> =>
  new Set(
    Object.entries(since)
      .filter(([, version]) => order(version) > order(release))
      .map(([name]) => name),
  );
