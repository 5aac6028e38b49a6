import type { JsonObject } from "../../../../sim/k8s/index.js";

/** Bodies that kubectl 1.32.4 sent, as recorded between it and a server, and what each says. */
export const kubectlBodies: readonly {
  readonly command: string;
  readonly struct: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** Base64. */
  readonly body: string;
  readonly says: JsonObject;
}[] = [
  {
    command: "create deployment g1 --image=nginx:1.27 --replicas=0 --port=80",
    struct: "apps.Deployment",
    apiVersion: "apps/v1",
    kind: "Deployment",
    body: "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErkBCh0KAmcxEgAaACIAKgAyADgAQgBaCQoDYXBwEgJnMRKJAQgAEgsKCQoDYXBwEgJnMRpwChsKABIAGgAiACoAMgA4AEIAWgkKA2FwcBICZzESURIzCgVuZ2lueBIKbmdpbng6MS4yNyoAMgoKABAAGFAiACoAQgBqAHIAgAEAiAEAkAEAogEAGgAyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBACICCgAoADgAGgwIABAAGAAgACgAOAAaACIA",
    says: {
      metadata: { name: "g1", labels: { app: "g1" } },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: "g1" } },
        template: {
          metadata: { labels: { app: "g1" } },
          spec: { containers: [{ name: "nginx", image: "nginx:1.27", ports: [{ containerPort: 80 }] }] },
        },
      },
    },
  },
  {
    command: "create secret generic g2 --from-literal=word=hunter2",
    struct: "core.Secret",
    apiVersion: "v1",
    kind: "Secret",
    body: "azhzAAoMCgJ2MRIGU2VjcmV0EicKEgoCZzISABoAIgAqADIAOABCABIPCgR3b3JkEgdodW50ZXIyGgAaACIA",
    says: { metadata: { name: "g2" }, data: { word: "aHVudGVyMg==" } },
  },
  {
    command: "create cronjob g3 --image=busybox --schedule='*/5 * * * *' -- date",
    struct: "batch.CronJob",
    apiVersion: "batch/v1",
    kind: "CronJob",
    body: "azhzAAoTCghiYXRjaC92MRIHQ3JvbkpvYhKkAQoSCgJnMxIAGgAiACoAMgA4AEIAEosBCgsqLzUgKiAqICogKhoAKnoKEgoCZzMSABoAIgAqADIAOABCABJkMmIKEAoAEgAaACIAKgAyADgAQgASThInCgJnMxIHYnVzeWJveBoEZGF0ZSoAQgBqAHIAgAEAiAEAkAEAogEAGglPbkZhaWx1cmUyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBABoAGgAiAA==",
    says: {
      metadata: { name: "g3" },
      spec: {
        schedule: "*/5 * * * *",
        jobTemplate: {
          metadata: { name: "g3" },
          spec: {
            template: {
              spec: { containers: [{ name: "g3", image: "busybox", command: ["date"] }], restartPolicy: "OnFailure" },
            },
          },
        },
      },
    },
  },
  {
    command: "create pdb g4 --selector=app=g --max-unavailable=50%",
    struct: "policy.PodDisruptionBudget",
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    body: "azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSOQoSCgJnNBIAGgAiACoAMgA4AEIAEhcSCgoICgNhcHASAWcaCQgBEAAaAzUwJRoKCAAYACAAKAAwABoAIgA=",
    says: {
      metadata: { name: "g4" },
      spec: { selector: { matchLabels: { app: "g" } }, maxUnavailable: "50%" },
      status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
    },
  },
  {
    command: "create quota g5 --hard=pods=10,cpu=1500m",
    struct: "core.ResourceQuota",
    apiVersion: "v1",
    kind: "ResourceQuota",
    body: "azhzAAoTCgJ2MRINUmVzb3VyY2VRdW90YRI2ChIKAmc1EgAaACIAKgAyADgAQgASHgoOCgNjcHUSBwoFMTUwMG0KDAoEcG9kcxIECgIxMBoAGgAiAA==",
    says: { metadata: { name: "g5" }, spec: { hard: { cpu: "1500m", pods: "10" } } },
  },
  {
    command: "create token default --duration=1h",
    struct: "authentication.TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    body: "azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIdChAKABIAGgAiACoAMgA4AEIAEgMgkBwaBAoAEgAaACIA",
    says: { spec: { expirationSeconds: 3600 }, status: { token: "" } },
  },
  {
    command: "auth can-i create pods",
    struct: "authorization.SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    body: "azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPwoQCgASABoAIgAqADIAOABCABIhCh8KB2RlZmF1bHQSBmNyZWF0ZRoAIgAqBHBvZHMyADoAGggIABIAGgAgABoAIgA=",
    says: {
      spec: { resourceAttributes: { namespace: "default", verb: "create", resource: "pods" } },
      status: { allowed: false },
    },
  },
  {
    command: "autoscale deploy g1 --max=4",
    struct: "autoscaling1.HorizontalPodAutoscaler",
    apiVersion: "autoscaling/v1",
    kind: "HorizontalPodAutoscaler",
    body: "azhzAAopCg5hdXRvc2NhbGluZy92MRIXSG9yaXpvbnRhbFBvZEF1dG9zY2FsZXISOQoSCgJnMRIAGgAiACoAMgA4AEIAEh0KGQoKRGVwbG95bWVudBICZzEaB2FwcHMvdjEYBBoEGAAgABoAIgA=",
    says: {
      metadata: { name: "g1" },
      spec: { scaleTargetRef: { kind: "Deployment", name: "g1", apiVersion: "apps/v1" }, maxReplicas: 4 },
      status: { currentReplicas: 0, desiredReplicas: 0 },
    },
  },
  {
    command: "create ingress g6 --rule=a.b/x=web:80",
    struct: "networking.Ingress",
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    body: "azhzAAofChRuZXR3b3JraW5nLms4cy5pby92MRIHSW5ncmVzcxJBChIKAmc2EgAaACIAKgAyADgAQgASJxolCgNhLmISHgocChoKAi94Eg0iCwoDd2ViEgQKABBQGgVFeGFjdBoCCgAaACIA",
    says: {
      metadata: { name: "g6" },
      spec: {
        rules: [
          {
            host: "a.b",
            http: {
              paths: [{ path: "/x", backend: { service: { name: "web", port: { number: 80 } } }, pathType: "Exact" }],
            },
          },
        ],
      },
    },
  },
  {
    command: "create service nodeport g7 --tcp=80:8080",
    struct: "core.Service",
    apiVersion: "v1",
    kind: "Service",
    body: "azhzAAoNCgJ2MRIHU2VydmljZRJlCh0KAmc3EgAaACIAKgAyADgAQgBaCQoDYXBwEgJnNxJAChsKBzgwLTgwODASA1RDUBhQIgcIABCQPxoAKAASCQoDYXBwEgJnNxoAIghOb2RlUG9ydDoAQgBSAFoAYABoABoCCgAaACIA",
    says: {
      metadata: { name: "g7", labels: { app: "g7" } },
      spec: {
        ports: [{ name: "80-8080", protocol: "TCP", port: 80, targetPort: 8080 }],
        selector: { app: "g7" },
        type: "NodePort",
      },
    },
  },
  {
    command: "create priorityclass g8 --value=-10",
    struct: "scheduling.PriorityClass",
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    body: "azhzAAolChRzY2hlZHVsaW5nLms4cy5pby92MRINUHJpb3JpdHlDbGFzcxI5ChIKAmc4EgAaACIAKgAyADgAQgAQ9v//////////ARgAIgAqFFByZWVtcHRMb3dlclByaW9yaXR5GgAiAA==",
    says: { metadata: { name: "g8" }, value: -10, preemptionPolicy: "PreemptLowerPriority" },
  },
];
