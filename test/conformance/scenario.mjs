/** A disk under random load, and a machine that counts: everything that it did, as text. The same seed must give the same text everywhere. */
export function scenario({ lab, workload, asm }) {
  const world = lab({ seed: 7 });
  const [partition] = world.disk().partition([{ size: 2 ** 31 }]);
  const disk = partition.image({ format: "qcow2", size: 2 ** 26 });
  workload(disk, { readShare: 0.5, count: 60, rate: 90 });
  const guest = world.machine({
    memory: 2 ** 16,
    program: asm`
            li   t0, 100000
      loop: addi t0, t0, -1
            mul  t1, t1, t0
            bnez t0, loop
            ebreak`,
  });
  const stop = guest.run();
  const rows = world.trace.rows().map((row) => JSON.stringify(row));
  return [...rows, `${stop.kind} at ${stop.pc} after ${guest.instructions}`].join("\n");
}
