import { child, type FieldErrors } from "../field-error.js";
import { dnsSubdomain } from "../formats.js";
import { isObject, listAt, numberAt, objectAt, stringAt } from "../value.js";
import type { Rule, Rules } from "./rule.js";

/** What nobody may mean in a path (kubernetes, `pkg/apis/networking/validation`). */
const badParts = ["//", "/./", "/../", "%2f", "%2F"];
const badEnds = ["/..", "/."];

const path: Rule = (value, at, errors) => {
  const type = stringAt(value, "pathType");
  const text = stringAt(value, "path") ?? "";
  if (type === "Exact" || type === "Prefix") {
    if (!text.startsWith("/")) errors.invalid(child(at, "path"), text, "must be an absolute path");
    for (const bad of badParts)
      if (text.includes(bad)) errors.invalid(child(at, "path"), text, `must not contain '${bad}'`);
    for (const bad of badEnds)
      if (text.endsWith(bad)) errors.invalid(child(at, "path"), text, `cannot end with '${bad}'`);
  } else if (text !== "" && !text.startsWith("/")) errors.invalid(child(at, "path"), text, "must be an absolute path");
};

const backend: Rule = (value, at, errors) => {
  const service = value["service"];
  const resource = value["resource"];
  if (service !== undefined && resource !== undefined)
    errors.invalid(at, "", "cannot set both resource and service backends");
  else if (service === undefined && resource === undefined)
    errors.required(at, "resource or service backend is required");
  else if (isObject(service)) {
    const name = stringAt(service, "port", "name") ?? "";
    const number = numberAt(service, "port", "number") ?? 0;
    const where = child(at, "service");
    if (name !== "" && number !== 0) errors.invalid(where, "", "cannot set both port name & port number");
    else if (number < 0 || number > 65_535)
      errors.invalid(child(where, "port.number"), number, "must be between 1 and 65535, inclusive");
    else if (name === "" && number === 0) errors.required(where, "port name or number is required");
  }
};

/** A name, or one whose first label is `*`. */
function host(text: string, at: string, errors: FieldErrors): void {
  if (/^\d+(?:\.\d+){3}$/.test(text)) errors.invalid(at, text, "must be a DNS name, not an IP address");
  else if (!text.includes("*")) for (const complaint of dnsSubdomain(text)) errors.invalid(at, text, complaint);
  else if (!text.startsWith("*.") || dnsSubdomain(text.slice(2)).length > 0)
    errors.invalid(
      at,
      text,
      `a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    );
}

const spec: Rule = (value, at, errors) => {
  if (listAt(value, "rules").length === 0 && value["defaultBackend"] === undefined)
    errors.invalid(at, value, "either `defaultBackend` or `rules` must be specified");
  listAt(value, "rules").forEach((rule, place) => {
    const text = stringAt(rule, "host") ?? "";
    if (text !== "") host(text, `${child(at, "rules")}[${place}].host`, errors);
  });
  listAt(value, "tls").forEach((tls, place) => {
    listAt(tls, "hosts").forEach((each, i) => {
      if (typeof each === "string") host(each, `${child(at, "tls")}[${place}].hosts[${i}]`, errors);
    });
  });
};

const annotation = "kubernetes.io/ingress.class";

const ingress: Rule = (value, at, errors) => {
  const annotated = objectAt(value, "metadata", "annotations")[annotation];
  if (annotated !== undefined && stringAt(value, "spec", "ingressClassName") !== undefined)
    errors.invalid(
      `${child(at, "metadata")}.annotations`,
      annotated,
      "can not be set when the class field is also set",
    );
};

const group = "io.k8s.api.networking.v1";

/** What holds between the fields of an Ingress (kubernetes, `pkg/apis/networking/validation/validation.go`). */
export const ingressRules: Rules<Rule> = [
  [`${group}.Ingress`, ingress],
  [`${group}.IngressSpec`, spec],
  [`${group}.IngressBackend`, backend],
  [`${group}.HTTPIngressPath`, path],
];
