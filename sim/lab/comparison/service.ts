import { MiB, Signal } from "../../core/index.js";
import { attempt, executable, O_CREAT, O_WRONLY, type ChildBody, type Kernel } from "../../os/index.js";

/** The program's name: images of the simulated hub have a file of it. */
export const serviceName = "redis-server";
const name = serviceName;
const path = `/usr/local/bin/${name}`;
/** Bytes of its file: what the hub's image has. */
const fileSize = 6_000_000;
/** What a Redis without data has of memory: about 8 MB, an estimate. */
export const usualServiceMemory: number = MiB(8);

/** A server that says when it is ready, waits, and ends when it is asked to. */
export class Service {
  readonly #memory: number;
  readonly #count: number;
  #ready = 0;
  /** Fires when as many are ready as are expected. */
  readonly allReady: Signal<void> = new Signal("services that are ready");

  constructor(count: number, memory: number) {
    this.#count = count;
    this.#memory = memory;
  }

  get ready(): number {
    return this.#ready;
  }

  /** Makes it known to a kernel. */
  install(kernel: Kernel): void {
    const told = (): void => {
      if (++this.#ready === this.#count) this.allReady.fire();
    };
    kernel.install({
      name,
      memory: this.#memory,
      *main(sys) {
        const asked = new Set<number>();
        yield* sys.rt_sigaction("SIGTERM", function* (signal) {
          asked.add(signal);
          yield* sys.getpid();
        });
        told();
        while (asked.size === 0) yield* attempt(sys.pause());
        return 0;
      },
    });
  }
}

/** A process that becomes the service, on a root file system that hasn't got its file. */
export const serviceBody: ChildBody = function* (sys) {
  const { machine } = yield* sys.uname();
  for (const directory of ["/usr/local", "/usr/local/bin"]) yield* sys.mkdir(directory);
  const file = yield* sys.open(path, O_CREAT | O_WRONLY, 0o755);
  yield* sys.write(file, executable(name, machine));
  yield* sys.ftruncate(file, fileSize);
  yield* sys.close(file);
  yield* sys.execve(path, [name], []);
};

export const serviceImage = "redis";
export const serviceEntrypoint: readonly string[] = [path];
