import { ContainerEngine, directTransport, dockerHub, Session } from "../../sim/container/index.js";
import { createWorld, MiB, type Activity, type Nanos } from "../../sim/core/index.js";
import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUTS,
  executable,
  Kernel,
  MNT_DETACH,
  MS_PRIVATE,
  MS_REC,
  O_CREAT,
  O_WRONLY,
  type ChildBody,
  type Program,
  type Sys,
} from "../../sim/os/index.js";
import { capture, installPrograms, writeRoot } from "../../sim/userland/index.js";
import type { Bench, Room } from "./runner/measure.js";

/** Seconds of the processor that a task's life takes, on a kernel of its own. */
function seconds(body: ChildBody, prepare: (kernel: Kernel) => void = () => undefined): number {
  const kernel = new Kernel({ world: createWorld({ traceRows: 0 }), memory: MiB(65536) });
  prepare(kernel);
  const begin = process.cpuUsage();
  kernel.run(body);
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1e6;
}

const nothing: Program<Sys> = {
  name: "true",
  *main() {
    return 0;
  },
};

const processes = 100_000;

/** What a shell's loop does for each command: fork, execve, exit, wait. */
const loop: Bench = {
  name: `${processes.toLocaleString("en")} processes: fork, execve, exit, wait`,
  unit: "s",
  better: "lower",
  goal: { median: 10 },
  contenders: [
    {
      name: "virtlab",
      run: () =>
        seconds(
          function* (sys) {
            const fd = yield* sys.open("/bin/true", O_CREAT | O_WRONLY, 0o755);
            yield* sys.write(fd, executable("true", "x86_64"));
            yield* sys.close(fd);
            for (let count = 0; count < processes; count++) {
              yield* sys.clone(function* (child) {
                yield* child.execve("/bin/true", ["true"]);
              });
              yield* sys.wait4();
            }
          },
          (kernel) => {
            kernel.install(nothing);
          },
        ),
    },
  ],
};

/** The same by a shell that runs a script: it evaluates words and arithmetic, forks, and waits. */
const shellLoop: Bench = {
  name: `a shell's loop of ${processes.toLocaleString("en")} processes`,
  unit: "s",
  better: "lower",
  goal: { median: 10 },
  contenders: [
    {
      name: "virtlab",
      run: () =>
        seconds(
          function* (sys) {
            yield* writeRoot(sys);
            const script = `i=0; while [ $i -lt ${processes} ]; do /bin/true; i=$((i+1)); done`;
            const { status } = yield* capture(sys, ["/bin/sh", "-c", script]);
            if (status !== 0) throw new Error(`the shell ended with ${status}`);
          },
          (kernel) => {
            installPrograms(kernel);
          },
        ),
    },
  ],
};

const calls = 1_000_000;

const call: Bench = {
  name: "system calls that don't wait",
  unit: "calls/s",
  goal: { median: 1_000_000 },
  contenders: [
    {
      name: "virtlab",
      run: () =>
        calls /
        seconds(function* (sys) {
          for (let count = 0; count < calls; count++) yield* sys.getppid();
        }),
    },
  ],
};

const containers = 10_000;

/** A container by hand: namespaces, a group, an overlay over one image, pivot_root; then it sleeps. */
const boxes: Bench = {
  name: `${containers.toLocaleString("en")} containers from system calls, all alive`,
  unit: "s",
  better: "lower",
  goal: { median: 10 },
  contenders: [
    {
      name: "virtlab",
      run: () =>
        seconds(
          function* (sys) {
            yield* sys.mount("none", "/srv", "tmpfs");
            yield* sys.mkdir("/srv/image");
            for (const name of ["etc", "proc", "old", "tmp"]) yield* sys.mkdir(`/srv/image/${name}`);
            for (let count = 0; count < containers; count++) {
              const group = `/sys/fs/cgroup/c${count}`;
              const own = `/srv/c${count}`;
              yield* sys.mkdir(group);
              for (const path of [own, `${own}/upper`, `${own}/work`]) yield* sys.mkdir(path);
              yield* sys.clone(container(own), {
                flags: CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP,
              });
            }
            yield* sys.nanosleep(1e12 as Nanos);
          },
          (kernel) => {
            kernel.pidNamespace.max = 4_194_304;
          },
        ),
    },
  ],
};

function container(own: string): ChildBody {
  return function* (sys) {
    yield* sys.mount("", "/", undefined, MS_REC | MS_PRIVATE);
    yield* sys.mount("overlay", "/mnt", "overlay", 0, `lowerdir=/srv/image,upperdir=${own}/upper,workdir=${own}/work`);
    yield* sys.mount("proc", "/mnt/proc", "proc");
    yield* sys.pivot_root("/mnt", "/mnt/old");
    yield* sys.umount2("/old", MNT_DETACH);
    yield* sys.sethostname(own);
    const fd = yield* sys.open("/etc/hostname", O_CREAT | O_WRONLY);
    yield* sys.write(fd, new Uint8Array(12));
    yield* sys.pause();
  };
}

/** The same by an engine: created, started and listed, with a shim, a log and a record for each. */
const engineBoxes: Bench = {
  name: `${containers.toLocaleString("en")} containers of alpine, created, started and listed by the engine`,
  unit: "s",
  better: "lower",
  goal: { median: 10 },
  contenders: [
    {
      name: "virtlab",
      run() {
        const world = createWorld({ traceRows: 0 });
        const kernel = new Kernel({ world, memory: MiB(262_144) });
        kernel.pidNamespace.max = 4_194_304;
        installPrograms(kernel);
        const hub = dockerHub(world);
        const way = directTransport((request, from) => hub.handle(request, from));
        const session = new Session(world.engine, way);
        // Each has a network namespace and no network: Linux's bridges have 1,023 ports at most.
        const engine = new ContainerEngine(kernel, { registries: () => session, networks: false });
        world.engine.run(world.engine.spawn(engine.images.pull("alpine")));
        const config = { Image: "alpine", Cmd: ["sleep", "100000"] };
        const begin = process.cpuUsage();
        const all = world.engine.spawn(
          (function* (): Activity<number> {
            for (let count = 0; count < containers; count++) yield* engine.start(yield* engine.create({ config }));
            return engine.list().length;
          })(),
        );
        world.engine.run(all);
        const { user, system } = process.cpuUsage(begin);
        if (all.value !== containers) throw new Error(`${all.value} containers run`);
        return (user + system) / 1e6;
      },
    },
  ],
};

export const room: Room = { benches: [loop, shellLoop, call, boxes, engineBoxes] };
