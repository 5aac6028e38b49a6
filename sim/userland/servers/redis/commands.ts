import { array, bulk, failure, integer, nil, ok, status, type Reply } from "./resp.js";
import type { Entry, Value } from "./dump.js";

/** What commands work on. */
export interface Keyspace {
  readonly entries: Map<string, Entry>;
  /** In milliseconds since 1970. */
  now: number;
  /** Changes since the last dump. */
  dirty: number;
}

interface Row {
  /** How many words it takes, its name with them; at least so many where negative: `COMMAND INFO`'s arity. */
  readonly arity: number;
  readonly run: (space: Keyspace, words: readonly string[]) => Reply;
}

const wrongType = failure("WRONGTYPE Operation against a key holding the wrong kind of value");
const notInteger = failure("ERR value is not an integer or out of range");
const syntax = failure("ERR syntax error");

/** A key's entry; one that has expired is gone. */
function look(space: Keyspace, key: string): Entry | undefined {
  const entry = space.entries.get(key);
  if (entry?.expires === undefined || entry.expires > space.now) return entry;
  space.entries.delete(key);
  return undefined;
}

/** A value of one kind: undefined where the key is absent, "wrong" where it is of another kind. */
function valueAt<T extends Value>(
  space: Keyspace,
  key: string,
  is: (value: Value) => value is T,
): T | undefined | "wrong" {
  const entry = look(space, key);
  if (entry === undefined) return undefined;
  return is(entry.value) ? entry.value : "wrong";
}

const isText = (value: Value): value is string => typeof value === "string";
const isList = (value: Value): value is string[] => Array.isArray(value);
const isHash = (value: Value): value is Map<string, string> => value instanceof Map;
const isSet = (value: Value): value is Set<string> => value instanceof Set;

/** A collection that is made where it is absent, and that goes when it is empty. */
function change<T extends string[] | Map<string, string> | Set<string>>(
  space: Keyspace,
  key: string,
  is: (value: Value) => value is T,
  make: () => T,
  act: (value: T) => Reply,
): Reply {
  const found = valueAt(space, key, is);
  if (found === "wrong") return wrongType;
  const value = found ?? make();
  const reply = act(value);
  const size = Array.isArray(value) ? value.length : value.size;
  if (size === 0) space.entries.delete(key);
  else if (found === undefined) space.entries.set(key, { value, expires: undefined });
  space.dirty++;
  return reply;
}

function add(space: Keyspace, key: string, by: number): Reply {
  const found = valueAt(space, key, isText);
  if (found === "wrong") return wrongType;
  if (!Number.isSafeInteger(by) || (found !== undefined && !/^-?\d{1,15}$/.test(found))) return notInteger;
  const value = Number(found ?? 0) + by;
  space.entries.set(key, { value: String(value), expires: look(space, key)?.expires });
  space.dirty++;
  return integer(value);
}

function set(space: Keyspace, [, key = "", value = "", ...options]: readonly string[]): Reply {
  let expires: number | undefined;
  let only: "NX" | "XX" | undefined;
  let keeps = false;
  for (let at = 0; at < options.length; at++) {
    const option = options[at]?.toUpperCase();
    if (option === "NX" || option === "XX") only = option;
    else if (option === "KEEPTTL") keeps = true;
    else if (option === "EX" || option === "PX") {
      const time = Number(options[++at]);
      if (!Number.isInteger(time)) return notInteger;
      if (time <= 0) return failure("ERR invalid expire time in 'set' command");
      expires = space.now + time * (option === "EX" ? 1000 : 1);
    } else return syntax;
  }
  const before = look(space, key);
  if (only !== undefined && (before === undefined) !== (only === "NX")) return nil;
  space.entries.set(key, { value, expires: keeps ? before?.expires : expires });
  space.dirty++;
  return ok;
}

function expire(space: Keyspace, key: string, at: number): Reply {
  const entry = look(space, key);
  if (Number.isNaN(at)) return notInteger;
  if (entry === undefined) return integer(0);
  if (at <= space.now) space.entries.delete(key);
  else entry.expires = at;
  space.dirty++;
  return integer(1);
}

const remaining = (space: Keyspace, key: string): number => {
  const entry = look(space, key);
  return entry === undefined ? -2 : entry.expires === undefined ? -1 : entry.expires - space.now;
};

/** A glob pattern of KEYS as an expression. */
function globOf(pattern: string): RegExp {
  const text = pattern.replace(/\\(.)|\[[^\]]*\]|[*?]|[.+^${}()|\\/]/g, (one, escaped: string | undefined) => {
    if (escaped !== undefined) return `\\${escaped}`;
    return one === "*" ? ".*" : one === "?" ? "." : one.startsWith("[") ? one : `\\${one}`;
  });
  return new RegExp(`^${text}$`, "s");
}

function range(list: readonly string[], first: number, last: number): readonly string[] {
  const at = (index: number): number => (index < 0 ? index + list.length : index);
  return list.slice(Math.max(0, at(first)), at(last) + 1);
}

const push =
  (front: boolean) =>
  (space: Keyspace, [, key = "", ...items]: readonly string[]): Reply =>
    change(
      space,
      key,
      isList,
      () => [],
      (list) => {
        if (front) list.unshift(...items.toReversed());
        else list.push(...items);
        return integer(list.length);
      },
    );

const pop =
  (front: boolean) =>
  (space: Keyspace, [, key = ""]: readonly string[]): Reply =>
    change(
      space,
      key,
      isList,
      () => [],
      (list) => bulk(front ? list.shift() : list.pop()),
    );

const count = (keys: readonly string[], act: (key: string) => boolean): Reply => integer(keys.filter(act).length);

const hash = (space: Keyspace, key: string, show: (value: ReadonlyMap<string, string>) => Reply): Reply => {
  const found = valueAt(space, key, isHash);
  return found === "wrong" ? wrongType : show(found ?? new Map());
};

/** Commands on keys, of redis.io/docs/latest/commands; those of connections and the server are the server's. */
export const keyCommands: Readonly<Record<string, Row>> = {
  get: {
    arity: 2,
    run(space, [, key = ""]) {
      const found = valueAt(space, key, isText);
      return found === "wrong" ? wrongType : bulk(found);
    },
  },
  set: { arity: -3, run: set },
  setnx: {
    arity: 3,
    run: (space, [, key = "", value = ""]) => integer(set(space, ["", key, value, "NX"]) === ok ? 1 : 0),
  },
  setex: { arity: 4, run: (space, [, key = "", time = "", value = ""]) => set(space, ["", key, value, "EX", time]) },
  mget: {
    arity: -2,
    run: (space, [, ...keys]) =>
      array(keys.map((key) => valueAt(space, key, isText)).map((one) => (one === "wrong" ? nil : bulk(one)))),
  },
  mset: {
    arity: -3,
    run(space, [, ...pairs]) {
      if (pairs.length % 2 === 1) return failure("ERR wrong number of arguments for 'mset' command");
      for (let at = 0; at < pairs.length; at += 2) set(space, ["", pairs[at] ?? "", pairs[at + 1] ?? ""]);
      return ok;
    },
  },
  append: {
    arity: 3,
    run(space, [, key = "", more = ""]) {
      const found = valueAt(space, key, isText);
      if (found === "wrong") return wrongType;
      set(space, ["", key, (found ?? "") + more, "KEEPTTL"]);
      return integer((found ?? "").length + more.length);
    },
  },
  strlen: {
    arity: 2,
    run(space, [, key = ""]) {
      const found = valueAt(space, key, isText);
      return found === "wrong" ? wrongType : integer(found?.length ?? 0);
    },
  },
  incr: { arity: 2, run: (space, [, key = ""]) => add(space, key, 1) },
  decr: { arity: 2, run: (space, [, key = ""]) => add(space, key, -1) },
  incrby: { arity: 3, run: (space, [, key = "", by = ""]) => add(space, key, Number(by || NaN)) },
  decrby: { arity: 3, run: (space, [, key = "", by = ""]) => add(space, key, -Number(by || NaN)) },
  del: {
    arity: -2,
    run: (space, [, ...keys]) =>
      count(keys, (key) => {
        const gone = look(space, key) !== undefined && space.entries.delete(key);
        if (gone) space.dirty++;
        return gone;
      }),
  },
  exists: { arity: -2, run: (space, [, ...keys]) => count(keys, (key) => look(space, key) !== undefined) },
  expire: { arity: 3, run: (space, [, key = "", time]) => expire(space, key, space.now + Number(time) * 1000) },
  pexpire: { arity: 3, run: (space, [, key = "", time]) => expire(space, key, space.now + Number(time)) },
  persist: {
    arity: 2,
    run(space, [, key = ""]) {
      const entry = look(space, key);
      if (entry?.expires === undefined) return integer(0);
      entry.expires = undefined;
      space.dirty++;
      return integer(1);
    },
  },
  ttl: {
    arity: 2,
    run(space, [, key = ""]) {
      const left = remaining(space, key);
      return integer(left < 0 ? left : Math.floor((left + 500) / 1000));
    },
  },
  pttl: { arity: 2, run: (space, [, key = ""]) => integer(Math.floor(remaining(space, key))) },
  type: {
    arity: 2,
    run(space, [, key = ""]) {
      const value = look(space, key)?.value;
      if (value === undefined) return status("none");
      return status(isText(value) ? "string" : isList(value) ? "list" : isHash(value) ? "hash" : "set");
    },
  },
  keys: {
    arity: 2,
    run(space, [, pattern = ""]) {
      const glob = globOf(pattern);
      return array(
        [...space.entries.keys()].filter((key) => glob.test(key) && look(space, key) !== undefined).map(bulk),
      );
    },
  },
  dbsize: { arity: 1, run: (space) => integer(space.entries.size) },
  flushall: {
    arity: -1,
    run(space) {
      space.entries.clear();
      space.dirty++;
      return ok;
    },
  },
  lpush: { arity: -3, run: push(true) },
  rpush: { arity: -3, run: push(false) },
  lpop: { arity: 2, run: pop(true) },
  rpop: { arity: 2, run: pop(false) },
  llen: {
    arity: 2,
    run(space, [, key = ""]) {
      const found = valueAt(space, key, isList);
      return found === "wrong" ? wrongType : integer(found?.length ?? 0);
    },
  },
  lrange: {
    arity: 4,
    run(space, [, key = "", first = "", last = ""]) {
      const found = valueAt(space, key, isList);
      if (found === "wrong") return wrongType;
      if (!/^-?\d+$/.test(first) || !/^-?\d+$/.test(last)) return notInteger;
      return array(range(found ?? [], Number(first), Number(last)).map(bulk));
    },
  },
  hset: {
    arity: -4,
    run: (space, [, key = "", ...pairs]) =>
      change(
        space,
        key,
        isHash,
        () => new Map(),
        (map) => {
          const before = map.size;
          for (let at = 0; at + 1 < pairs.length; at += 2) map.set(pairs[at] ?? "", pairs[at + 1] ?? "");
          return integer(map.size - before);
        },
      ),
  },
  hget: { arity: 3, run: (space, [, key = "", field = ""]) => hash(space, key, (map) => bulk(map.get(field))) },
  hgetall: { arity: 2, run: (space, [, key = ""]) => hash(space, key, (map) => array([...map].flat().map(bulk))) },
  hdel: {
    arity: -3,
    run: (space, [, key = "", ...fields]) =>
      change(
        space,
        key,
        isHash,
        () => new Map(),
        (map) => integer(fields.filter((one) => map.delete(one)).length),
      ),
  },
  sadd: {
    arity: -3,
    run: (space, [, key = "", ...members]) =>
      change(
        space,
        key,
        isSet,
        () => new Set(),
        (all) => {
          const before = all.size;
          for (const one of members) all.add(one);
          return integer(all.size - before);
        },
      ),
  },
  smembers: {
    arity: 2,
    run(space, [, key = ""]) {
      const found = valueAt(space, key, isSet);
      return found === "wrong" ? wrongType : array([...(found ?? [])].map(bulk));
    },
  },
};
