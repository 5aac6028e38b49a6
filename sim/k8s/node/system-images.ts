import { makeImage, makeLayer, parseReference, type ImageStore } from "../../container/index.js";
import { type TarEntry, fileEntry } from "../../userland/index.js";
import { attempt, Errno, executable, WNOHANG, type Kernel, type Program, type Sys } from "../../os/index.js";

/** OCI's names of processors by uname(2)'s. */
const architectures: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64", riscv64: "riscv64" };

/** What kubeadm 1.32 has its nodes use (kubernetes, `cmd/kubeadm/app/constants`, PauseVersion). */
export const pauseImage = "registry.k8s.io/pause:3.10";

/**
 * The program of a pod's sandbox: it waits, so that the pod's namespaces live while containers come and go, and as pid 1 of a shared pid
 * namespace takes in orphans (kubernetes, `build/pause/linux/pause.c`).
 */
export const pause: Program<Sys> = {
  name: "pause",
  *main(sys) {
    const state = { ended: false };
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      yield* sys.rt_sigaction(signal, function* () {
        state.ended = true;
      });
    yield* sys.rt_sigaction("SIGCHLD", function* () {
      for (;;) {
        const child = yield* attempt(sys.wait4(-1, WNOHANG));
        if (child instanceof Errno || child === undefined) return;
      }
    });
    while (!state.ended) yield* attempt(sys.pause());
    return 0;
  },
};

/** An image of programs that nodes have from their installation on. */
export interface ProgramImage {
  readonly name: string;
  /** What it runs, at the top of its files. */
  readonly program: string;
  readonly size: number;
  readonly user?: string;
  /** What it has beside, each directory before what is in it. */
  readonly more?: readonly (
    | { readonly directory: string; readonly mode?: number }
    | { readonly path: string; readonly program: string; readonly size: number }
  )[];
}

/** Puts such an image into a node's store. */
export function addProgramImage(store: ImageStore, machine: Pick<Kernel, "machine">, image: ProgramImage): void {
  const created = "2024-06-11T00:00:00Z";
  const { name, program, size, user, more = [] } = image;
  const executableAt = (path: string, runs: string, bytes: number): TarEntry =>
    fileEntry(path, executable(runs, machine.machine), { mode: 0o755, size: bytes });
  const others = more.map((each): TarEntry =>
    "directory" in each
      ? { ...fileEntry(each.directory, new Uint8Array(0), { mode: each.mode ?? 0o755 }), type: "directory" }
      : executableAt(each.path, each.program, each.size),
  );
  const made = makeImage(store.content, {
    layers: [makeLayer([executableAt(program, program, size), ...others])],
    config: {
      created,
      architecture: architectures[machine.machine] ?? machine.machine,
      os: "linux",
      config: { Entrypoint: [`/${program}`], ...(user !== undefined && { User: user }) },
      history: [{ created, created_by: `ADD ${program} /${program} # buildkit` }],
    },
  });
  store.add(made, parseReference(name));
}
