/**
 * k8s: Kubernetes 1.32, its control plane and its nodes.
 *
 * Glossary
 *   object     what the API holds: a kind, metadata, what is asked for (`spec`), what is (`status`)
 *   resource   a kind as a version of a group serves it: `deployments` of `apps/v1`
 *   struct     the fields of a kind or of a part of one, as a field table has them
 *   revision   the store's count of writes; an object's `resourceVersion` is that of its last write
 *   admission  what every write passes before it is stored
 *   promise    what a server under Raft says only when its disk will remember it: a vote, an entry that it has
 *   learner    a server that gets the log and has no vote
 *   endpoint   an etcd server as its clients see it
 *   informer   a kind's objects, kept up to date by a list and a watch; it tells handlers of changes
 *   sandbox    what the containers of a pod share on their node: a network namespace, an address
 *   sidecar    an init container that is restarted and stays beside the others
 *   PLEG       the pod lifecycle event generator: what a kubelet learns of its runtime, once a second
 *   machine    the simulated Linux beneath a kubelet, whose containers have processes
 *   CNI        how a node's pods get into its network: an interface, an address, routes
 *   endpoint chain, service chain  rules by which a connection to a service's address gets to one of its pods
 *   hollow     without processes: a runtime whose containers do what is declared of them
 *   claim      what a pod asks of storage (PersistentVolumeClaim); it is *bound* to the one volume that it gets
 *   CSI        the Container Storage Interface: a *driver* makes volumes, attaches them to nodes, and has them mounted there
 *   ingress    HTTP from outside, by host and path to services; its *controller* is a proxy in pods, chosen by an IngressClass
 *   instance   a virtual machine that is rented; a *group* has as many of one type as it is told, a *zone* is what fails together
 *   reconcile  to make the world a little more as one object asks for, told nothing but that object's key
 *
 * objects/    kinds and their field tables (tables/, notation): from these reading (decode), defaults, validation (rules/),
 *             conversion, columns of tables, OpenAPI; quantities, times, selectors;
 *             protobuf (bodies as Go's clients send them)
 * apiserver/  requests and answers: server, handlers, registry (how objects come and go), collection (the watch cache),
 *             listing, watching, work (what it has done, counted), patch/, fields/ (server-side apply), discovery; storage is what it needs of a store, etcd-storage that store in
 *             one server of etcd, replicated-storage in several (asking: how a request waits for them), kept-object an object in etcd
 * admission/  the plugins of the admission chain
 * raft/       consensus as a pure core: ticks and messages in, messages, entries to keep and committed ones out
 * consensus/  servers around it: clocks, disks that lose what wasn't synced, a network
 * etcd/       the store: revisions, ranges, transactions, leases, watches; alone, and behind Raft
 * client/     a component's way to the API: client (calls as activities), reflector, informer and store, work-queue, control-loop,
 *             expectations, event-recorder, leader-election; types (the shapes of kinds)
 * scheduler/  which node a pod gets: framework (what a plugin is), plugins/, pod-info and node-info (what is read once), decision,
 *             judgement (what decisions remember of one another);
 *             cluster (the cache), queue, preemption, and scheduler, the component
 * controllers/  what makes the cluster as its objects ask: controller (what each is), table (all of them), controller-manager (the process
 *             that runs them), flags (what it can be told), a file or folder for each: services/ (slices, endpoints), namespaces/, nodes/
 *             (silence, taints, eviction, pods left behind), jobs/ (and cron), daemons/, stateful/, deployment/, budgets/ (disruption,
 *             quotas), volumes/ (the binder, attach and detach, protection), autoscaling/; ownership, revisions, slow-start, pods, shares, refusals are what they share
 * kubelet/    a node: kubelet (the component), runtime (what it asks of a container runtime, after CRI), pod-worker (one pod's life),
 *             actions (what comes next for it), containers (starting and ending), images, prober, pleg, pod-status and phase, status-manager,
 *             pod-config (environment), container-config, volumes/ (what pods see of objects and of the node; volume-manager: of drivers), linux-config (limits, users, resolver), streaming
 *             (exec, attach, port-forward, logs that grow), node-status (registration, conditions, lease), node-admission, eviction, logs; hollow/
 * node/       a machine: its Linux and container engine, pod-network (CNI), engine-runtime (CRI on that engine, as cri-dockerd has it),
 *             streaming, probing, pod-routes, rules-writer (who writes a packet filter's rules, and when), restored-table (those of iptables), system-images
 * proxy/      kube-proxy: service-port (services and slices as a proxy sees them), mode (what a mode is: functions from these to what the kernel is
 *             told), iptables, nftables, ipvs; costs compares them
 * ingress/    an ingress controller: routes (objects as hosts and paths), nginx-config (these as nginx' own file), controller (the program that
 *             watches, writes and has nginx read), manifest (what it runs as)
 * dns/        the cluster's name server: records (what a name stands for), coredns (the program, and its manifest)
 * metrics/    what pods and nodes use: metrics-server, which asks kubelets and answers metrics.k8s.io
 * volumes/    storage: matching (which volume a claim gets), driver (what CSI asks of one), block-storage (disks in a network), and the
 *             processes beside a driver: csi-controller with provisioner, attacher, resizer
 * cloud/      a cloud beneath the nodes: provider (what Kubernetes asks of one), cloud (a simulated one) with instance, instance-group, machine-types,
 *             start-up, load-balancers, bill; cloud-controller-manager with controllers/ (nodes, their end, routes, load balancers);
 *             autoscaler/: cluster-autoscaler, snapshot (what the scheduler would do), scale-up, scale-down, node-deletion, groups, status
 * policy/     network policies as rules of each node
 * cluster/    all of it in one world, and what a cell asks of it: apply, get, explain, birth; nodes (kubelets and what is beneath them); control-plane (processes that stop and start,
 *             front-door: where the API server is reached, api-listener: in the nodes' network), administrator, stop-each (what nobody does then); slice-costs (what one changed endpoint costs), growth (what a pod
 *             costs, the more nodes there are; load: its pods, and how long clients wait); recorded-endpoint traces who asked what
 * kubectl/    our own kubectl: kubectl (the commands), host (where it runs, and whom it asks), in-cell (over the API server's handlers), in-linux (as a
 *             program of the simulated Linux: kubeconfig, http-endpoint), flags, session
 *             (requests, kinds by discovery, what words and files name), printing, jsonpath, text (columns, JSON, YAML as Go has them), three-way
 *             (what apply sends), commands/
 * linearizability/  histories of a troubled cluster, and whether one register could have given them
 */
export { ApiServer, type ApiServerOptions } from "./apiserver/server.js";
export type {
  ApiRequest,
  ApiResponse,
  ApiStream,
  StreamSink,
  User,
  WatchEvent as ApiWatchEvent,
} from "./apiserver/request.js";
export { EtcdStorage } from "./apiserver/etcd-storage.js";
export type { Conflict, Ranged, Storage, StorageEvent, StorageFailure, Stored, Written } from "./apiserver/storage.js";
export type { NodeCall, NodeProxy } from "./apiserver/node-proxy.js";
export type { Json, JsonArray, JsonObject, KubeObject, ObjectMeta, OwnerReference } from "./objects/value.js";
export {
  founded,
  isJoint,
  joining,
  membersOf,
  Raft,
  simpleConf,
  type ConfChange,
  type ConfState,
  type Durable,
  type Entry,
  type HardState,
  type Message,
  type MessageOf,
  type MessageType,
  type NodeId,
  type Progress,
  type Proposal,
  type RaftFlaw,
  type RaftOptions,
  type ReadState,
  type Ready,
  type Role,
  type Snapshot,
  type Write,
} from "./raft/index.js";
export { RaftCluster, type RaftClusterOptions } from "./consensus/cluster.js";
export { electionTrials, type ElectionTrialOptions } from "./consensus/elections.js";
export type { NetworkOptions } from "./consensus/network.js";
export type { NodeFlaw, Outcome, RaftNode, StateMachine } from "./consensus/node.js";
export { MvccStore } from "./etcd/store.js";
export type { StoreOptions, StoreState } from "./etcd/store-state.js";
export { EtcdError, isEtcdError, type StatusCode } from "./etcd/errors.js";
export * from "./etcd/types.js";
export { Etcd, type EtcdOptions } from "./etcd/etcd.js";
export { EtcdCluster, type EtcdClusterOptions, type EtcdMember } from "./etcd/cluster.js";
export type { EtcdEndpoint, Member, Status, TimeToLive } from "./etcd/endpoint.js";
export {
  decide,
  defaultPlugins,
  enoughNodes,
  explain,
  fitError,
  type Decision,
  type DecisionOptions,
  type RefusedNode,
  type ScoredNode,
} from "./scheduler/decision.js";
export type { ClusterEvent, ClusterView, Plugin as SchedulerPlugin, Refusal } from "./scheduler/framework.js";
export { NodeInfo } from "./scheduler/node-info.js";
export { Scheduler, type SchedulerOptions } from "./scheduler/scheduler.js";
export { PodInfo, type Resources } from "./scheduler/pod-info.js";
export { checkLinearizable, historyLanes, type Verdict } from "./linearizability/checker.js";
export { describeOperation, type Operation, type RegisterCall, type RegisterState } from "./linearizability/history.js";
export { linearizabilityTrial, type Nuisance, type Trial, type TrialOptions } from "./linearizability/trial.js";
export {
  Client as KubeClient,
  ownedBy,
  type ApiEndpoint,
  type ClientOptions as KubeClientOptions,
} from "./client/client.js";
export { keyOf, splitKey } from "./client/address.js";
export { ApiFailure, isAlreadyExists, isConflict, isGone, isNotFound } from "./client/failure.js";
export { Informer, InformerFactory, type Handler } from "./client/informer.js";
export { MutationDetector } from "./client/mutation-detector.js";
export { ControllerLimiter, ExponentialLimiter } from "./client/rate-limiter.js";
export { WorkQueue } from "./client/work-queue.js";
export { ControlLoop, type Again, type Reconcile } from "./client/control-loop.js";
export { Expectations } from "./client/expectations.js";
export { EventRecorder } from "./client/event-recorder.js";
export { LeaderElection, type LeaderElectionOptions } from "./client/leader-election.js";
export { ControllerManager, type ControllerManagerOptions } from "./controllers/controller-manager.js";
export { defaultFlags, type ControllerFlags } from "./controllers/flags.js";
export type { ControllerName } from "./controllers/table.js";
export { Kubelet, type KubeletOptions } from "./kubelet/kubelet.js";
export type { NodeDescription } from "./kubelet/node-status.js";
export * from "./kubelet/runtime.js";
export { HollowRuntime, type HollowRuntimeOptions } from "./kubelet/hollow/runtime.js";
export type { Behaviour, HollowImage } from "./kubelet/hollow/behaviour.js";
export { BlockStorage, type BlockStorageOptions } from "./volumes/block-storage.js";
export type { NodeDriver, VolumeDriver, VolumeRequest } from "./volumes/driver.js";
export { Bill, type Rented } from "./cloud/bill.js";
export { Cloud, type CloudOptions, type Machines } from "./cloud/cloud.js";
export type { Instance } from "./cloud/instance.js";
export type { GroupOptions, InstanceGroup } from "./cloud/instance-group.js";
export { machineTypes, type MachineType, type MachineTypeName } from "./cloud/machine-types.js";
export * from "./cloud/provider.js";
export { startUpMeans, type StartUp } from "./cloud/start-up.js";
export { CloudControllerManager, type CloudControllerName } from "./cloud/cloud-controller-manager.js";
export { ClusterAutoscaler } from "./cloud/autoscaler/cluster-autoscaler.js";
export { defaultAutoscalerFlags, type AutoscalerFlags } from "./cloud/autoscaler/flags.js";
export { Cluster } from "./cluster/cluster.js";
export type { ClusterOptions, GetOptions } from "./cluster/options.js";
export type { ExecResult as PodExecResult } from "./cluster/session.js";
export type {
  ForwardedConnection,
  ForwardSession,
  ProcessInput,
  ProcessSession,
  StreamSession,
} from "./apiserver/session.js";
export { NodeMachine } from "./node/machine.js";
export type { Component, ControlPlane } from "./cluster/control-plane.js";
export { runKubectl, type KubectlOptions, type KubectlResult } from "./kubectl/in-cell.js";
export { stopEach } from "./cluster/stop-each.js";
export { clusterGrowth, type GrowthOptions, type GrowthPoint } from "./cluster/growth.js";
export { fill, latencies, type Latencies } from "./cluster/load.js";
export { endpointSliceCosts, type SliceCost, type SliceCostOptions } from "./cluster/slice-costs.js";
export { proxyCosts, type ProxyCost } from "./proxy/costs.js";
export type { ProxyModeName } from "./proxy/mode.js";
export type { Listing } from "./cluster/listing.js";
export type { Manifest } from "./cluster/manifest.js";
