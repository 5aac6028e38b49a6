import type { GroupState } from "./groups.js";

/** What `kubectl -n kube-system get configmap cluster-autoscaler-status` shows (cluster-autoscaler, `clusterstate/api`, YAML since 1.30). */
export function statusText(states: readonly GroupState[], candidates: ReadonlyMap<string, number>): string {
  const sum = (of: (state: GroupState) => number): number => states.reduce((total, state) => total + of(state), 0);
  const ready = sum((state) => state.ready.length);
  const unready = sum((state) => state.unready.length);
  const upcoming = sum((state) => state.upcoming);
  const scaleDown = (count: number): string[] => [
    `status: ${count > 0 ? "CandidatesPresent" : "NoCandidates"}`,
    ...(count > 0 ? [`candidates: ${count}`] : []),
  ];
  const all = [...candidates.values()].reduce((total, each) => total + each, 0);
  const counts = (up: number, not: number, coming: number): string[] => [
    "nodeCounts:",
    "  registered:",
    `    total: ${up + not}`,
    `    ready: ${up}`,
    "    unready:",
    `      total: ${not}`,
    `  unregistered: ${coming}`,
  ];
  const groups = states.flatMap(({ group, ready: up, unready: not, upcoming: coming, inBackoff }) => {
    const health = [
      ...[`status: ${not.length > 0 ? "Unhealthy" : "Healthy"}`, ...counts(up.length, not.length, coming)],
      ...[`cloudProviderTarget: ${group.target}`, `minSize: ${group.min}`, `maxSize: ${group.max}`],
    ];
    const up_ = inBackoff ? "Backoff" : coming > 0 ? "InProgress" : "NoActivity";
    return [
      `- name: ${group.name}`,
      ...section("health", health, 1),
      ...section("scaleUp", [`status: ${up_}`], 1),
      ...section("scaleDown", scaleDown(candidates.get(group.name) ?? 0), 1),
    ];
  });
  return [
    "autoscalerStatus: Running",
    "clusterWide:",
    ...section("health", ["status: Healthy", ...counts(ready, unready, upcoming)], 1),
    ...section("scaleUp", [`status: ${upcoming > 0 ? "InProgress" : "NoActivity"}`], 1),
    ...section("scaleDown", scaleDown(all), 1),
    "nodeGroups:",
    ...groups,
    "",
  ].join("\n");
}

const section = (name: string, lines: readonly string[], depth: number): string[] => [
  `${"  ".repeat(depth)}${name}:`,
  ...lines.map((line) => `${"  ".repeat(depth + 1)}${line}`),
];
