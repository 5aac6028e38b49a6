import type { ContentStore, ImageStore } from "../../container/index.js";
import { fileEntry, makeImage, makeLayer, parseReference } from "../../container/index.js";
import { attempt, executable, WNOHANG, Errno, type Program, type Sys } from "../../os/index.js";

/** What kubeadm 1.32 has its nodes use (kubernetes, `cmd/kubeadm/app/constants`, PauseVersion). */
export const pauseImage = "registry.k8s.io/pause:3.10";

/**
 * The program of a pod's sandbox: it waits, so that the pod's namespaces live while containers come and go, and as pid 1 of a shared pid
 * namespace takes in orphans (kubernetes, `build/pause/linux/pause.c`).
 */
export const pause: Program<Sys> = {
  name: "pause",
  *main(sys) {
    let ended = false;
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      yield* sys.rt_sigaction(signal, function* () {
        ended = true;
      });
    yield* sys.rt_sigaction("SIGCHLD", function* () {
      for (;;) {
        const child = yield* attempt(sys.wait4(-1, WNOHANG));
        if (child instanceof Errno || child === undefined) return;
      }
    });
    while (!ended) yield* attempt(sys.pause());
    return 0;
  },
};

/** The image of that program, in a node's store from its installation on. @param machine as uname(2) names the processor */
export function addPauseImage(store: ImageStore, content: ContentStore, machine: string, architecture: string): void {
  const created = "2024-06-11T00:00:00Z";
  const program = fileEntry("pause", executable("pause", machine), { mode: 0o755, size: 740_000 });
  const image = makeImage(content, {
    layers: [makeLayer([program])],
    config: {
      created,
      architecture,
      os: "linux",
      config: { Entrypoint: ["/pause"], User: "65535:65535" },
      history: [{ created, created_by: "ADD bin/pause-linux-amd64 /pause # buildkit" }],
    },
  });
  store.add(image, parseReference(pauseImage));
}
