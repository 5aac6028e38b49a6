/** What Compose's command lines have in common: the project, its containers, how many of them. */
import type { Activity } from "../../../core/index.js";
import { CliError } from "../client.js";
import type { Context } from "../command.js";
import { flag, type Flag } from "../flags.js";
import { members, type Member } from "./containers.js";
import { loadProject } from "./load.js";
import type { Project } from "./project.js";
import { selected, type UpOptions } from "./up.js";

/** However many services. */
export const many: number = Infinity;
export const timeoutFlag: Flag = flag("timeout", "t", "int", "Seconds to wait for a stop before killing it");

/** Reads the project and says what is old in its file. */
export function* projectOf(it: Context): Activity<Project> {
  const project = yield* loadProject(it);
  for (const warning of project.warnings) yield* it.tell(`WARN[0000] ${warning}\n`);
  return project;
}

/** Containers of the services that are named; of all where none is. @throws CliError for a service that there isn't */
export function* chosen(it: Context, project: Project): Activity<Member[]> {
  const services = selected(project, it.args, false).map(({ name }) => name);
  return (yield* members(it, project)).filter((one) => it.args.length === 0 || services.includes(one.service));
}

/** "web=3". @throws CliError */
export function scaleOf(pairs: readonly string[]): Map<string, number> {
  return new Map(
    pairs.map((one) => {
      const [, name, count] = /^([^=]+)=(\d+)$/.exec(one) ?? [];
      if (name === undefined)
        throw new CliError(`invalid --scale option ${JSON.stringify(one)}. Should be SERVICE=NUM`);
      return [name, Number(count)] as const;
    }),
  );
}

/** What the flags of up and its like say. */
export const optionsOf = (it: Context, more: Partial<UpOptions> = {}): UpOptions => ({
  services: it.args,
  scale: scaleOf(it.flags.all("scale")),
  build: it.flags.flag("build"),
  forceRecreate: it.flags.flag("force-recreate"),
  noRecreate: it.flags.flag("no-recreate"),
  noDependencies: it.flags.flag("no-deps"),
  start: !it.flags.flag("no-start"),
  timeout: it.flags.number("timeout"),
  ...more,
});
