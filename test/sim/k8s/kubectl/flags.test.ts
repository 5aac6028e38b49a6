import { expect, test } from "vitest";
import { createWorld } from "../../../../sim/core/index.js";
import { Cluster, runKubectl } from "../../../../sim/k8s/index.js";

const cluster = new Cluster({ world: createWorld({ seed: 4 }), nodes: 2 });
const run = (line: string, stdin = ""): { readonly out: string; readonly err: string; readonly status: number } => {
  const { stdout, stderr, status } = runKubectl(cluster, line.split(" "), { stdin });
  return { out: stdout, err: stderr, status };
};

test("--as asks as somebody else, --token as whom it says", () => {
  expect(run("auth whoami").out).toMatch(/^Username +kubernetes-admin$/m);
  expect(run("auth whoami --as=jane --as-group=dev").out).toMatch(/^Groups +\[dev system:authenticated\]$/m);
  expect(run("get pods --as=jane").err).toContain('User "jane" cannot list resource "pods"');
  expect(run("auth can-i delete pods --as=jane")).toMatchObject({ out: "no\n", status: 1 });
  expect(run("get pods --token=wrong").err).toContain("Unauthorized");
});

test("what names another cluster is refused", () => {
  expect(run("get pods --context=other").err).toBe('error: context "other" does not exist\n');
  expect(run("get pods --user=other").err).toBe('error: auth info "other" does not exist\n');
  expect(run("get pods --kubeconfig=/x").err).toBe("error: stat /x: no such file or directory\n");
  expect(run("get pods -s https://10.0.0.9:6443").err).toContain(
    "The connection to the server 10.0.0.9:6443 was refused",
  );
});

test("what nothing here heeds is refused, what is gone is unknown", () => {
  expect(run("apply -f - --prune").err).toBe("error: --prune is not supported by this kubectl\n");
  expect(run("run a --image=b --rm").err).toBe("error: --rm is not supported by this kubectl\n");
  expect(run("version --short").err).toContain("unknown flag: --short");
});

test("unknown fields are errors, unless --validate says otherwise", () => {
  const manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: odd}\ndate: {a: b}\n";
  expect(run("apply -f -", manifest).err).toMatch(/strict decoding error: unknown field "date"/);
  expect(run("create --validate=maybe -f -", manifest).err).toContain('invalid - validate option "maybe"');
  expect(run("apply --validate=ignore -f -", manifest).out).toBe("configmap/odd created\n");
});

test("flags that say how a service, a scale or a drain is to be", () => {
  run("create deployment web --image=nginx --replicas=2");
  run("expose deploy web --port=80 --session-affinity=ClientIP --external-ip=192.0.2.1");
  expect(run("get svc web -o jsonpath={.spec.sessionAffinity}{.spec.externalIPs}").out).toBe('ClientIP["192.0.2.1"]');
  run("create service nodeport np --tcp=80 --node-port=30123");
  expect(run("get svc np -o jsonpath={.spec.ports[0].nodePort}").out).toBe("30123");
  expect(run("scale deploy/web --replicas=1 --resource-version=1").err).toContain("the object has been modified");
  expect(run("get cm odd -o yaml").out).not.toContain("managedFields");
  expect(run("get cm odd -o yaml --show-managed-fields").out).toContain("manager: kubectl");
  expect(run("drain node-1 --pod-selector=app=none").out).toBe("node/node-1 cordoned\nnode/node-1 drained\n");
});
