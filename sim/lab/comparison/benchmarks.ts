import { ms, Signal, us, type Activity, type Nanos } from "../../core/index.js";
import { AF_INET, attempt, Errno, O_RDWR, SOCK_STREAM, type Sys } from "../../os/index.js";
import { servedPort, type Stage } from "./places.js";

/** Requests under way at once, of 4 KiB: fio's queue. */
const depth = 16;
const blockSize = 4096;
/** How long the drive is used, and how many round trips are made. */
const duration = ms(15);
/** Before that all of fio's processes come up. */
const warmUp = ms(5);
const roundTrips = 100;
/** Work of a stream, on an undisturbed CPU. */
const streamWork = ms(50);

/** Runs a program in a place until it says what it has found. */
function found<T>(stage: Stage, body: (sys: Sys, done: Signal<T>) => Activity<void>): T {
  const done = new Signal<T>("a benchmark");
  stage.launch(function* (sys) {
    // What the program's start has cost is paid before anything is measured.
    yield* sys.compute(0 as Nanos);
    yield* body(sys, done);
  });
  stage.world.engine.run(done);
  return done.value;
}

/** Requests a second at random places of the drive: fio with direct I/O. */
export function randomAccess(stage: Stage, op: "read" | "write"): number {
  const rng = stage.world.rng.stream("fio");
  const blocks = (stage.sectors * 512) / blockSize;
  const data = new Uint8Array(blockSize);
  return found<number>(stage, function* (sys, done) {
    // An init may have its children leave no zombies: this one is to hear of its own.
    yield* sys.rt_sigaction("SIGCHLD", "SIG_DFL");
    let finished = 0;
    const begin = stage.world.now + warmUp;
    const one = function* (own: Sys): Activity<void> {
      const file = yield* own.open(stage.drive, O_RDWR);
      while (stage.world.now < begin + duration) {
        const at = rng.integer(blocks) * blockSize;
        if (op === "read") yield* own.pread64(file, blockSize, at);
        else yield* own.pwrite64(file, data, at);
        if (stage.world.now >= begin && stage.world.now < begin + duration) finished++;
      }
    };
    for (let i = 0; i < depth; i++) yield* sys.clone(one);
    for (let i = 0; i < depth; i++) yield* sys.wait4();
    done.fire((finished / duration) * 1e9);
  });
}

/** Microseconds that a byte takes there and back over TCP, the program at the far end: netperf's TCP_RR. */
export function roundTrip(stage: Stage): number {
  const { world, client, address } = stage;
  stage.launch(function* (sys) {
    const socket = yield* sys.socket(AF_INET, SOCK_STREAM);
    yield* sys.bind(socket, { address: "0.0.0.0", port: servedPort });
    yield* sys.listen(socket, 8);
    const connection = yield* sys.accept4(socket);
    for (;;) {
      const asked = yield* sys.read(connection, 1);
      if (asked.length === 0) return;
      yield* sys.write(connection, asked);
    }
  });
  const done = new Signal<number>("netperf");
  const { init } = client.pidNamespace;
  if (init === undefined) return NaN;
  client.start(function* (sys) {
    let socket = -1;
    for (;;) {
      socket = yield* sys.socket(AF_INET, SOCK_STREAM);
      if (!((yield* attempt(sys.connect(socket, { address, port: servedPort }))) instanceof Errno)) break;
      yield* sys.close(socket);
      yield* sys.nanosleep(us(500));
    }
    const byte = Uint8Array.of(1);
    let begin = 0;
    // The first ones find the way: addresses, connections that are tracked.
    for (let i = -10; i < roundTrips; i++) {
      if (i === 0) begin = world.now;
      yield* sys.write(socket, byte);
      yield* sys.read(socket, 1);
    }
    done.fire((world.now - begin) / roundTrips / 1000);
    yield* sys.close(socket);
  }, init);
  world.engine.run(done);
  return done.value;
}

/** Nanoseconds of a system call that does next to nothing. */
export function systemCall(stage: Stage): number {
  const calls = 2000;
  return found<number>(stage, function* (sys, done) {
    const begin = stage.world.now;
    for (let i = 0; i < calls; i++) yield* sys.getppid();
    yield* sys.compute(0 as Nanos);
    done.fire((stage.world.now - begin) / calls);
  });
}

/** How fast a stream over memory goes, of an undisturbed CPU's 1. */
export function stream(stage: Stage): number {
  return found<number>(stage, function* (sys, done) {
    const begin = stage.world.now;
    yield* sys.compute(streamWork);
    done.fire(streamWork / (stage.world.now - begin));
  });
}
