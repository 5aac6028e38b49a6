/**
 * What strings must look like, and how Kubernetes words it where one doesn't (apimachinery, `pkg/util/validation`). A check gives
 * the complaints; none where the value is right.
 */
type Check = (value: string) => readonly string[];

/** The characters between which text must lie are in the pattern; `examples` are what the message shows. */
function pattern(message: string, source: string, examples: readonly string[], most?: number): Check {
  const expression = new RegExp(`^(?:${source})$`);
  const shown = examples.map((example) => `'${example}'`).join(",  or ");
  const complaint = `${message} (e.g. ${shown}, regex used for validation is '${source}')`;
  return (value) => {
    const complaints = most !== undefined && value.length > most ? [`must be no more than ${most} characters`] : [];
    return expression.test(value) ? complaints : [...complaints, complaint];
  };
}

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const qualified = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const alphanumeric = "must consist of lower case alphanumeric characters";
const qualifiedMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

const dnsLabel: Check = pattern(
  `a lowercase RFC 1123 label ${alphanumeric} or '-', and must start and end with an alphanumeric character`,
  label,
  ["my-name", "123-abc"],
  63,
);
export const dnsSubdomain: Check = pattern(
  `a lowercase RFC 1123 subdomain ${alphanumeric}, '-' or '.', and must start and end with an alphanumeric character`,
  `${label}(\\.${label})*`,
  ["example.com"],
  253,
);
const dns1035Label: Check = pattern(
  `a DNS-1035 label ${alphanumeric} or '-', start with an alphabetic character, and end with an alphanumeric character`,
  "[a-z]([-a-z0-9]*[a-z0-9])?",
  ["my-name", "abc-123"],
  63,
);
const qualifiedPart = pattern(qualifiedMessage, qualified, ["MyName", "my.name", "123-abc"], 63);

/** A key of labels, annotations, taints: `example.com/name`. */
export const labelKey: Check = (value) => {
  const parts = value.split("/");
  const [first = "", second] = parts;
  if (parts.length > 2)
    return [
      `a qualified name ${qualifiedPart("")[0] ?? ""} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  const name = second ?? first;
  const complaints = second === undefined ? [] : first === "" ? ["must be non-empty"] : dnsSubdomain(first);
  return [
    ...complaints.map((text) => `prefix part ${text}`),
    ...(name === "" ? ["name part must be non-empty"] : []),
    ...qualifiedPart(name).map((text) => `name part ${text}`),
  ];
};

export const labelValue: Check = pattern(
  `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
  `(${qualified})?`,
  ["MyValue", "my_value", "12345"],
  63,
);

const portName: Check = (value) => [
  ...(value.length > 15 ? ["must be no more than 15 characters"] : []),
  ...(/^[-a-z0-9]*$/.test(value) ? [] : ["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"]),
  ...(/[a-z]/.test(value) ? [] : ["must contain at least one letter (a-z)"]),
  ...(value.includes("--") ? ["must not contain consecutive hyphens"] : []),
  ...(/^-|-$/.test(value) ? ["must not begin or end with a hyphen"] : []),
];

const isIpv4 = (value: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(value) && value.split(".").every((part) => Number(part) < 256 && !/^0\d/.test(part));
const isIpv6 = (value: string): boolean =>
  /^[0-9a-fA-F:.]+$/.test(value) && /:.*:/.test(value) && !/:::|::.*::/.test(value) && value.split(":").length <= 9;

const ip: Check = (value) =>
  isIpv4(value) || isIpv6(value) ? [] : ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];

const cidr: Check = (value) => {
  const [address = "", length = ""] = value.split("/");
  const most = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1;
  return /^\d{1,3}$/.test(length) && Number(length) <= most
    ? []
    : ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"];
};

/** The five fields of cron's tables, or `@hourly` and its like (robfig/cron's grammar, which the CronJob controller reads). */
const cron: Check = (value) => {
  if (/^@(yearly|annually|monthly|weekly|daily|midnight|hourly|every \d+[smh]\S*)$/.test(value)) return [];
  const fields = value.trim().split(/\s+/);
  if (fields.length !== 5) return [`expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`];
  const part = /^(\*|\?|[\dA-Za-z]+(-[\dA-Za-z]+)?)(\/\d+)?$/;
  const wrong = fields.find((field) => !field.split(",").every((item) => part.test(item)));
  return wrong === undefined
    ? []
    : [`failed to parse int from ${wrong}: strconv.Atoi: parsing "${wrong}": invalid syntax`];
};

/** The formats that field tables name. */
export const formats: ReadonlyMap<string, Check> = new Map([
  ["dns-label", dnsLabel],
  ["dns-subdomain", dnsSubdomain],
  ["dns-1035-label", dns1035Label],
  ["label-key", labelKey],
  ["label-value", labelValue],
  ["port-name", portName],
  [
    "env-name",
    (value: string) =>
      /^[\x20-\x7e]+$/.test(value) && !value.includes("=")
        ? []
        : ["a valid environment variable name must consist only of printable ASCII characters other than '='"],
  ],
  [
    "config-key",
    pattern(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
      "[-._a-zA-Z0-9]+",
      ["key.name", "KEY_NAME", "key-name"],
      253,
    ),
  ],
  ["ip", ip],
  ["cidr", cidr],
  ["cron", cron],
  ["nonblank", (value: string) => (value === "" ? ["must not be empty"] : [])],
  ["port", (value: string) => portName(value)],
]);
