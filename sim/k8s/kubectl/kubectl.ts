import { nearest, type Activity } from "../../core/index.js";
import { failure, KubectlFailure } from "./failure.js";
import { CommandLine, flagsOf, type Flags } from "./flags.js";
import type { KubectlHost } from "./host.js";
import { Session } from "./session.js";
import { autoscale, cordon, drain, mark, scale, set, taint } from "./commands/change.js";
import { describe } from "./commands/describe.js";
import { create, expose, run } from "./commands/create.js";
import { get } from "./commands/get.js";
import { apiResources, apiVersions, auth, clusterInfo, config, explain, version } from "./commands/info.js";
import { apply, diff, patch, remove, replace } from "./commands/manifests.js";
import { rollout } from "./commands/rollout.js";
import { exec, logs, top, wait } from "./commands/running.js";

interface Command {
  readonly flags: Flags;
  readonly run: (session: Session) => Activity<number>;
  /** Words that stand behind it and belong to it: `rollout status`. */
  readonly verbs?: readonly string[];
}

const output = "--output=-o --dry-run?";
const chosen = "--selector=-l --all! --all-namespaces!-A";
const files = "--filename=-f --recursive!-R --kustomize=-k";
const shown = "--no-headers! --show-labels! --label-columns=-L --sort-by= --show-kind! --show-managed-fields!";

/**
 * Flags of the stock kubectl for which nothing is here that could heed them: they are refused. Beside them some say nothing to a simulation, and are
 * taken: `--cache-dir`, `--cached`, `--chunk-size`, `--flatten`, `--insecure-skip-tls-verify`, `--max-log-requests`, `--minify`, `--openapi-patch`,
 * `--raw`, `--request-timeout`, `--v`, and the defaults of the others.
 */
const unsupported: readonly string[] = [
  ...["api-version", "attach", "edit", "ignore-errors", "kustomize", "local", "overrides", "prune", "record"],
  ...["recursive", "rm", "save-config"],
];

const command = (run: Command["run"], flags: string, verbs?: readonly string[]): Command => ({
  flags: flagsOf(flags),
  run,
  ...(verbs === undefined ? {} : { verbs }),
});

const commands: Readonly<Record<string, Command>> = {
  get: command(
    get,
    `--output=-o ${chosen} ${files} ${shown} --field-selector= --ignore-not-found! --watch!-w --watch-only! --chunk-size=`,
  ),
  describe: command(describe, `${chosen} ${files} --show-events!`),
  create: command(
    create,
    `${output} ${files} --image= --replicas= --port=-r --from-literal= --from-file= --from-env-file= --type= --tcp= --clusterip= --external-name= --node-port= --schedule= --restart= --from= --hard= --scopes= --selector=-l --min-available= --max-unavailable= --value= --global-default! --description= --preemption-policy= --verb= --resource= --resource-name= --non-resource-url= --aggregation-rule= --role= --clusterrole= --user= --group= --serviceaccount= --rule= --class= --cert= --key= --docker-username= --docker-password= --docker-server= --docker-email= --save-config! --validate= --field-manager= --edit!`,
  ),
  run: command(
    run,
    `${output} --image= --port= --env= --labels=-l --annotations= --command! --restart= --stdin!-i --tty!-t --rm! --expose! --image-pull-policy= --privileged! --serviceaccount= --overrides= --quiet!-q --attach! --wait!`,
  ),
  expose: command(
    expose,
    `${output} ${files} --port= --target-port= --name= --type= --protocol= --selector= --labels=-l --cluster-ip= --external-ip= --load-balancer-ip= --session-affinity=`,
  ),
  set: command(
    set,
    `${output} ${files} ${chosen} --containers=-c --limits= --requests= --local! --overwrite! --env=-e`,
    ["image", "env", "resources", "serviceaccount"],
  ),
  explain: command(explain, "--recursive! --api-version="),
  delete: command(
    remove,
    `--output=-o --dry-run? ${chosen} ${files} --field-selector= --cascade? --force! --grace-period= --ignore-not-found! --now! --timeout= --wait!`,
  ),
  rollout: command(rollout, `${output} ${files} --selector=-l --watch!-w --timeout= --revision= --to-revision=`, [
    "status",
    "history",
    "undo",
    "restart",
    "pause",
    "resume",
  ]),
  scale: command(scale, `${output} ${files} ${chosen} --replicas= --current-replicas= --resource-version= --timeout=`),
  autoscale: command(autoscale, `${output} ${files} --min= --max= --cpu-percent= --name=`),
  "cluster-info": command(clusterInfo, "--output=-o"),
  top: command(top, "--all-namespaces!-A --selector=-l --containers! --sort-by= --no-headers!"),
  cordon: command(cordon, "--selector=-l --dry-run?"),
  uncordon: command(cordon, "--selector=-l --dry-run?"),
  drain: command(
    drain,
    "--ignore-daemonsets! --delete-emptydir-data! --delete-local-data! --force! --grace-period= --timeout= --pod-selector= --selector=-l --disable-eviction! --dry-run?",
  ),
  taint: command(taint, `${output} ${chosen} --overwrite!`),
  logs: command(
    logs,
    "--follow!-f --previous!-p --container=-c --all-containers! --selector=-l --tail= --since= --since-time= --timestamps! --limit-bytes= --prefix! --ignore-errors! --max-log-requests=",
  ),
  exec: command(exec, "--container=-c --stdin!-i --tty!-t --quiet!-q --filename=-f"),
  auth: command(auth, "--all-namespaces!-A --subresource= --quiet!-q --list! --no-headers! --output=-o", [
    "can-i",
    "whoami",
  ]),
  diff: command(diff, `${files} --server-side! --force-conflicts! --field-manager=`),
  apply: command(
    apply,
    `${output} ${files} ${chosen} --server-side! --force-conflicts! --field-manager= --force! --overwrite! --prune! --validate= --wait! --timeout= --grace-period= --cascade? --openapi-patch! --record!`,
  ),
  patch: command(patch, `${output} ${files} --patch=-p --patch-file= --type= --subresource= --local! --record!`),
  replace: command(
    replace,
    `${output} ${files} --force! --cascade? --grace-period= --timeout= --wait! --validate= --save-config!`,
  ),
  wait: command(wait, `--output=-o ${files} ${chosen} --for= --timeout= --field-selector=`),
  label: command(
    mark,
    `${output} ${files} ${chosen} --overwrite! --list! --resource-version= --field-selector= --local!`,
  ),
  annotate: command(
    mark,
    `${output} ${files} ${chosen} --overwrite! --list! --resource-version= --field-selector= --local!`,
  ),
  "api-resources": command(
    apiResources,
    "--output=-o --namespaced? --api-group= --verbs= --no-headers! --sort-by= --cached!",
  ),
  "api-versions": command(apiVersions, ""),
  config: command(config, "--output=-o --minify! --raw! --flatten!", ["view", "current-context", "get-contexts"]),
  version: command(version, "--output=-o --client!"),
};

const help = `kubectl controls the Kubernetes cluster manager.

Commands: ${Object.keys(commands).sort().join(", ")}

Usage:
  kubectl [flags] [options]
`;

/** Flags that may stand before a command. */
const global = flagsOf("");

/**
 * kubectl of Kubernetes 1.32 on the API of a simulated cluster: its grammar, its words, its exit statuses.
 * @param argv without the program's own name
 * @returns the exit status
 */
export function* kubectl(host: KubectlHost, argv: readonly string[]): Activity<number> {
  try {
    return yield* dispatched(host, argv);
  } catch (error) {
    if (!(error instanceof KubectlFailure)) throw error;
    yield* host.print("stderr", `${error.message}\n`);
    return error.status;
  }
}

function* dispatched(host: KubectlHost, argv: readonly string[]): Activity<number> {
  const place = commandPlace(argv);
  const word = argv[place];
  if (word === undefined || word === "help" || argv.every((each) => each === "--help" || each === "-h")) {
    yield* host.print("stdout", help);
    return 0;
  }
  const found = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (found === undefined) {
    const near = nearest(word, Object.keys(commands));
    const hint = near === undefined ? "\n" : `\n\nDid you mean this?\n\t${near}\n\n`;
    throw new KubectlFailure(`Error: unknown command "${word}" for "kubectl"${hint}Run 'kubectl --help' for usage.`);
  }
  const rest = [...argv.slice(0, place), ...argv.slice(place + 1)];
  if (rest.includes("--help") && !rest.includes("--")) {
    yield* host.print(
      "stdout",
      `Usage:\n  kubectl ${word}${found.verbs === undefined ? "" : ` ${found.verbs.join("|")}`} [options]\n\nOptions:\n${[...found.flags.long.keys()].map((name) => `    --${name}\n`).join("")}`,
    );
    return 0;
  }
  let name = word;
  if (found.verbs !== undefined) {
    const at = rest.findIndex((each) => !each.startsWith("-"));
    const verb = rest[at] ?? "";
    if (!found.verbs.includes(verb))
      throw verb === ""
        ? failure(`kubectl ${word} takes one of: ${found.verbs.join(", ")}`)
        : new KubectlFailure(`error: unknown command "${verb}"\nSee 'kubectl ${word} -h' for help and examples`);
    rest.splice(at, 1);
    name = `${word} ${verb}`;
  }
  const line = new CommandLine(name, found.flags, rest);
  for (const flag of unsupported)
    if (line.is(flag) || (line.value(flag) ?? "false") !== "false")
      throw failure(`--${flag} is not supported by this kubectl`);
  return yield* found.run(new Session(host, line, yield* host.access(line)));
}

/** Where the command stands: behind flags for all commands, and what these take. */
function commandPlace(argv: readonly string[]): number {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (!word.startsWith("-") || word === "-") return at;
    const flag = word.startsWith("--") ? global.long.get(word.slice(2)) : global.short.get(word.slice(1));
    if (flag?.takes === "value") at++;
  }
  return argv.length;
}
