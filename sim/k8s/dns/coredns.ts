import { s, type Activity, type World } from "../../core/index.js";
import { decodeDns, encodeDns, type DnsMessage, type ZoneAnswer } from "../../net/index.js";
import { AF_INET, askServers, attempt, resolverSettings, SOCK_DGRAM, type Program, type Sys } from "../../os/index.js";
import { Client, type ApiEndpoint } from "../client/client.js";
import { Informer } from "../client/informer.js";
import { clusterAnswer, indexed, type Known } from "./records.js";

/** The image of kubeadm 1.32. */
export const corednsImage = "registry.k8s.io/coredns/coredns:v1.11.3";

const domain = "cluster.local";

/**
 * The cluster's name server, a program like CoreDNS with the plugins kubernetes and forward: it answers from services and EndpointSlices, and
 * asks the servers of its own /etc/resolv.conf about other names. Over UDP. Simplified: its way to the API server is no connection of
 * its network.
 */
export const coredns = (world: World, endpoint: ApiEndpoint): Program<Sys> => ({
  name: "coredns",
  memory: 20 * 2 ** 20,
  *main(sys) {
    const user = {
      name: "system:serviceaccount:kube-system:coredns",
      groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
    };
    const client = new Client({ world, endpoint, user });
    const services = new Informer(client, "services");
    const slices = new Informer(client, "endpointslices");
    const known: Known = { domain, services: services.store, slices: slices.store };
    indexed(known);
    try {
      return yield* serve(sys, known);
    } finally {
      services.stop();
      slices.stop();
    }
  },
});

function* serve(sys: Sys, known: Known): Activity<number> {
  const state = { ended: false };
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    yield* sys.rt_sigaction(signal, function* () {
      state.ended = true;
    });
  yield* sys.rt_sigaction("SIGCHLD", "SIG_IGN");
  const fd = yield* sys.socket(AF_INET, SOCK_DGRAM);
  yield* sys.bind(fd, { address: "0.0.0.0", port: 53 });
  for (;;) {
    const got = yield* attempt(sys.recvfrom(fd, 1500));
    if (state.ended) return 0;
    if (!("bytes" in got) || typeof got.from !== "object") continue;
    const { bytes, from } = got;
    const query = decodeDns(bytes);
    const question = query?.questions[0];
    if (query === undefined || query.response || question === undefined) continue;
    const answer = clusterAnswer(known, question);
    if (answer !== undefined) yield* attempt(sys.sendto(fd, encodeDns(reply(query, answer, true)), from));
    else
      yield* sys.clone(function* (child) {
        yield* attempt(child.sendto(fd, encodeDns(reply(query, yield* forwarded(child, query), false)), from));
        return 0;
      });
  }
}

function* forwarded(sys: Sys, { questions: [question] }: DnsMessage): Activity<ZoneAnswer> {
  const nothing: ZoneAnswer = { rcode: "SERVFAIL", answers: [], authorities: [] };
  // Without a server in resolv.conf it is oneself that is asked, without end: what CoreDNS's plugin `loop` is against.
  const servers = (yield* resolverSettings(sys)).servers.filter((server) => !server.startsWith("127."));
  if (question === undefined || servers.length === 0) return nothing;
  return (yield* askServers(sys, question, { servers, search: [], ndots: 1, timeout: s(2), attempts: 1 })) ?? nothing;
}

const reply = (query: DnsMessage, { rcode, answers, authorities }: ZoneAnswer, authoritative: boolean): DnsMessage => ({
  ...query,
  ...{ response: true, authoritative, recursionAvailable: true, rcode, answers, authorities },
});

/** What kubeadm applies for it: two replicas behind the service kube-dns (kubernetes, `cmd/kubeadm/app/phases/addons/dns`). */
export const corednsManifest = (replicas: number): string => `
apiVersion: v1
kind: ServiceAccount
metadata: {name: coredns, namespace: kube-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "system:coredns"}
rules:
  - {apiGroups: [""], resources: [endpoints, services, pods, namespaces], verbs: [list, watch]}
  - {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "system:coredns"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:coredns"}
subjects: [{kind: ServiceAccount, name: coredns, namespace: kube-system}]
---
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns, kubernetes.io/name: CoreDNS}}
spec:
  clusterIP: 10.96.0.10
  selector: {k8s-app: kube-dns}
  ports: [{name: dns, port: 53, protocol: UDP}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {k8s-app: kube-dns}}
  template:
    metadata: {labels: {k8s-app: kube-dns}}
    spec:
      serviceAccountName: coredns
      dnsPolicy: Default
      priorityClassName: system-cluster-critical
      automountServiceAccountToken: false
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector: {matchLabels: {k8s-app: kube-dns}}
      containers:
        - name: coredns
          image: ${corednsImage}
          imagePullPolicy: IfNotPresent
          ports: [{name: dns, containerPort: 53, protocol: UDP}]
          resources: {requests: {cpu: 100m, memory: 70Mi}, limits: {memory: 170Mi}}
`;
