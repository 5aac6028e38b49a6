import { build } from "./build.js";
import * as containers from "./containers.js";
import type { Handler } from "./exchange.js";
import * as execs from "./execs.js";
import * as images from "./images.js";
import * as networks from "./networks.js";
import { distribution } from "./distribution.js";
import * as streams from "./streams.js";
import * as system from "./system.js";
import * as volumes from "./volumes.js";

/** Method, path, handler, and the version of the API that first had it where that isn't the oldest one. */
export type Route = readonly [method: string, path: string, handler: Handler, since?: number];

/**
 * Every route, as docs.docker.com/reference/api/engine has them. `{id}` stands for what has no slash, `{name}` for an image's name. The
 * first that fits is taken. Absent: /containers/NAME/attach/ws, checkpoints, /images/search, changes to swarms and plugins.
 */
export const routes: readonly Route[] = [
  ["GET", "/_ping", system.ping],
  ["HEAD", "/_ping", system.ping],
  ["GET", "/version", system.version],
  ["GET", "/info", system.info],
  ["GET", "/events", streams.events],
  ["GET", "/system/df", system.diskUsage, 25],
  ["POST", "/auth", images.login],
  ["POST", "/session", system.session],

  ["GET", "/containers/json", containers.list],
  ["POST", "/containers/create", containers.create],
  ["POST", "/containers/prune", containers.prune, 25],
  ["GET", "/containers/{id}/json", containers.inspect],
  ["GET", "/containers/{id}/top", containers.top],
  ["GET", "/containers/{id}/logs", streams.logs],
  ["GET", "/containers/{id}/changes", containers.changes],
  ["GET", "/containers/{id}/export", containers.exportArchive],
  ["GET", "/containers/{id}/stats", streams.stats],
  ["POST", "/containers/{id}/resize", containers.resize],
  ["POST", "/containers/{id}/start", containers.start],
  ["POST", "/containers/{id}/stop", containers.stop],
  ["POST", "/containers/{id}/restart", containers.restart],
  ["POST", "/containers/{id}/kill", containers.kill],
  ["POST", "/containers/{id}/update", containers.update],
  ["POST", "/containers/{id}/rename", containers.rename],
  ["POST", "/containers/{id}/pause", containers.pause],
  ["POST", "/containers/{id}/unpause", containers.unpause],
  ["POST", "/containers/{id}/attach", streams.attach],
  ["POST", "/containers/{id}/wait", streams.wait],
  ["POST", "/containers/{id}/exec", execs.create],
  ["HEAD", "/containers/{id}/archive", containers.getArchive],
  ["GET", "/containers/{id}/archive", containers.getArchive],
  ["PUT", "/containers/{id}/archive", containers.putArchive],
  ["DELETE", "/containers/{id}", containers.remove],

  ["POST", "/exec/{id}/start", execs.start],
  ["POST", "/exec/{id}/resize", execs.resize],
  ["GET", "/exec/{id}/json", execs.inspect],

  ["POST", "/build", build],
  ["POST", "/build/prune", system.pruneBuilds, 31],
  ["POST", "/commit", images.commit],

  ["GET", "/images/json", images.list],
  ["POST", "/images/create", images.create],
  ["POST", "/images/load", images.load],
  ["GET", "/images/get", images.save],
  ["POST", "/images/prune", images.prune, 25],
  ["GET", "/images/{name}/get", images.save],
  ["GET", "/images/{name}/history", images.history],
  ["GET", "/images/{name}/json", images.inspect],
  ["POST", "/images/{name}/push", images.push],
  ["POST", "/images/{name}/tag", images.tag],
  ["DELETE", "/images/{name}", images.remove],
  ["GET", "/distribution/{name}/json", distribution, 30],

  ["GET", "/networks", networks.list],
  ["POST", "/networks/create", networks.create],
  ["POST", "/networks/prune", networks.prune, 25],
  ["GET", "/networks/{id}", networks.inspect],
  ["POST", "/networks/{id}/connect", networks.connect],
  ["POST", "/networks/{id}/disconnect", networks.disconnect],
  ["DELETE", "/networks/{id}", networks.remove],

  ["GET", "/volumes", volumes.list],
  ["POST", "/volumes/create", volumes.create],
  ["POST", "/volumes/prune", volumes.prune, 25],
  ["GET", "/volumes/{id}", volumes.inspect],
  ["DELETE", "/volumes/{id}", volumes.remove],

  ["GET", "/plugins", system.plugins],
  ["GET", "/plugins/{name}/json", system.plugin],
  ...["swarm", "nodes", "services", "tasks", "secrets", "configs"].flatMap((noun): readonly Route[] => [
    ["GET", `/${noun}`, system.swarm],
    ["GET", `/${noun}/{id}`, system.swarm],
  ]),
];
