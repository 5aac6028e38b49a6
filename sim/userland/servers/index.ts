import type { Program, Sys } from "../../os/index.js";
import { program } from "../program/command.js";
import { apk } from "../packages/apk/apk.js";
import { aptCommands } from "../packages/apt/apt.js";
import { dpkgCommands } from "../packages/dpkg/dpkg.js";
import { gosu } from "./gosu.js";
import { nginx } from "./nginx/nginx.js";
import { postgresClients } from "./postgres/client.js";
import { postgresCommands } from "./postgres/server.js";
import { redisCli } from "./redis/client.js";
import { redisServer } from "./redis/server.js";

/** Programs that a kernel knows and no bare system has files of: images bring these. */
export const servers: readonly Program<Sys>[] = [
  apk,
  ...aptCommands,
  ...dpkgCommands,
  gosu,
  nginx,
  ...postgresCommands,
  ...postgresClients,
  redisServer,
  redisCli,
].map(program);
