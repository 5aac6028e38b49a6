import { expect, test } from "vitest";
import { at, type JsonObject } from "../../../sim/k8s/objects/value.js";
import { pod, pods, ready } from "./client.js";

const message = (object: JsonObject | undefined): unknown => object?.["message"];

test("a pod comes back with its defaults, a uid, a revision and its account's token", () => {
  const { post } = ready();
  const made = post(pods, pod("web"));
  expect(made.status).toBe(201);
  expect(made.object).toMatchObject({
    kind: "Pod",
    apiVersion: "v1",
    metadata: { namespace: "default", creationTimestamp: "2025-01-01T00:00:00Z" },
    spec: {
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      schedulerName: "default-scheduler",
      serviceAccountName: "default",
      priority: 0,
      containers: [{ imagePullPolicy: "IfNotPresent", terminationMessagePath: "/dev/termination-log" }],
    },
    status: { phase: "Pending", qosClass: "BestEffort" },
  });
  expect(at(made.object, "metadata", "uid")).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  expect(Number(at(made.object, "metadata", "resourceVersion"))).toBeGreaterThan(1);
});

test("what is invalid is named field by field, in the words of Kubernetes", () => {
  const { post } = ready();
  const wrong = post(pods, {
    metadata: { name: "Web" },
    spec: {
      restartPolicy: "Sometimes",
      containers: [
        {
          name: "a",
          image: "x",
          ports: [{ containerPort: 70_000 }],
          volumeMounts: [{ name: "none", mountPath: "/a" }],
        },
        { name: "a" },
      ],
    },
  });
  expect(wrong.status).toBe(422);
  expect(wrong.object).toMatchObject({
    kind: "Status",
    status: "Failure",
    reason: "Invalid",
    code: 422,
    details: { name: "Web", kind: "Pod" },
  });
  const causes = at(wrong.object, "details", "causes");
  expect(causes).toEqual(
    expect.arrayContaining([
      {
        reason: "FieldValueNotSupported",
        field: "spec.restartPolicy",
        message: 'Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
      },
      {
        reason: "FieldValueInvalid",
        field: "spec.containers[0].ports[0].containerPort",
        message: "Invalid value: 70000: must be between 1 and 65535, inclusive",
      },
      { reason: "FieldValueNotFound", field: "spec.containers[0].volumeMounts[0].name", message: 'Not found: "none"' },
      { reason: "FieldValueDuplicate", field: "spec.containers[1].name", message: 'Duplicate value: "a"' },
      { reason: "FieldValueRequired", field: "spec.containers[1].image", message: "Required value" },
    ]),
  );
});

test("an absent struct is checked as if it were empty, as Go's zero values are", () => {
  const { post } = ready();
  const wrong = post("/apis/apps/v1/namespaces/default/deployments", { metadata: { name: "a" }, spec: {} });
  expect(at(wrong.object, "details", "causes")).toEqual(
    expect.arrayContaining([
      { reason: "FieldValueRequired", field: "spec.selector", message: "Required value" },
      { reason: "FieldValueRequired", field: "spec.template.spec.containers", message: "Required value" },
    ]),
  );
});

test.each([
  [
    { spec: { containers: 3 } },
    'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field PodSpec.spec.containers of type []v1.Container',
  ],
  [
    { spec: { containers: [{ name: 1 }] } },
    'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string',
  ],
  [
    { kind: "Service" },
    'Service in version "v1" cannot be handled as a Pod: converting (v1).Service to (v1).Pod: unknown conversion',
  ],
])("%j is refused: %s", (body, words) => {
  const { post } = ready();
  const wrong = post(pods, body);
  expect(wrong.status).toBe(400);
  expect(message(wrong.object)).toBe(words);
});

test("unknown fields are warned of, refused or let pass, as the client asks", () => {
  const { post, get } = ready();
  const odd = { metadata: { name: "a" }, dota: { a: "1" }, data: { b: "2" } };
  const path = "/api/v1/namespaces/default/configmaps";
  const strict = post(`${path}?fieldValidation=Strict`, odd);
  expect(strict.status).toBe(400);
  expect(message(strict.object)).toBe(
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dota"',
  );
  const warned = post(path, odd);
  expect(warned.status).toBe(201);
  expect(warned.headers["warning"]).toBe('299 - "unknown field \\"dota\\""');
  expect(get(`${path}/a`)).not.toHaveProperty("dota");
  const ignored = post(`${path}?fieldValidation=Ignore`, { ...odd, metadata: { name: "b" } });
  expect([ignored.status, ignored.headers["warning"]]).toEqual([201, undefined]);
});

test("a service gets an address and ports that nobody else has, and keeps them", () => {
  const { post, get, patch } = ready();
  const path = "/api/v1/namespaces/default/services";
  const service = (name: string, more: JsonObject): JsonObject => ({
    metadata: { name },
    spec: { ports: [{ port: 80 }], ...more },
  });
  post(path, service("a", { type: "NodePort" }));
  const a = get(`${path}/a`);
  expect(at(a, "spec", "clusterIP")).toMatch(/^10\.(9[6-9]|10\d|11[01])\./);
  expect(a).toMatchObject({
    spec: { ipFamilies: ["IPv4"], sessionAffinity: "None", ports: [{ port: 80, targetPort: 80, protocol: "TCP" }] },
  });
  const taken = post(path, service("b", { clusterIP: at(a, "spec", "clusterIP") }));
  expect(taken.status).toBe(422);
  expect(message(taken.object)).toContain("provided IP is already allocated");
  patch(`${path}/a`, "application/merge-patch+json", { spec: { selector: { app: "x" } } });
  expect(at(get(`${path}/a`), "spec", "ports")).toEqual(at(a, "spec", "ports"));
  expect(post(path, service("c", { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] })).status).toBe(422);
});

test("a kind's other versions are the same objects, converted", () => {
  const { post, get } = ready();
  const spec = {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" },
    maxReplicas: 5,
    targetCPUUtilizationPercentage: 60,
  };
  const path = "namespaces/default/horizontalpodautoscalers";
  expect(post(`/apis/autoscaling/v1/${path}`, { metadata: { name: "h" }, spec }).status).toBe(201);
  expect(get(`/apis/autoscaling/v2/${path}/h`)).toMatchObject({
    apiVersion: "autoscaling/v2",
    spec: {
      minReplicas: 1,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } } },
      ],
    },
  });
  expect(get(`/apis/autoscaling/v1/${path}/h`)).toMatchObject({
    apiVersion: "autoscaling/v1",
    spec: { targetCPUUtilizationPercentage: 60 },
  });
  const cron = {
    metadata: { name: "c" },
    spec: {
      schedule: "*/5 * * * *",
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "a", image: "b" }] } } },
      },
    },
  };
  expect(post("/apis/batch/v1beta1/namespaces/default/cronjobs", cron).status).toBe(201);
  expect(get("/apis/batch/v1/namespaces/default/cronjobs/c")).toMatchObject({
    apiVersion: "batch/v1",
    spec: { concurrencyPolicy: "Allow" },
  });
});
