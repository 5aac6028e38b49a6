import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { s } from "../../sim/core/index.js";
import { lab, serve, type ServedCluster } from "../../kernel/api/index.js";
import { programs } from "../sim/k8s/node/real-cluster.js";
import { newerKubectl, runKubectl, type KubectlRun } from "./kubectl.js";

if (newerKubectl === undefined)
  console.log("no kubectl of 1.31 or later is installed (VIRTLAB_KUBECTL_NEW, PATH): its suite is skipped");

const manifest = (replicas: number, more = ""): string => `
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
      - {name: main, image: nginx${more}}
`;

/**
 * What is run one after the other, with what it must print and, where it isn't 0, its exit code. What is sent as protobuf: `create` and
 * its like, `expose`, `autoscale`, `auth`; JSON, as ever, what comes of files.
 */
const corpus: readonly (readonly [line: string, prints: RegExp, code?: number])[] = [
  ["version", /^Server Version: v1\.32\.0$/m],
  ["api-resources --api-group=apps", /^deployments +deploy +apps\/v1 +true +Deployment$/m],
  ["create namespace shop", /^namespace\/shop created\n$/],
  ["create deployment web --image=nginx:1.27 --replicas=2 --port=80", /^deployment.apps\/web created\n$/],
  ["create deployment none --image=nginx:1.27 --replicas=0", /created/],
  ["get deploy none -o jsonpath={.spec.replicas}", /^0$/],
  ["create configmap cm --from-literal=a=b", /^configmap\/cm created\n$/],
  ["create configmap cm", /^error: failed to create configmap: configmaps "cm" already exists\n$/, 1],
  ["create secret generic pass --from-literal=word=hunter2", /^secret\/pass created\n$/],
  ["get secret pass -o jsonpath={.data.word}", /^aHVudGVyMg==$/],
  ["create job once --image=busybox -- sh -c exit", /^job.batch\/once created\n$/],
  ["create cronjob tick --image=busybox --schedule=*/5_*_*_*_* -- date", /^cronjob.batch\/tick created\n$/],
  ["get cronjob tick", /^tick +\*\/5 \* \* \* \* +<none> +False/m],
  ["create serviceaccount robot", /created/],
  ["create role reader --verb=get,list --resource=pods", /created/],
  ["create rolebinding reads --role=reader --serviceaccount=default:robot", /created/],
  ["create quota few --hard=pods=10,cpu=1500m -n shop", /created/],
  ["get quota few -n shop -o jsonpath={.spec.hard.cpu}", /^1500m$/],
  ["create ingress in --rule=a.b/x=web:80", /created/],
  ["create pdb half --selector=app=web --max-unavailable=50%", /created/],
  ["get pdb half", /^half +N\/A +50%/m],
  ["create priorityclass low --value=-10", /created/],
  ["get priorityclass low -o jsonpath={.value}", /^-10$/],
  ["create service nodeport np --tcp=80:8080", /created/],
  ["create token robot --duration=1h", /^[\w-]+\.[\w-]+\.[\w-]+\n?$/],
  ["-n nowhere create configmap a", /error: failed to create configmap: namespaces "nowhere" not found/, 1],
  ["create deployment Bad_Name --image=a", /Deployment.apps "Bad_Name" is invalid: metadata.name: Invalid value/, 1],
  ["expose deploy web --port=80", /^service\/web exposed\n$/],
  ["autoscale deploy web --max=4 --min=2 --cpu-percent=50", /autoscaled/],
  ["rollout status deploy/web", /successfully rolled out/],
  ["set image deploy/web nginx=nginx:1.28", /image updated/],
  ["set env deploy/web MODE=fast", /env updated/],
  ["set resources deploy/web --limits=cpu=200m", /resource requirements updated/],
  ["rollout status deploy/web", /successfully rolled out/],
  ["rollout history deploy/web", /^1 .*\n2 /m],
  ["rollout undo deploy/web", /rolled back/],
  ["rollout restart deploy/web", /restarted/],
  ["rollout pause deploy/web", /paused/],
  ["rollout resume deploy/web", /resumed/],
  ["scale deploy/web --current-replicas=9 --replicas=1", /Expected replicas to be 9, was 2/, 1],
  ["scale deploy/web --current-replicas=2 --replicas=3", /scaled/],
  ["wait --for=condition=Available deploy/web --timeout=30s", /condition met/],
  ["wait --for=create cm/cm --timeout=5s", /condition met/],
  ["auth whoami", /^Username +kubernetes-admin$/m],
  ["auth can-i create pods", /^yes\n$/],
  ["auth can-i --list --as=system:serviceaccount:default:robot", /pods +\[\] +\[\] +\[get list\]/],
  ["apply -f DIR/front.yaml", /^deployment.apps\/front created\n$/],
  ["diff -f DIR/front2.yaml", /^-  replicas: 1\n\+  replicas: 2$/m, 1],
  ["apply -f DIR/front2.yaml --dry-run=server", /configured \(server dry run\)/],
  ["apply -f DIR/front2.yaml", /configured/],
  ["apply -f DIR/odd.yaml", /strict decoding error: unknown field "spec.template.spec.containers\[0\].imagee"/, 1],
  [
    "apply --server-side -f DIR/front.yaml",
    /Apply failed with 1 conflict: conflict with "kubectl-client-side-apply"/,
    1,
  ],
  ["apply --server-side --force-conflicts -f DIR/front.yaml", /serverside-applied/],
  ["explain pod.spec.containers.ports", /^ {2}containerPort\t<integer> -required-$/m],
  ["explain deploy", /^GROUP: +apps\nKIND: +Deployment\nVERSION: +v1$/m],
  ["events --for deploy/front", /ScalingReplicaSet/],
  ["debug node/node-1 --image=busybox --attach=false", /Creating debugging pod node-debugger-node-1-\w+/],
  ["taint node node-2 a=b:NoSchedule", /tainted/],
  ["taint node node-2 a-", /untainted/],
  ["drain node-2 --ignore-daemonsets --force", /^node\/node-2 drained$/m],
  ["get pods --field-selector spec.nodeName=node-2 -o name", /^$/],
  ["uncordon node-2", /uncordoned/],
  ["get pods -o wide", /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE/],
  ["get pods --chunk-size=1 -o name", /^(pod\/[\w-]+\n){4,}$/],
  ["delete deploy front --cascade=foreground", /deleted/],
  ["delete deploy,svc,hpa web", /horizontalpodautoscaler.autoscaling "web" deleted/],
];

describe.skipIf(newerKubectl === undefined)("a newer stock kubectl", () => {
  const cluster = lab({ seed: 5 }).kubernetes({ nodes: 3 });
  const linux = lab({ seed: 6 }).kubernetes({ nodes: 1, runtime: "containers", programs });
  let served: ServedCluster;
  let streams: ServedCluster;
  let home: string;

  beforeAll(async () => {
    linux.apply(`
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: main, image: "nginx:alpine", ports: [{containerPort: 80}]}]}
`);
    linux.run(s(3));
    served = await serve(cluster, { pace: 20 });
    streams = await serve(linux, { pace: 20 });
    home = mkdtempSync(join(tmpdir(), "virtlab-kubectl-"));
    const files = { "front.yaml": manifest(1), "front2.yaml": manifest(2), "odd.yaml": manifest(1, ", imagee: a") };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text);
  });
  afterAll(async () => {
    await served.close();
    await streams.close();
    rmSync(home, { recursive: true, force: true });
  });

  const words = (line: string): string[] =>
    line.split(" ").map((word) => word.replace("DIR", home).replace(/(?<=\*\/5.*)_/g, " "));

  test("the commands that its users know", async () => {
    const wrong: string[] = [];
    for (const [line, prints, code = 0] of corpus) {
      const ran = await runKubectl(served.kubeconfig, home, words(line), undefined, newerKubectl);
      const said = ran.out + ran.err;
      if (ran.code !== code || !prints.test(said)) wrong.push(`$ kubectl ${line}\n${said}=> ${ran.code}\n`);
    }
    expect(wrong.join("\n")).toBe("");
  });

  test("get --watch tells of what happens, wait --for=create of what comes", async () => {
    const env = { ...process.env, HOME: home, KUBECONFIG: served.kubeconfig };
    const watching = spawn(newerKubectl ?? "", ["get", "cm", "--watch", "--output-watch-events", "-o", "name"], {
      env,
    });
    let heard = "";
    watching.stdout.on("data", (part: Buffer) => (heard += part.toString()));
    try {
      await expect.poll(() => heard).toContain("configmap/cm");
      const waiting = runKubectl(
        served.kubeconfig,
        home,
        ["wait", "--for=create", "cm/late", "--timeout=20s"],
        undefined,
        newerKubectl,
      );
      const made = await runKubectl(served.kubeconfig, home, ["create", "cm", "late"], undefined, newerKubectl);
      expect(made.out).toBe("configmap/late created\n");
      expect((await waiting).out).toContain("condition met");
      await expect.poll(() => heard).toContain("configmap/late");
    } finally {
      watching.kill();
    }
  });

  describe.each(["true", "false"])("with WebSockets: %s", (webSockets) => {
    const more = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets, KUBECTL_PORT_FORWARD_WEBSOCKETS: webSockets };
    const run = (args: readonly string[], input?: string): Promise<KubectlRun> =>
      runKubectl(streams.kubeconfig, home, args, input, newerKubectl, more);

    test("exec and cp carry bytes, errors and exit codes", async () => {
      const { code, out, err } = await run([
        "exec",
        "web",
        "-v=7",
        "--",
        "sh",
        "-c",
        "hostname; echo oops >&2; exit 4",
      ]);
      expect([code, out]).toEqual([4, "web\n"]);
      expect(err).toMatch(/^oops\n(?:.*\n)*command terminated with exit code 4$/m);
      // A WebSocket begins with a GET.
      expect(err).toMatch(webSockets === "true" ? / GET https:\S+\/exec\?/ : / POST https:\S+\/exec\?/);
      expect((await run(["exec", "web", "--", "/no/such"])).err).toContain("no such file or directory");
      expect((await run(["exec", "missing", "--", "true"])).err).toContain('pods "missing" not found');
      const long = "a line of some length\n".repeat(5000);
      expect((await run(["exec", "--stdin", "web", "--", "cat"], long)).out).toBe(long);
      expect((await run(["cp", join(home, "front.yaml"), "web:/tmp/a"])).code).toBe(0);
      expect((await run(["cp", "web:/tmp/a", join(home, "back.yaml")])).code).toBe(0);
      expect(readFileSync(join(home, "back.yaml"), "utf8")).toBe(manifest(1));
    });

    test("port-forward carries HTTP, one connection after the other", async () => {
      const env = { ...process.env, HOME: home, KUBECONFIG: streams.kubeconfig, ...more };
      const child = spawn(newerKubectl ?? "", ["port-forward", "pod/web", ":80"], { env });
      try {
        let text = "";
        child.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
        await expect.poll(() => text, { timeout: 10_000 }).toMatch(/127\.0\.0\.1:\d+ -> 80/);
        const port = /127\.0\.0\.1:(\d+) -> 80/.exec(text)?.[1] ?? "";
        for (let i = 0; i < 3; i++)
          expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("web 127.0.0.1\n");
      } finally {
        child.kill();
      }
    });
  });
});
