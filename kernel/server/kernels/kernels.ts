import { randomUUID } from "node:crypto";
import { HttpError } from "../http/http-error.js";
import { startKernel, type Kernel, type Launch } from "./kernel.js";
import { findSpecs, type KernelSpec } from "./specs.js";

export interface KernelsOptions {
  /** Kernels that need no kernelspec on the disk; the first is the default. */
  readonly ownSpecs: readonly KernelSpec[];
  /** Jupyter's data folders, searched for other kernels. */
  readonly dataFolders: readonly string[];
  readonly launch: Launch;
  readonly log: (line: string) => void;
  /** Seconds after which a kernel that is idle and that nobody watches is ended; 0 for never. */
  readonly cullAfter: number;
}

/** The kernels of one server. */
export interface Kernels {
  specs(): Promise<ReadonlyMap<string, KernelSpec>>;
  readonly defaultName: string;
  list(): readonly Kernel[];
  /** @throws HttpError 404 */
  get(id: string): Kernel;
  has(id: string): boolean;
  /**
   * @param name the default one where absent
   * @throws HttpError 400 for a kernel that isn't installed, 500 for one that can't be started
   */
  start(name: string | undefined, cwd: string, env: Readonly<Record<string, string>>): Promise<Kernel>;
  /** @throws HttpError 404 */
  shutdown(id: string): Promise<void>;
  /** Told of a kernel that was ended. */
  onEnded(listener: (id: string) => void): void;
  close(): Promise<void>;
}

/** How often idle kernels are looked for: often enough for the time-out, at most once a second. */
const cullInterval = (seconds: number): number => Math.max(Math.min(seconds * 250, 60_000), 1000);

export function createKernels({ ownSpecs, dataFolders, launch, log, cullAfter }: KernelsOptions): Kernels {
  const kernels = new Map<string, Kernel>();
  const listeners: ((id: string) => void)[] = [];
  let closed = false;

  const specs = (): Promise<ReadonlyMap<string, KernelSpec>> => findSpecs(ownSpecs, dataFolders);

  function get(id: string): Kernel {
    const kernel = kernels.get(id);
    if (kernel === undefined) throw new HttpError(404, `there is no kernel ${id.slice(0, 100)}`);
    return kernel;
  }

  async function shutdown(id: string): Promise<void> {
    const kernel = get(id);
    // At once, so that a second request to end it finds none.
    kernels.delete(id);
    for (const listener of listeners) listener(id);
    await kernel.shutdown();
  }

  async function cull(): Promise<void> {
    const limit = Date.now() - cullAfter * 1000;
    const idle = [...kernels.values()].filter((kernel) => {
      const { execution_state, connections } = kernel.model();
      return kernel.lastActivity() < limit && connections === 0 && execution_state !== "busy";
    });
    for (const { id } of idle) {
      log(`the kernel ${id} is ended: nobody has used it for ${cullAfter} s`);
      await shutdown(id);
    }
  }
  const culling =
    cullAfter > 0
      ? setInterval(() => {
          cull().catch((error: unknown) => {
            log(`ending idle kernels failed: ${String(error)}`);
          });
        }, cullInterval(cullAfter)).unref()
      : undefined;

  return {
    specs,
    defaultName: ownSpecs[0]?.name ?? "",
    list: () => [...kernels.values()],
    get,
    has: (id) => kernels.has(id),
    async start(name, cwd, env) {
      if (closed) throw new HttpError(503, "the server is ending");
      const available = await specs();
      const wanted = name === undefined || name === "" ? (ownSpecs[0]?.name ?? "") : name;
      const spec = available.get(wanted);
      if (spec === undefined) {
        throw new HttpError(
          400,
          `the kernel "${wanted.slice(0, 100)}" is not installed; there are: ${[...available.keys()].join(", ")}`,
        );
      }
      const id = randomUUID();
      let kernel: Kernel;
      try {
        kernel = await startKernel({ id, spec, launch, log, cwd, env });
      } catch (error) {
        log(`the kernel ${wanted} couldn't be started: ${String(error)}`);
        throw new HttpError(
          500,
          `the kernel "${wanted}" couldn't be started: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
      kernels.set(id, kernel);
      return kernel;
    },
    shutdown,
    onEnded: (listener) => void listeners.push(listener),
    async close() {
      closed = true;
      clearInterval(culling);
      await Promise.all([...kernels.keys()].map(shutdown));
    },
  };
}
