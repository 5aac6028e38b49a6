import { fileEntry, makeImage, makeLayer, parseReference, type ImageStore } from "../../container/index.js";
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

/** An image whose one file is a program, in a node's store from its installation on. */
export function addProgramImage(
  store: ImageStore,
  machine: Pick<Kernel, "machine">,
  image: { readonly name: string; readonly program: string; readonly size: number; readonly user?: string },
): void {
  const created = "2024-06-11T00:00:00Z";
  const { name, program, size, user } = image;
  const file = fileEntry(program, executable(program, machine.machine), { mode: 0o755, size });
  const made = makeImage(store.content, {
    layers: [makeLayer([file])],
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
