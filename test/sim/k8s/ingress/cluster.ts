import { createWorld } from "../../../../sim/core/index.js";
import { Cluster, type ClusterOptions } from "../../../../sim/k8s/index.js";
import { Kernel } from "../../../../sim/os/index.js";
import { furnish, runShell } from "../../../../sim/userland/index.js";

/** Two nodes and an ingress controller. */
export function ingressCluster(options: Partial<ClusterOptions> = {}): Cluster {
  const cluster = new Cluster({
    ...{ world: createWorld({ seed: 3 }), nodes: 2, runtime: "containers", ingress: true },
    ...options,
  });
  cluster.start();
  return cluster;
}

/** A Deployment whose pods answer with their own names and what they were told of who asks, and its Service. */
export const app = (name: string, replicas = 1, targetPort = 80): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{name: http, port: 80, targetPort: ${targetPort}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
        - name: main
          image: nginx:alpine
          imagePullPolicy: IfNotPresent
          command: [sh, -c, ${JSON.stringify(`printf '${site}' > /etc/nginx/nginx.conf; exec nginx -g "daemon off;"`)}]
`;

const site =
  'events {}\\nhttp { server { listen 80; location / { return 200 "$hostname $host $request_uri $http_x_forwarded_for"; } } }';

/** A rule's path, as a line of YAML in braces. */
export const way = (path: string, type: string, service: string, port = "number: 80"): string =>
  `{path: "${path}", pathType: ${type}, backend: {service: {name: ${service}, port: {${port}}}}}`;

/** An Ingress of these hosts, "" for every one. @param more of its spec */
export const ingress = (name: string, hosts: Readonly<Record<string, readonly string[]>>, more = ""): string => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ${name}}
spec:
${more}
${Object.keys(hosts).length === 0 ? "" : "  rules:"}
${Object.entries(hosts)
  .map(([host, ways]) => `    - {${host === "" ? "" : `host: "${host}", `}http: {paths: [${ways.join(", ")}]}}`)
  .join("\n")}`;

/** A computer beside the nodes, which asks for URLs like `http://a.example/x`. */
export function outside(cluster: Cluster): (urls: readonly string[], node?: number) => readonly Answer[] {
  const kernel = new Kernel({ world: cluster.world, cards: [{ link: cluster.lan }], hostname: "outside" });
  furnish(kernel);
  runShell(kernel, "ip address add 192.168.7.7/16 dev eth0; ip link set eth0 up");
  return (urls, node = 1) => {
    const lines = urls.map((url) => {
      const [, host = "", path = ""] = /^http:\/\/([^/]+)(.*)$/.exec(url) ?? [];
      return `curl -s -w '|%{http_code}\\n' -H 'Host: ${host}' 'http://192.168.0.${node + 1}:30080${path}' | tail -n 1`;
    });
    return runShell(kernel, lines.join("\n"))
      .stdout.trim()
      .split("\n")
      .map((line) => {
        const [body = "", status = ""] = line.split("|");
        return { body, status: Number(status) };
      });
  };
}

interface Answer {
  readonly body: string;
  readonly status: number;
}
