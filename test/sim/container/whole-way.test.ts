import { expect, test } from "vitest";
import { createWorld, ms } from "../../../sim/core/index.js";
import {
  defaultSpec,
  dockerHub,
  entriesOf,
  parseReference,
  pull,
  Runtime,
  Session,
  unpack,
  Uplink,
} from "../../../sim/container/index.js";
import { describeStatus, Kernel, O_CREAT, O_WRONLY } from "../../../sim/os/index.js";
import { installPrograms } from "../../../sim/userland/index.js";
import { play, readFile, writeFile } from "../os/system.js";
import { newStore } from "./programs.js";

test("an image of the hub is pulled, unpacked, stacked and run: its shell is the simulated userland's", () => {
  const world = createWorld({ seed: 1 });
  const kernel = new Kernel({ world, hostname: "host", memory: 2 ** 30 });
  installPrograms(kernel);
  const hub = dockerHub(world);
  const uplink = new Uplink(world.engine, { down: 1e9, up: 1e9, latency: ms(5) });
  const session = new Session(
    world.engine,
    uplink.to((request, from) => hub.handle(request, from)),
  );
  const store = newStore();
  const runtime = new Runtime();
  const script = "hostname; id -u; cat /etc/alpine-release; echo $$ > /tmp/pid; cat /tmp/pid; exit 3";
  const seen = play(function* (sys) {
    const { manifest, config } = yield* pull(session, parseReference("alpine"), store);
    const layers: string[] = [];
    for (const [place, { digest }] of manifest.layers.entries()) {
      yield* sys.mkdir(`/srv/${place}`, 0o755);
      yield* unpack(sys, `/srv/${place}`, entriesOf(store.content.get(digest)), { layer: true });
      layers.unshift(`/srv/${place}`);
    }
    for (const name of ["c", "c/rootfs", "upper", "work"]) yield* sys.mkdir(`/srv/${name}`, 0o755);
    const options = `lowerdir=${layers.join(":")},upperdir=/srv/upper,workdir=/srv/work`;
    yield* sys.mount("overlay", "/srv/c/rootfs", "overlay", 0, options);
    const { Env: env = [] } = config.config;
    const spec = defaultSpec({ args: ["sh", "-c", script], env, hostname: "box" });
    yield* writeFile(sys, "/srv/c/config.json", JSON.stringify(spec));
    // The shim gives the container its standard streams.
    for (const path of ["/dev/null", "/srv/out", "/srv/out"]) yield* sys.open(path, O_WRONLY | O_CREAT);
    const { pid } = yield* runtime.create(sys, "c", "/srv/c");
    yield* runtime.start(sys, "c");
    const status = describeStatus((yield* sys.wait4(pid))?.status ?? -1);
    yield* runtime.delete(sys, "c");
    return {
      status,
      out: yield* readFile(sys, "/srv/out"),
      written: yield* readFile(sys, "/srv/upper/tmp/pid"),
    };
  }, kernel);
  expect(seen).toEqual({
    status: { exited: 3 },
    out: "box\n0\n3.20.3\n1\n",
    written: "1\n",
  });
});
