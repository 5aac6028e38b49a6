import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lab, serve, type ServedCluster } from "../../kernel/api/index.js";
import { runKubectl as runOwn } from "../../sim/k8s/index.js";
import { runKubectl, stockKubectl } from "./kubectl.js";

/**
 * Command lines that are run one after the other by the stock kubectl on a served cluster, and by ours on another cluster of the same seed: what
 * is printed must be the same.
 */
const lines = `
create namespace shop
create deployment web --image=nginx:1.27 --replicas=2
create deployment web --image=nginx:1.27
get deployments
get pods -o name
get pods,deploy,svc
get nodes -o wide
get pods -n nowhere
get pod nope
get deploy/nope svc/kubernetes
get foo
get --foo
get -x
get
foo
get svc kubernetes -o jsonpath={.spec.ports[0].port}
get nodes -o jsonpath={range@.items[*]}{.metadata.name}{"\\n"}{end}
get nodes -o custom-columns=NAME:.metadata.name,CPU:.status.capacity.cpu,NONE:.spec.none
get nodes --sort-by=.metadata.name --no-headers -l kubernetes.io/os=linux
get nodes -L kubernetes.io/os
get pods --field-selector status.phase=Pending
get pods -A --show-labels
get ns default -o name
apply -f DIR/web.yaml
apply -f DIR/web.yaml
apply -f DIR/web2.yaml
apply -f DIR/none.yaml
apply
get deploy front -o jsonpath={.spec.replicas}
get cm settings -o jsonpath={.data.mode}
create configmap more --from-literal=a=1 --from-literal=b=two
get cm more -o yaml
create secret generic pass --from-literal=word=hunter2
get secret pass -o jsonpath={.data}
create serviceaccount robot
create role reader --verb=get,list --resource=pods,deployments.apps
create rolebinding reads --role=reader --serviceaccount=default:robot
get role reader -o jsonpath={.rules}
create quota few --hard=pods=10
create job once --image=busybox:1.36 -- sh -c exit
get jobs
expose deploy web --port=80 --target-port=8080
get svc web -o jsonpath={.spec.ports[0].targetPort}
autoscale deploy web --max=4 --min=2 --cpu-percent=50
scale deploy/web --replicas=3
scale deploy/web
scale deploy nope --replicas=1
rollout status deploy/web
set image deploy/web nginx=nginx:1.28
set image deploy/web apache=nginx:1.28
rollout status deploy/web
rollout history deploy/web
rollout undo deploy/web
rollout restart deploy/web
rollout status deploy/web
label deploy web tier=front
label deploy web tier=back
label deploy web tier=back --overwrite
label deploy web tier-
annotate deploy web note=hello
taint node node-1 a=b:NoSchedule
taint node node-1 a-
cordon node-1
cordon node-1
uncordon node-1
patch deploy web -p {"spec":{"replicas":2}}
patch deploy web -p {"spec":{"replicas":2}}
patch deploy web --type=json -p [{"op":"replace","path":"/spec/replicas","value":1}]
describe deploy web
describe svc kubernetes
describe pod single
run single --image=redis:7 --port=6379 --labels=app=single
wait --for=condition=Ready pod/single --timeout=60s
describe pod single
describe node node-2
describe sts db
logs nope
run
run x
auth can-i create pods
top pods
api-versions
delete pod nope
delete deploy,svc,hpa web
delete -f DIR/web.yaml
delete pod
get all
`
  .trim()
  .split("\n");

const manifest = (replicas: number, mode: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: front}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: front}}
  template:
    metadata: {labels: {app: front}}
    spec:
      containers:
        - {name: main, image: nginx, ports: [{containerPort: 80}], env: [{name: MODE, value: ${mode}}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: ${mode}}
`;

/**
 * What differs by nature: clocks (the stock client reckons ages by its own) and with them the hash of a template that was restarted and the
 * width of columns; names by chance; revisions; the line on service accounts, which kubectl has since 1.23; managed fields, which it hides since 1.21.
 */
const settled = (text: string): string =>
  text
    .replace(/\u001b\[[\d;]*m/g, "")
    .replace(/\b\d+(?:[smhdy]\d*[smhd]?)\b/g, "AGE")
    .replace(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000/g, "TIME")
    .replace(/^Service Account: .*\n/gm, "")
    .replace(/^ {2}managedFields:\n(?: {2}- .*\n| {4}.*\n)+/gm, "")
    .replace(/\d{4}-\d\d-\d\dT[\d:]{8}Z/g, "TIME")
    .replace(/-[a-z0-9]{8,10}(?=[\s-])/g, "-TEMPLATE")
    .replace(/-[a-z0-9]{5}\b/g, "-RANDOM")
    .replace(/(hollow:\/\/|sha256:)[0-9a-f]{64}/g, "$1HASH")
    .replace(/uid: \S+/g, "uid: UID")
    .replace(/resourceVersion: \S+/g, "resourceVersion: REVISION")
    .replace(/ +/g, " ")
    .trim();

describe.skipIf(stockKubectl === undefined)("our kubectl beside the stock one", () => {
  const cluster = lab({ seed: 6 }).kubernetes({ nodes: 2 });
  const own = lab({ seed: 6 }).kubernetes({ nodes: 2 });
  let served: ServedCluster;
  let home: string;

  beforeAll(async () => {
    served = await serve(cluster, { pace: 20 });
    home = mkdtempSync(join(tmpdir(), "virtlab-kubectl-"));
    writeFileSync(join(home, "web.yaml"), manifest(1, "a"));
    writeFileSync(join(home, "web2.yaml"), manifest(2, "b"));
  });
  afterAll(async () => {
    await served.close();
    rmSync(home, { recursive: true, force: true });
  });

  test("the same words, output and exit codes", async () => {
    const files = Object.fromEntries(
      ["web.yaml", "web2.yaml"].map((name) => [join(home, name), readFileSync(join(home, name), "utf8")]),
    );
    const wrong: string[] = [];
    for (const line of lines) {
      const words = line
        .replaceAll("DIR", home)
        .split(" ")
        .map((word) => word.replace("range@", "range "));
      const stock = await runKubectl(served.kubeconfig, home, words);
      const ours = runOwn(own, words, { files });
      const said = { out: settled(ours.stdout), err: settled(ours.stderr), code: ours.status };
      const expected = { out: settled(stock.out), err: settled(stock.err), code: stock.code };
      if (JSON.stringify(said) !== JSON.stringify(expected))
        wrong.push(
          `$ kubectl ${line}\n--- stock ${expected.code}\n${expected.out}\n${expected.err}\n--- ours ${said.code}\n${said.out}\n${said.err}\n`,
        );
    }
    expect(wrong.join("\n")).toBe("");
  });
});
