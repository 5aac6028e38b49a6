import { UsageError, type Activity } from "../../core/index.js";
import { attempt, CLONE_NEWNS, CLONE_NEWUSER, describeStatus, Errno, type Sys } from "../../os/index.js";
import { makeTree } from "../init/index.js";
import { mapIds } from "../runtime/namespaces.js";
import { makeDirectories, readText, writeText } from "../runtime/files.js";
import { configFile, containerDirectory, type Place } from "./client.js";
import { readConfiguration, type Configuration } from "./configuration.js";
import { removeTree } from "../image/unpack.js";

export interface Creation extends Place {
  /** The configuration that the new one begins with. */
  readonly from: string;
  /** "download" fills the root with one that boots; "none" leaves it empty. */
  readonly template: string;
  readonly units?: Readonly<Record<string, string>>;
}

/**
 * Creates a container: its directory, its root file system, its configuration. With lxc.idmap in the configuration that it begins with,
 * the root is filled in a user namespace of the same map, so that its files are the container's root's.
 * @throws UsageError for a name that is taken, an unknown template, a wrong configuration
 */
export function* createContainer(sys: Sys, creation: Creation): Activity<undefined> {
  const { lxcPath, name, from, template } = creation;
  if (!/^[\w][\w.-]*$/.test(name))
    throw new UsageError(`"${name}" is no container's name`, "Use letters, digits, _, . and -.");
  if (template !== "download" && template !== "none")
    throw new UsageError(
      `unknown template "${template}"`,
      'There are "download", which makes a tree that boots, and "none".',
    );
  const directory = containerDirectory(lxcPath, name);
  if (!((yield* attempt(sys.stat(configFile(lxcPath, name)))) instanceof Errno))
    throw new UsageError(`Container ${name} already exists`, `Destroy it first: lxc-destroy -n ${name}.`);
  const configuration = yield* readConfiguration(sys, from);
  const rootfs = `${directory}/rootfs`;
  yield* makeDirectories(sys, directory);
  yield* sys.chmod(directory, 0o770);
  try {
    yield* makeDirectories(sys, rootfs);
    if (template === "download") yield* fill(sys, creation, rootfs, configuration);
    const own = [
      `# Template used to create this container: ${template}`,
      (yield* readText(sys, from)).trimEnd(),
      `lxc.rootfs.path = dir:${rootfs}`,
      `lxc.uts.name = ${name}`,
      "",
    ];
    return yield* writeText(sys, configFile(lxcPath, name), own.join("\n"), true);
  } catch (error) {
    yield* removeTree(sys, directory);
    throw error;
  }
}

function* fill(sys: Sys, { name, units }: Creation, rootfs: string, { idmaps }: Configuration): Activity<undefined> {
  const make = (who: Sys): Activity<undefined> => makeTree(who, rootfs, { hostname: name, ...(units && { units }) });
  const [first] = idmaps.u;
  if (first === undefined) return yield* make(sys);
  // The way there has to be open to the container's root, who is nobody on the host.
  yield* sys.chmod(rootfs.slice(0, rootfs.lastIndexOf("/")), 0o771);
  yield* sys.chown(rootfs, first.hostID, idmaps.g[0]?.hostID ?? first.hostID);
  const [reader, writer] = yield* sys.pipe2();
  const pid = yield* sys.clone(
    function* (child) {
      yield* child.close(writer);
      yield* child.read(reader, 1);
      yield* child.setresgid(0, 0, 0);
      yield* child.setresuid(0, 0, 0);
      yield* make(child);
      return 0;
    },
    { flags: CLONE_NEWUSER | CLONE_NEWNS },
  );
  yield* mapIds(sys, pid, { namespaces: [], uidMappings: idmaps.u, gidMappings: idmaps.g });
  yield* sys.close(reader);
  yield* sys.close(writer);
  const ended = describeStatus((yield* sys.wait4(pid))?.status ?? 1);
  if ("exited" in ended && ended.exited === 0) return undefined;
  throw new UsageError(`the template failed for ${name}`, "Look at lxc.idmap: it has to hold ids 0 to 65535.");
}
