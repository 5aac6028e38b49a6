import { describe, expect, test } from "vitest";
import { createWorld, encodeUtf8, type Activity } from "../../../sim/core/index.js";
import {
  build,
  BuildCache,
  bytesOf,
  dockerHub,
  entriesOf,
  fileEntry,
  gzip,
  parseReference,
  pull,
  Runtime,
  RuntimeWorker,
  Session,
  Snapshotter,
  digestOf,
  directTransport,
  writeTar,
  type BuildOptions,
  type Built,
  type Image,
  type ImageStore,
  type TarEntry,
} from "../../../sim/container/index.js";
import { Kernel } from "../../../sim/os/index.js";
import { installPrograms } from "../../../sim/userland/index.js";
import { play, text } from "../os/system.js";
import { directory, newStore, textFile } from "./programs.js";

/** The hub's alpine, pulled once; all hosts here have it. */
const pulled = ((): { store: ImageStore; image: Image } => {
  const world = createWorld({ seed: 1 });
  const hub = dockerHub(world);
  const session = new Session(
    world.engine,
    directTransport((request, from) => hub.handle(request, from)),
  );
  const store = newStore();
  const image = play(() => pull(session, parseReference("alpine"), store), new Kernel({ world }));
  return { store, image };
})();

type Given = Partial<BuildOptions> & { readonly dockerfile: string };
type Builder = (options: Given) => Activity<Built & { readonly out: string }>;

/** Builds one Dockerfile after the other on one host. */
function onHost<T>(
  body: (builder: Builder, store: ImageStore, cache: BuildCache) => Activity<T>,
  remote?: Uint8Array,
): T {
  const kernel = new Kernel({ world: createWorld({ seed: 1 }), hostname: "host", memory: 2 ** 30 });
  installPrograms(kernel);
  const store = newStore();
  for (const { digest } of [pulled.image.target, pulled.image.manifest.config, ...pulled.image.manifest.layers])
    store.content.put(pulled.store.content.get(digest));
  for (const name of ["alpine", "alpine:3.20"]) store.add(pulled.image, parseReference(name));
  const cache = new BuildCache(store.content);
  return play(function* (sys) {
    const worker = new RuntimeWorker(sys, {
      content: store.content,
      runtime: new Runtime(),
      snapshots: new Snapshotter(),
      image: (reference) => given(store.get(reference)),
      ...(remote !== undefined && { fetch: () => given(remote) }),
    });
    const builder: Builder = function* (options) {
      let out = "";
      const tell: BuildOptions["tell"] = (event) => {
        if (event.kind === "output") out += text(event.bytes);
      };
      const built = yield* build(store.content, worker, cache, { context: [], ...options, tell });
      return { ...built, out };
    };
    return yield* body(builder, store, cache);
  }, kernel);
}

function* given<T>(value: T): Activity<T> {
  return value;
}

/** A built image's own layers, above the base's: the names in each. */
const layersOf = (store: ImageStore, { image }: Built, from = 1): string[][] =>
  image.manifest.layers.slice(from).map(({ digest }) => entriesOf(store.content.get(digest)).map(({ name }) => name));

const fileOf = (store: ImageStore, { image }: Built, name: string): TarEntry | undefined =>
  image.manifest.layers
    .flatMap(({ digest }) => entriesOf(store.content.get(digest)))
    .findLast((one) => one.name === name);

const contentOf = (store: ImageStore, built: Built, name: string): string => {
  const entry = fileOf(store, built, name);
  return entry === undefined ? "(none)" : text(bytesOf(entry));
};

/** The message of a build that fails. */
const failure = (options: Given): string => {
  try {
    onHost((builder) => builder(options));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "none";
};

const app = [
  textFile("app/main.sh", "echo hello\n", { mode: 0o755 }),
  textFile("app/data/a.txt", "a"),
  textFile("app/data/b.log", "b"),
  textFile("README", "read me"),
  directory("empty"),
];

describe("a whole build", () => {
  test("settings, files and commands become a configuration, layers and a history", () => {
    const seen = onHost(function* (builder, store) {
      const built = yield* builder({
        context: app,
        args: { WHO: "world" },
        dockerfile: `# syntax=docker/dockerfile:1
ARG TAG=3.20
FROM alpine:\${TAG} AS base
ARG WHO=nobody
ENV GREETING="good day" TARGET=\${WHO:-x}
LABEL org.example=yes
WORKDIR /srv/app
COPY app/main.sh README ./
RUN echo $GREETING, $WHO > greeting \\
  # a comment does not end the line
  && cat greeting
USER nobody
RUN id -u; touch /tmp/own
EXPOSE 80 53/udp
VOLUME /data
HEALTHCHECK --interval=1m30s --start-interval=2s --retries=2 CMD test -f greeting
STOPSIGNAL SIGQUIT
ENTRYPOINT ["/bin/sh"]
CMD ["main.sh"]
`,
      });
      return { built, layers: layersOf(store, built), greeting: contentOf(store, built, "srv/app/greeting"), store };
    });
    const { config } = seen.built.image.config;
    expect(seen.built.out).toBe("good day, world\n65534\n");
    expect(seen.greeting).toBe("good day, world\n");
    expect(seen.layers).toEqual(
      [
        ["srv", "srv/app"],
        ["srv/app/README", "srv/app/main.sh"],
        ["srv", "srv/app", "srv/app/greeting"],
        ["tmp", "tmp/own"],
      ].map((names) => expect.arrayContaining(names.slice(-1)) as string[]),
    );
    expect(config.Env).toEqual(expect.arrayContaining(["GREETING=good day", "TARGET=world"]));
    expect(config).toMatchObject({
      Labels: { "org.example": "yes" },
      WorkingDir: "/srv/app",
      User: "nobody",
      ExposedPorts: { "80/tcp": {}, "53/udp": {} },
      Volumes: { "/data": {} },
      Healthcheck: { Test: ["CMD-SHELL", "test -f greeting"], Interval: 90e9, StartInterval: 2e9, Retries: 2 },
      StopSignal: "SIGQUIT",
      Entrypoint: ["/bin/sh"],
      Cmd: ["main.sh"],
    });
    expect(seen.built.image.config.history.at(-1)).toMatchObject({ created_by: 'CMD ["main.sh"]', empty_layer: true });
    expect(fileOf(seen.store, seen.built, "tmp/own")).toMatchObject({ uid: 65_534 });
  });

  test("only the stages that the target needs are built; files go from one to the other", () => {
    const seen = onHost(function* (builder, store) {
      const built = yield* builder({
        context: app,
        dockerfile: `FROM alpine AS build
WORKDIR /out
RUN echo compiled > program && chmod 700 program
FROM alpine AS never
RUN exit 1
FROM scratch
COPY --from=build --chown=1000:100 --chmod=755 /out/program /bin/program
COPY --from=0 /out /copy
`,
      });
      return {
        steps: built.steps.map(({ stage }) => stage),
        layers: layersOf(store, built, 0),
        file: fileOf(store, built, "bin/program"),
      };
    });
    expect(new Set(seen.steps)).toEqual(new Set(["build", "2"]));
    expect(seen.layers).toEqual([
      ["bin", "bin/program"],
      ["copy", "copy/program"],
    ]);
    expect(seen.file).toMatchObject({ uid: 1000, gid: 100, mode: 0o755 });
  });

  test("here-documents are scripts, files, and a shell's own", () => {
    const seen = onHost(function* (builder, store) {
      const built = yield* builder({
        dockerfile: `FROM alpine
ENV NAME=box
RUN <<EOF
echo one
echo two
EOF
RUN cat <<-'X' > /kept && cat /kept
	$NAME
X
RUN <<EOF
#!/bin/cat
not for a shell
EOF
COPY <<conf <<"raw" /etc/own/
name=$NAME \\$x "quoted"
conf
name=$NAME
raw
`,
      });
      return [built.out, contentOf(store, built, "etc/own/conf"), contentOf(store, built, "etc/own/raw")];
    });
    expect(seen).toEqual(["one\ntwo\n$NAME\n#!/bin/cat\nnot for a shell\n", 'name=box $x "quoted"\n', "name=$NAME\n"]);
  });

  test("what a command removes is a whiteout; mounts leave nothing behind", () => {
    const seen = onHost(function* (builder, store) {
      const built = yield* builder({
        context: app,
        dockerfile: `FROM alpine
RUN --mount=type=bind,source=app,target=/mnt/app --mount=type=cache,target=/cache --mount=type=tmpfs,target=/mnt/t \\
  sh /mnt/app/main.sh && echo kept > /cache/x && rm /etc/alpine-release
RUN --mount=type=cache,target=/cache cat /cache/x
`,
      });
      return [built.out, layersOf(store, built)];
    });
    expect(seen).toEqual(["hello\nkept\n", [["etc", "etc/.wh.alpine-release"], []]]);
  });

  test("ONBUILD is executed by who builds upon it", () => {
    const seen = onHost(function* (builder, store) {
      const base = yield* builder({ dockerfile: "FROM alpine\nONBUILD COPY README /r\nONBUILD RUN cat /r\n" });
      store.add(base.image, parseReference("based"));
      const again = yield* builder({ dockerfile: "FROM alpine AS a\n" });
      return [base.image.config.config.OnBuild, again.image.config.config.OnBuild, base.out];
    });
    expect(seen).toEqual([["COPY README /r", "RUN cat /r"], undefined, ""]);
  });
});

describe("the cache", () => {
  const dockerfile = "FROM alpine\nARG V=1\nRUN echo first\nCOPY app /app\nRUN echo second $V\nCMD sh\n";
  const cached = ({ steps }: Built): (boolean | undefined)[] => steps.map((step) => step.cached);
  const why = ({ steps }: Built): string[] => steps.filter((step) => step.cached === false).map((step) => step.why);

  test("gives the same image again; times don't count, contents and modes do", () => {
    const seen = onHost(function* (builder) {
      const first = yield* builder({ dockerfile, context: app });
      const touched = app.map((entry) => ({ ...entry, mtime: 5 }));
      const second = yield* builder({ dockerfile, context: touched });
      const changed = app.map((entry) => (entry.name === "app/data/a.txt" ? textFile(entry.name, "other") : entry));
      const third = yield* builder({ dockerfile, context: changed });
      const mode = app.map((entry) => (entry.name === "app/main.sh" ? { ...entry, mode: 0o700 } : entry));
      const fourth = yield* builder({ dockerfile, context: mode });
      return { builds: [first, second, third, fourth].map(cached), why: [third, fourth].map(why), out: second.out };
    });
    const [none, hit, miss] = [undefined, true, false];
    expect(seen.builds).toEqual([
      [none, none, miss, miss, miss, none],
      [none, none, hit, hit, hit, none],
      [none, none, hit, miss, miss, none],
      [none, none, hit, miss, miss, none],
    ]);
    expect(seen.why).toEqual([
      ["files changed: /app/data/a.txt", "it was never executed after the step before it"],
      ["files changed: /app/data/a.txt, /app/main.sh", "it was never executed after the step before it"],
    ]);
    expect(seen.out).toBe("");
  });

  test("a build argument counts for what runs behind it; an ENV for all behind it; --no-cache for all", () => {
    const seen = onHost(function* (builder) {
      yield* builder({ dockerfile, context: app });
      const argument = yield* builder({ dockerfile, context: app, args: { V: "2" } });
      const environment = yield* builder({ dockerfile: dockerfile.replace("ARG V=1", "ENV V=1"), context: app });
      const without = yield* builder({ dockerfile, context: app, noCache: true });
      return [cached(argument), why(argument), cached(environment), cached(without), argument.out];
    });
    const [none, miss] = [undefined, false];
    expect(seen).toEqual([
      [none, none, miss, miss, miss, none],
      [
        "build arguments changed: V",
        "it was never executed after the step before it",
        "it was never executed after the step before it",
      ],
      [none, none, miss, miss, miss, none],
      [none, none, miss, miss, miss, none],
      "first\nsecond 2\n",
    ]);
  });

  test("what it forgets is gone from the store, also what was built anew without it", () => {
    const seen = onHost(function* (builder, store, cache) {
      const file = "FROM alpine\nRUN date +%N > /when\n";
      const before = store.content.count;
      yield* builder({ dockerfile: file });
      const again = yield* builder({ dockerfile: file, noCache: true });
      store.add(again.image, parseReference("kept"));
      const freed = cache.prune();
      store.remove("kept");
      store.content.collect();
      return [freed > 0, store.content.count <= before];
    });
    expect(seen).toEqual([true, true]);
  });

  test("files of a stage count, not how it came to them", () => {
    const seen = onHost(function* (builder) {
      const file = (word: string): string =>
        `FROM alpine AS a\nRUN echo ${word} > /dev/null; echo same > /x\nFROM scratch\nCOPY --from=a /x /x\n`;
      yield* builder({ dockerfile: file("one") });
      return cached(yield* builder({ dockerfile: file("two") }));
    });
    expect(seen).toEqual([undefined, false, undefined, true]);
  });
});

describe("COPY and ADD", () => {
  const copied = (instruction: string, context: readonly TarEntry[] = app): string[] =>
    onHost(function* (builder, store) {
      const built = yield* builder({ context, dockerfile: `FROM scratch\n${instruction}\n` });
      return layersOf(store, built, 0).flat();
    });

  test.each([
    ["COPY README /a", ["a"]],
    ["COPY README /a/", ["a", "a/README"]],
    ["COPY README app/main.sh /a/", ["a", "a/README", "a/main.sh"]],
    ["COPY app /a", ["a", "a/data", "a/data/a.txt", "a/data/b.log", "a/main.sh"]],
    ["COPY app/data/*.txt /a/", ["a", "a/a.txt"]],
    ["COPY app/*/[ab].* /a/", ["a", "a/a.txt", "a/b.log"]],
    ["COPY --exclude=*/*.log app /a/", ["a", "a/data", "a/data/a.txt", "a/main.sh"]],
    ["COPY --parents app/data/a.txt /a/", ["a", "a/app", "a/app/data", "a/app/data/a.txt"]],
    ['COPY ["README", "/with blank"]', ["with blank"]],
    ["COPY empty /e/", ["e"]],
  ])("%s", (instruction, names) => {
    expect(copied(instruction)).toEqual(names);
  });

  test(".dockerignore hides, and gives back", () => {
    const ignore = textFile(".dockerignore", "# all but one\n**/*.log\napp/data\n!app/data/a.txt\n");
    expect(copied("COPY app /a", [...app, ignore])).toEqual(["a", "a/data", "a/data/a.txt", "a/main.sh"]);
  });

  test("ADD unpacks archives, COPY doesn't; addresses need somebody who gets them", () => {
    const archive = gzip(writeTar([textFile("x/y", "deep", { uid: 7 })]));
    const context = [...app, fileEntry("a.tar.gz", archive)];
    expect(copied("ADD a.tar.gz README /a/", context)).toEqual(["a", "a/README", "a/x", "a/x/y"]);
    expect(copied("COPY a.tar.gz /a/", context)).toEqual(["a", "a/a.tar.gz"]);
    expect(failure({ dockerfile: "FROM scratch\nADD http://h/x /\n" })).toContain("ADD can't get http://h/x");
  });

  test("ADD of an address has its bytes checked", () => {
    const sum = digestOf(encodeUtf8("data"));
    const add = (flag: string): string[] =>
      onHost(function* (builder, store) {
        const dockerfile = `FROM scratch\nADD ${flag} http://host/a/data?x=1 /d/\n`;
        return layersOf(store, yield* builder({ dockerfile }), 0).flat();
      }, encodeUtf8("data"));
    expect(add(`--checksum=${sum}`)).toEqual(["d", "d/data"]);
    expect(() => add(`--checksum=${sum.replace(/.$/, "x")}`)).toThrow(`digest mismatch ${sum}`);
  });

  test("a link that the image has is followed to where it leads", () => {
    const seen = onHost(function* (builder, store) {
      const built = yield* builder({
        context: app,
        dockerfile: "FROM alpine\nRUN mkdir /real && ln -s /real /alias\nCOPY README /alias/\n",
      });
      return layersOf(store, built).at(-1);
    });
    expect(seen).toEqual(["real/README"]);
  });
});

describe("mistakes are named with their line", () => {
  test.each([
    ["", "the Dockerfile (Dockerfile) cannot be empty"],
    ["RUN x\n", "dockerfile parse error on line 1: no build stage in current context"],
    ["FROM alpine\n\nFOO x\n", "dockerfile parse error on line 3: unknown instruction: FOO"],
    ["FROM alpine AS\n", "dockerfile parse error on line 1: FROM requires either one or three arguments"],
    ["FROM alpine\nCOPY --frm=x a b\n", "dockerfile parse error on line 2: unknown flag: --frm"],
    ["FROM alpine\nCOPY a\n", "dockerfile parse error on line 2: COPY requires at least two arguments, but only one"],
    ["FROM alpine\nENV A\n", "dockerfile parse error on line 2: ENV must have two arguments"],
    ["FROM alpine\nENV A=1 B\n", `dockerfile parse error on line 2: Syntax error - can't find = in "B"`],
    ["FROM alpine\nRUN <<E\nx\n", "dockerfile parse error on line 2: unterminated heredoc"],
    ["# escape=x\nFROM alpine\n", "dockerfile parse error on line 1: invalid ESCAPE 'x'"],
    ["FROM alpine\nSHELL sh\n", "dockerfile parse error on line 2: SHELL requires the arguments to be in JSON form"],
    ["FROM alpine\nEXPOSE x\n", "dockerfile parse error on line 2: invalid containerPort: x"],
    ["FROM alpine\nCOPY none /\n", "line 2, COPY none /: COPY failed: file not found in build context"],
    ["FROM alpine\nCOPY ../../etc/passwd /\n", "line 2, COPY ../../etc/passwd /: COPY failed: file not found"],
    [
      "FROM alpine\nRUN echo x\nRUN exit 7\n",
      "line 3, RUN exit 7: The command '/bin/sh -c exit 7' returned a non-zero code: 7",
    ],
    ["FROM alpine\nCOPY README app /x\n", "line 2, COPY README app /x: When using COPY with more than one source file"],
    [
      "FROM alpine\nUSER ghost\nRUN true\n",
      "line 3, RUN true: unable to find user ghost: no matching entries in passwd file",
    ],
    ["FROM nowhere/nothing\n", "line 1, FROM nowhere/nothing: No such image: nowhere/nothing"],
    ["FROM alpine\nENV A=${B!x}\n", "line 2, ENV A=${B!x}: failed to process"],
  ])("%j", (dockerfile, message) => {
    expect(failure({ dockerfile, context: app })).toContain(message);
  });

  test("a context that leads out is refused", () => {
    expect(failure({ dockerfile: "FROM scratch\n", context: [textFile("../x", "")] })).toContain("leads upwards");
  });
});
