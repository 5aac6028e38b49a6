import { child } from "../field-error.js";
import { at, listAt, stringAt } from "../value.js";
import { fixed } from "./pod.js";
import type { Rule, Rules, UpdateRule } from "./rule.js";

const core = "io.k8s.api.core.v1";

const serviceSpec: Rule = (spec, path, errors) => {
  const type = stringAt(spec, "type");
  const ports = listAt(spec, "ports");
  if (type === "ExternalName") {
    if ((stringAt(spec, "externalName") ?? "") === "") errors.required(child(path, "externalName"));
    return;
  }
  const headless = spec["clusterIP"] === "None";
  if (ports.length === 0 && !headless) errors.required(child(path, "ports"));
  const names = new Set<string>();
  const numbers = new Set<string>();
  ports.forEach((port, i) => {
    const here = `${child(path, "ports")}[${i}]`;
    const name = stringAt(port, "name") ?? "";
    if (name === "" && ports.length > 1) errors.required(`${here}.name`);
    else if (names.has(name)) errors.duplicate(`${here}.name`, name);
    names.add(name);
    const number = JSON.stringify([at(port, "port"), stringAt(port, "protocol")]);
    if (numbers.has(number)) errors.duplicate(here, port);
    numbers.add(number);
  });
  const address = stringAt(spec, "clusterIP") ?? "";
  if (address !== "" && !headless && !/^(\d{1,3}\.){3}\d{1,3}$/.test(address) && !address.includes(":")) {
    errors.invalid(
      child(path, "clusterIPs[0]"),
      address,
      "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
    );
  }
};

const service: UpdateRule = (object, old, errors) => {
  if (stringAt(object, "spec", "type") !== "ExternalName" && stringAt(old, "spec", "type") !== "ExternalName") {
    fixed(object, old, ["spec", "clusterIP"], errors);
  }
};

export const serviceRules: Rules<Rule> = [[`${core}.ServiceSpec`, serviceSpec]];
export const serviceUpdate: Rules<UpdateRule> = [[`${core}.Service`, service]];
