/** A disk under random load: everything that it did, as text. The same seed must give the same text everywhere. */
export function scenario({ lab, workload }) {
  const world = lab({ seed: 7 });
  const [partition] = world.disk().partition([{ size: 2 ** 31 }]);
  const disk = partition.image({ format: "qcow2", size: 2 ** 26 });
  workload(disk, { readShare: 0.5, count: 60, rate: 90 });
  return world.trace
    .rows()
    .map((row) => JSON.stringify(row))
    .join("\n");
}
