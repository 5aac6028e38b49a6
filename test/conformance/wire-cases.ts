import fc from "fast-check";
import { createSigner } from "../../kernel/wire/signing.js";

/** What a hostile or broken client sends: a channel and frames. */
export interface WireCase {
  readonly channel: "shell" | "control" | "stdin" | "hb" | "iopub";
  readonly frames: readonly Buffer[];
}

const delimiter = Buffer.from("<IDS|MSG>");
const channel = fc.constantFrom("shell", "control", "stdin", "hb", "iopub" as const);

/** Every type that a kernel knows, and some that none does. */
const types = [
  ...["execute_request", "inspect_request", "complete_request", "history_request", "is_complete_request"],
  ...["comm_info_request", "kernel_info_request", "interrupt_request", "shutdown_request", "create_subshell_request"],
  ...["delete_subshell_request", "list_subshell_request", "usage_request", "debug_request", "input_reply"],
  ...["comm_open", "comm_msg", "comm_close", "execute_reply", "", "__proto__", "toString", "nonsense_request"],
];

/** Cells that do no harm, whatever their request says besides. */
const codes = fc.constantFrom(
  ...[
    "",
    "1 + 1",
    "let = = 1",
    "((((((((",
    "(".repeat(20_000),
    "'\ud83d",
    "a?.b",
    "nothing?",
    "?Math",
    "%lsmagic",
    "%%time\n1",
  ],
  ...[
    "throw 1",
    "await 0",
    "prompt('?')",
    "const 🚀 = 1",
    "'\\u{1F680}'",
    "/* never closed",
    "`${",
    "\u0000",
    "// \u2028 1",
  ],
);

const deep = (open: string, close: string): fc.Arbitrary<string> =>
  fc.constantFrom(10, 1_000, 50_000).map((depth) => open.repeat(depth) + "1" + close.repeat(depth));
const json = fc.oneof(
  { weight: 8, arbitrary: fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: deep("[", "]") },
  { weight: 1, arbitrary: deep('{"a":', "}") },
);
const object = fc.oneof(
  fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })).map((value) => JSON.stringify(value)),
  json,
);

const names = [
  ...["cursor_pos", "detail_level", "silent", "store_history", "user_expressions", "allow_stdin", "stop_on_error"],
  ...[
    "hist_access_type",
    "session",
    "start",
    "stop",
    "n",
    "pattern",
    "unique",
    "output",
    "raw",
    "target_name",
    "comm_id",
  ],
  ...["data", "value", "subshell_id"],
];
const values: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom("range", "tail", "search", "*", "[", "c", true, false, null, 0, 1, -1, 1.5, 1e300, "__proto__"),
);
const fields = fc.dictionary(fc.constantFrom(...names), values);

/** A request of the right form, whose fields may be anything. */
const content = fc.record({ fields, code: fc.option(codes, { nil: 7 }), type: fc.constantFrom(...types) });

let count = 0;
/** Signed rightly, so that it reaches what reads it. */
function signed(key: string, parts: readonly (string | Buffer)[], buffers: readonly Uint8Array[] = []): Buffer[] {
  const frames = parts.map((part) => Buffer.from(part));
  const signature = Buffer.from(createSigner("hmac-sha256", key).sign(frames));
  return [delimiter, signature, ...frames, ...buffers.map((each) => Buffer.from(each))];
}
function header(msg_type: unknown, more: object = {}): string {
  const date = new Date(0).toISOString();
  return JSON.stringify({
    msg_id: `fuzz-${++count}`,
    session: "fuzz",
    username: "u",
    date,
    version: "5.5",
    msg_type,
    ...more,
  });
}

/** @param key the connection's */
export function wireCases(key: string): fc.Arbitrary<WireCase> {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each));
  const random = fc.array(fc.oneof(bytes, fc.constant(delimiter)), { maxLength: 9 });
  const requests = fc
    .record({
      content,
      parent: object,
      metadata: object,
      buffers: fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 }),
      subshell: fc.option(values),
    })
    .map(({ content: { fields: all, code, type }, parent, metadata, buffers, subshell }) => {
      // One that shuts the kernel down rightly is no fault.
      const whole = { ...all, code, ...(type === "shutdown_request" ? { restart: "perhaps" } : {}) };
      const head = header(type, subshell === null ? {} : { subshell_id: subshell });
      return signed(key, [head, parent, metadata, JSON.stringify(whole)], buffers);
    });
  const comms = fc
    .record({ type: fc.constantFrom("comm_open", "comm_msg", "comm_close"), data: object })
    .map(({ type, data }) =>
      signed(key, [header(type), "{}", "{}", `{"comm_id":"c","target_name":"t","data":${data}}`]),
    );
  const malformed = fc
    .tuple(fc.array(fc.oneof(json, object, bytes), { minLength: 0, maxLength: 6 }), fc.nat())
    .map(([parts, seed]) => signed(key, seed % 2 === 0 ? [header("execute_request"), ...parts.slice(1)] : parts));
  const strangeHeaders = fc
    .record({ type: values, id: values, date: values, session: values, extra: json })
    .map(({ type, id, date, session, extra }) =>
      signed(key, [
        `${header(type, { msg_id: id, date, session }).slice(0, -1)},"extra":${extra}}`,
        ...["{}", "{}", '{"code":"1"}'],
      ]),
    );
  const truncated = fc
    .tuple(requests, fc.nat(), fc.nat())
    .map(([frames, which, at]) =>
      frames.map((frame, index) =>
        index === which % frames.length ? frame.subarray(0, at % (frame.length + 1)) : frame,
      ),
    );
  const flipped = fc.tuple(requests, fc.nat(), fc.nat()).map(([frames, which, at]) => {
    const copies = frames.map((frame) => Buffer.from(frame));
    const frame = copies[which % copies.length];
    if (frame !== undefined && frame.length > 0) frame[at % frame.length]! ^= 1 << (at % 8);
    return copies;
  });
  const unsigned = requests.map(([first, , ...rest]) => [first ?? delimiter, Buffer.from("0".repeat(64)), ...rest]);
  const giant = fc
    .constantFrom(1_000_000, 5_000_000)
    .map((size) =>
      signed(key, [header("is_complete_request"), "{}", "{}", JSON.stringify({ code: "a ".repeat(size / 2) })]),
    );
  const frames = fc.oneof(
    { weight: 100, arbitrary: random },
    { weight: 200, arbitrary: requests },
    { weight: 50, arbitrary: comms },
    { weight: 100, arbitrary: malformed },
    { weight: 100, arbitrary: strangeHeaders },
    { weight: 100, arbitrary: truncated },
    { weight: 100, arbitrary: flipped },
    { weight: 100, arbitrary: unsigned },
    { weight: 1, arbitrary: giant },
  );
  return fc.record({ channel, frames });
}
