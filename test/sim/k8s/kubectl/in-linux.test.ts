import { expect, test } from "vitest";
import type { Cluster } from "../../../../sim/k8s/index.js";
import { realCluster } from "../node/real-cluster.js";

const on = (
  cluster: Cluster,
  script: string,
): { readonly out: string; readonly err: string; readonly status: unknown } => {
  const { stdout, stderr, status } = cluster.machine("node-1").sh(script);
  return { out: stdout, err: stderr, status };
};

test("on a node: kubectl in pipes and scripts, over the network", () => {
  const cluster = realCluster({ nodes: 1 });
  cluster.settle();
  expect(on(cluster, "kubectl get nodes -o name").out).toBe("node/node-1\n");
  expect(on(cluster, "kubectl get pods -A | grep coredns | wc -l").out.trim()).toBe("1");
  expect(on(cluster, "kubectl auth whoami").out).toContain("kubernetes-admin");
  const manifest = "apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: a}\\ndata: {k: v}\\n";
  expect(on(cluster, `printf '${manifest}' | kubectl apply -f -`).out).toBe("configmap/a created\n");
  expect(on(cluster, `printf '${manifest}' > /tmp/a.yaml; kubectl apply -f /tmp/a.yaml`).out).toBe(
    "configmap/a unchanged\n",
  );
  expect(on(cluster, "kubectl get cm a -o jsonpath='{.data.k}' && kubectl get cm b || echo none")).toMatchObject({
    out: "vnone\n",
    err: 'Error from server (NotFound): configmaps "b" not found\n',
  });
  // As whom the command line says, and where it says.
  const robot = "--as=system:serviceaccount:default:default";
  expect(on(cluster, `kubectl get cm ${robot}`).err).toContain(
    'User "system:serviceaccount:default:default" cannot list resource "configmaps"',
  );
  expect(on(cluster, "kubectl --context=other get cm").err).toBe('error: context "other" does not exist\n');
  const config = "sed 's/default-cluster/x/; s/{token: admin}/{token: wrong}/' /root/.kube/config > /tmp/config";
  expect(on(cluster, `${config}; KUBECONFIG=/tmp/config kubectl get cm`).err).toContain("Unauthorized");
  expect(on(cluster, "kubectl --kubeconfig=/none get cm").err).toContain("stat /none: no such file or directory");
  expect(on(cluster, "kubectl -s http://127.0.0.1:1 get cm").err).toBe(
    "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\n",
  );
  cluster.stop("kube-apiserver");
  expect(on(cluster, "kubectl get cm").err).toContain("The connection to the server 192.168.255.254:6443 was refused");
});

test("in a pod: as its service account, by the service's address", () => {
  const cluster = realCluster({ nodes: 1 });
  const pod = (name: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  restartPolicy: Never
  containers: [{name: main, image: "registry.k8s.io/kubectl:v1.32.0", args: [get, pods, -o, name]}]
`;
  cluster.apply(pod("denied"));
  cluster.settle();
  expect(cluster.logs("denied")).toContain(
    'User "system:serviceaccount:default:default" cannot list resource "pods" in API group "" in the namespace "default"',
  );
  cluster.apply(`
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: views}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: default, namespace: default}]
`);
  cluster.apply(pod("allowed"));
  cluster.settle();
  expect(cluster.logs("allowed")).toBe("pod/allowed\npod/denied\n");
});
