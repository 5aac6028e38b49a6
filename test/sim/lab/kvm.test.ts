import { describe, expect, test } from "vitest";
import type { os } from "../../../sim/lab/index.js";
import { GiB, lab, MiB, ms, s, type Lab, type Linux } from "../../../sim/lab/index.js";

const host = (memory = GiB(4)): { readonly world: Lab; readonly machine: Linux } => {
  const world = lab({ seed: 1 });
  return { world, machine: world.linux({ hostname: "host", cpus: 2, memory }) };
};

describe("linux().kvm()", () => {
  test("boots firmware, kernel and init as work, then runs a Linux of its own", () => {
    const { world, machine } = host();
    const vm = machine.kvm({ name: "guest", memory: MiB(256), monitor: "firecracker" });
    expect(vm.state).toBe("off");
    expect(() => {
      vm.powerOff();
    }).toThrow("is off");
    vm.boot();
    // A billion instructions at 2.93 GHz, and what its exits take.
    expect(world.now).toBeGreaterThan(959e6 / 2.93);
    expect(world.now).toBeLessThan(2 * (959e6 / 2.93));
    expect(vm.linux.sh("uname -n; id -u").stdout).toBe("guest\n0\n");
    expect(machine.sh("uname -n").stdout).toBe("host\n");
    // The monitor's process is all that the host sees of it.
    expect(machine.sh("ps -e").stdout).toContain("kvm guest");
    expect(vm.resident).toBeGreaterThan(9220 * 4096);
    expect(vm.resident).toBeLessThan(MiB(64));
    expect(() => vm.powerOn()).toThrow("powered on already");
    vm.powerOff();
    world.engine.run(vm.ended);
    expect(vm.state).toBe("ended");
    // But for pages of files, which stay until somebody needs the room.
    const { current, file } = machine.cgroups.memory;
    expect(current - file).toBe(0);
  });

  test("the host gives a page when it is touched first, and never gets it back", () => {
    const { machine } = host();
    const vm = machine.kvm({ memory: MiB(256) }).boot();
    const before = vm.resident;
    vm.linux.run(function* (sys) {
      yield* sys.touch(yield* sys.mmap(MiB(50)), MiB(50));
      yield* sys.compute(ms(1));
    });
    expect(vm.linux.cgroups.memory.current).toBeLessThan(MiB(1));
    expect(vm.resident - before).toBeGreaterThanOrEqual(MiB(50));
  });

  test("its CPUs are threads of the host: what they wait for the host is the guest's steal time", () => {
    const world = lab();
    const machine = world.linux({ hostname: "host", cpus: 1 });
    const [a, b] = ["a", "b"].map((name) => machine.kvm({ name, memory: MiB(128) }).boot().linux);
    const work = (kernel: Linux): os.Task => kernel.start((sys) => sys.compute(ms(100)), kernel.pidNamespace.init!);
    const begin = world.now;
    const tasks = [work(a!), work(b!)];
    for (const { ended } of tasks) world.engine.run(ended);
    expect(world.now - begin).toBeGreaterThan(ms(200));
    expect(world.now - begin).toBeLessThan(ms(202));
    expect(a!.scheduler.steal + b!.scheduler.steal).toBeGreaterThan(ms(90));
  });

  test("tasks of a guest share its CPUs fairly, however often they are taken away from each other", () => {
    const { world, machine } = host();
    const { linux } = machine.kvm({ memory: MiB(128) }).boot();
    const begin = world.now;
    const tasks = [1, 2, 3].map(() => linux.start((sys) => sys.compute(ms(30)), linux.pidNamespace.init!));
    for (const { ended } of tasks) world.engine.run(ended);
    expect(world.now - begin).toBeGreaterThan(ms(90));
    expect(world.now - begin).toBeLessThan(ms(92));
    expect(tasks.map(({ used }) => Math.round(used / 1e6))).toEqual([30, 30, 30]);
  });

  test("a guest's panic is its own; a host's is everybody's", () => {
    const { world, machine } = host();
    const [a, b] = ["a", "b"].map((name) => machine.kvm({ name, memory: MiB(128) }).boot());
    const signs = [0, 0];
    [a!, b!].forEach(({ linux }, at) =>
      linux.start(function* (sys) {
        for (;;) {
          yield* sys.nanosleep(ms(1));
          signs[at]!++;
        }
      }, linux.pidNamespace.init!),
    );
    world.run(ms(20));
    a!.linux.panic("a mistake");
    const [first, second] = signs;
    world.run(ms(20));
    expect(a!.state).toBe("panicked");
    expect(signs[0]).toBe(first);
    expect(signs[1]).toBeGreaterThan(second! + 10);
    machine.panic("a mistake");
    expect(b!.state).toBe("ended");
    const last = signs[1];
    world.run(ms(20));
    expect(signs[1]).toBe(last);
  });

  test("memory that the host hasn't got costs a monitor its life, and its guest with it", () => {
    const { world, machine } = host(MiB(480));
    const all = [1, 2, 3].map((n) => machine.kvm({ name: `g${n}`, memory: MiB(128) }).powerOn());
    world.run(s(3));
    expect(all.map(({ state }) => state).sort()).toEqual(["ended", "running", "running"]);
    expect(() => machine.kvm({ memory: GiB(1) })).toThrow("larger than its host");
    expect(() => machine.kvm({ memroy: 1 } as object)).toThrow('no option "memroy"');
  });

  test("a wakeful neighbour's frames and exits: its card is the host's vnet0", () => {
    const { machine } = host();
    const vm = machine.kvm({ memory: MiB(128), network: true });
    machine.sh("ip addr add 10.9.0.1/24 dev vnet0; ip link set vnet0 up");
    vm.boot().linux.sh("ip addr add 10.9.0.2/24 dev eth0; ip link set eth0 up");
    expect(machine.sh("ping -c 1 10.9.0.2").output).toContain("1 received");
    expect(vm.linux.sh("ping -c 1 10.9.0.1").output).toContain("1 received");
  });
});
