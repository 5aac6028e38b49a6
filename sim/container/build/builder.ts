import { UsageError, type Activity } from "../../core/index.js";
import type { Digest } from "../image/digest.js";
import { makeImage, type Image } from "../image/image.js";
import { entriesOf, makeLayer, type Layer } from "../image/layer.js";
import type { ContentStore } from "../image/content-store.js";
import type { ExecutionConfig, History } from "../image/oci.js";
import { bytesOf, type TarEntry } from "../../userland/index.js";
import { textOf } from "../../net/index.js";
import type { BuildCache, Dependencies } from "./cache.js";
import { findStage, parseDockerfile, targetStage, type Dockerfile, type Stage } from "./dockerfile.js";
import { checksumOf, contextOf, resolved, stacked, type FileSet } from "./file-set.js";
import { ignoring } from "./ignore.js";
import type { InstructionOf, StageInstruction } from "./instruction.js";
import type { BuildOptions, BuildEvent, Built, StepReport } from "./progress.js";
import { parseTrigger } from "./parse.js";
import { composed } from "./command.js";
import { absolute, setting } from "./settings.js";
import { missingParents, transferred } from "./transfer.js";
import { platformArguments, Variables } from "./variables.js";
import { expandWord, type Lookup } from "./words.js";
import type { BuildWorker } from "./worker.js";

/** A stage while it is built, and after. */
interface StageState {
  readonly name: string;
  readonly variables: Variables;
  layers: Layer[];
  config: ExecutionConfig;
  history: History[];
  /** The last step's key. */
  key: Digest;
  ownCommand: boolean;
}

/**
 * Builds an image of a Dockerfile: only the stages that the target needs, one after the other, in the order of the file.
 * @throws UsageError that names line and instruction
 */
export function* build(
  content: ContentStore,
  worker: BuildWorker,
  cache: BuildCache,
  options: BuildOptions,
): Activity<Built> {
  const ignore = options.context.find(({ name }) => name.replace(/^\.\//, "") === ".dockerignore");
  const ignored = ignoring(ignore === undefined ? "" : textOf(bytesOf(ignore)));
  const files = contextOf(options.context, ignored);
  return yield* new Building(content, worker, cache, options, files).all();
}

class Building {
  readonly #content: ContentStore;
  readonly #worker: BuildWorker;
  readonly #cache: BuildCache;
  readonly #options: BuildOptions;
  readonly #context: FileSet;
  readonly #file: Dockerfile;
  readonly #given: ReadonlyMap<string, string>;
  readonly #consumed = new Set<string>();
  readonly #stages = new Map<Stage, StageState>();
  readonly #steps: StepReport[] = [];
  readonly #trees = new WeakMap<Layer, FileSet>();
  #count = 0;

  constructor(content: ContentStore, worker: BuildWorker, cache: BuildCache, options: BuildOptions, context: FileSet) {
    this.#content = content;
    this.#worker = worker;
    this.#cache = cache;
    this.#options = options;
    this.#context = context;
    this.#file = parseDockerfile(options.dockerfile);
    this.#given = new Map(Object.entries(options.args ?? {}));
  }

  *all(): Activity<Built> {
    const global = new Variables(this.#given, platformArguments(this.#worker.architecture), this.#consumed);
    for (const one of this.#file.args) global.declare(one, {}, this.#file.escape);
    const target = targetStage(this.#file, this.#options.target);
    const needed = this.#needed(target, global);
    this.#count = needed.reduce((sum, { instructions }) => sum + 1 + instructions.length, 0);
    for (const stage of needed) this.#stages.set(stage, yield* this.#stage(stage, global));
    const unused = Variables.unused(this.#given, this.#consumed);
    if (unused.length > 0)
      this.#tell({ kind: "warning", text: `One or more build-args [${unused.join(" ")}] were not consumed` });
    const last = this.#stages.get(target);
    if (last === undefined) throw new UsageError("the target was not built", "Name a stage of the Dockerfile.");
    const image = this.#image(last, yield* this.#worker.now());
    return { image, steps: this.#steps };
  }

  /** The target, and what it begins with or copies from, in the order of the file. */
  #needed(target: Stage, global: Variables): Stage[] {
    const found = new Set<Stage>();
    const visit = (stage: Stage): void => {
      if (found.has(stage)) return;
      found.add(stage);
      const earlier = this.#file.stages.slice(0, stage.index);
      const names = [
        expandWord(stage.from.image, this.#file.escape, (name) => global.values.get(name)),
        ...stage.instructions.flatMap(sourcesOf),
      ];
      for (const name of names) {
        const other = findStage(earlier, name);
        if (other !== undefined) visit(other);
      }
    };
    visit(target);
    return [...found].sort((a, b) => a.index - b.index);
  }

  *#stage(stage: Stage, global: Variables): Activity<StageState> {
    const { from } = stage;
    const state = yield* this.#base(stage, global);
    const { OnBuild: triggers = [], ...config } = state.config;
    state.config = config;
    this.#count += triggers.length;
    const inherited = triggers.map((trigger) => parseTrigger(trigger, from.line, this.#file.escape));
    for (const instruction of [...inherited, ...stage.instructions]) {
      try {
        yield* this.#step(state, stage, instruction);
      } catch (error) {
        throw located(error, instruction);
      }
    }
    return state;
  }

  *#base(stage: Stage, global: Variables): Activity<StageState> {
    const { from, name = String(stage.index) } = stage;
    const image = expandWord(from.image, this.#file.escape, (one) => global.values.get(one));
    if (image === "")
      throw new UsageError(
        `dockerfile parse error on line ${from.line}: base name (${from.image}) should not be blank`,
        "Give its build argument a value.",
      );
    this.#begin(`FROM ${image}${from.name === undefined ? "" : ` AS ${from.name}`}`);
    const variables = new Variables(
      this.#given,
      new Map([...platformArguments(this.#worker.architecture), ...global.values]),
      this.#consumed,
    );
    const start = { name, variables, ownCommand: false };
    const report = (why: string): void => {
      this.#steps.push({ stage: name, line: from.line, text: `FROM ${image}`, cached: undefined, why, size: 0 });
    };
    const before = findStage(this.#file.stages.slice(0, stage.index), image);
    const built = before === undefined ? undefined : this.#stages.get(before);
    if (built !== undefined) {
      report("a stage above");
      return { ...start, layers: [...built.layers], config: built.config, history: [...built.history], key: built.key };
    }
    if (image === "scratch") {
      report("nothing at all");
      return { ...start, layers: [], config: {}, history: [], key: this.#cache.base("scratch") };
    }
    let base: Image;
    try {
      base = yield* this.#worker.image(image);
    } catch (error) {
      throw located(error, from);
    }
    report("an image");
    this.#tell({ kind: "made", id: base.id });
    return {
      ...start,
      layers: this.#layersOf(base),
      config: base.config.config,
      history: [...base.config.history],
      key: this.#cache.base(base.id),
    };
  }

  #layersOf({ manifest, config }: Image): Layer[] {
    return manifest.layers.map((descriptor, place) => ({
      descriptor,
      diffId: config.rootfs.diff_ids[place] ?? descriptor.digest,
      blob: this.#worker.blob(descriptor.digest),
    }));
  }

  *#step(state: StageState, stage: Stage, instruction: StageInstruction): Activity<undefined> {
    this.#begin(instruction.text);
    const lookup = state.variables.lookup(state.config);
    const { escape } = this.#file;
    const { keyword } = instruction;
    if (keyword === "RUN") return yield* this.#run(state, stage, instruction);
    if ("sources" in instruction) return yield* this.#transfer(state, stage, instruction, lookup);
    if (keyword === "WORKDIR") return yield* this.#workdir(state, instruction, lookup);
    if (keyword === "ARG") {
      state.variables.declare(instruction, state.config, escape);
      this.#plain(state, instruction, instruction.text);
      return undefined;
    }
    const { config, text } = setting(instruction, state.config, { lookup, escape, ownCommand: state.ownCommand });
    state.config = config;
    if (keyword === "CMD") state.ownCommand = true;
    this.#plain(state, instruction, text);
    return yield* this.#note(state, text, true);
  }

  /** A step that changes no file: what stands behind it depends on it all the same. ARG counts where RUN sees it. */
  #plain(
    state: StageState,
    { line, keyword }: { readonly line: number; readonly keyword?: string },
    text: string,
  ): void {
    if (keyword !== "ARG") {
      const looked = this.#cache.look(state.key, { text });
      this.#cache.keep(state.key, looked, { text }, []);
      state.key = looked.key;
    }
    this.#steps.push({ stage: state.name, line, text, cached: undefined, why: "no files", size: 0 });
    this.#tell({ kind: "made", id: state.key });
  }

  *#run(state: StageState, stage: Stage, instruction: InstructionOf<"RUN">): Activity<undefined> {
    const sources: FileSet[] = [];
    for (const { from } of instruction.mounts) sources.push(yield* this.#source(stage, from));
    const { step, text, dependencies } = composed(instruction, sources, state.config, state.variables);
    return yield* this.#layer(state, instruction, text, dependencies, function* (building) {
      const output = (bytes: Uint8Array): void => {
        building.#tell({ kind: "output", bytes });
      };
      const { status, changes } = yield* building.#worker.run(state.layers, { ...step, output });
      if (status === 0) return changes;
      throw new UsageError(
        `The command '${step.args.join(" ")}' returned a non-zero code: ${status}`,
        "Look at what it printed.",
      );
    });
  }

  *#transfer(
    state: StageState,
    stage: Stage,
    instruction: InstructionOf<"COPY" | "ADD">,
    lookup: Lookup,
  ): Activity<undefined> {
    const { text, entries } = yield* transferred(instruction, {
      source: yield* this.#source(stage, instruction.from),
      there: this.#tree(state.layers),
      config: state.config,
      escape: this.#file.escape,
      lookup,
      fetch: this.#worker.fetch,
    });
    const checksums = new Map(entries.map((entry) => [`/${entry.name}`, checksumOf(entry)]));
    return yield* this.#layer(state, instruction, text, { text, files: checksums }, () => nothingBut(entries));
  }

  *#workdir(
    state: StageState,
    { line, word }: { readonly line: number; readonly word: string },
    lookup: Lookup,
  ): Activity<undefined> {
    const path = absolute(expandWord(word, this.#file.escape, lookup), state.config);
    const text = `WORKDIR ${path}`;
    state.config = { ...state.config, WorkingDir: path };
    const there = this.#tree(state.layers);
    const at = there.get(resolved(there, path));
    if (at !== undefined && at.type !== "directory")
      throw new UsageError(`Cannot mkdir: ${path} is not a directory`, "Choose another path.");
    const instruction = { line, text };
    if (at !== undefined || path === "/") {
      this.#plain(state, instruction, text);
      return yield* this.#note(state, text, true);
    }
    const entries = missingParents(there, `${path.slice(1)}/x`);
    return yield* this.#layer(state, instruction, text, { text }, () => nothingBut(entries));
  }

  /** A step that makes a layer: found in the cache, or executed. */
  *#layer(
    state: StageState,
    { line }: { readonly line: number },
    text: string,
    dependencies: Dependencies,
    execute: (building: Building) => Activity<readonly TarEntry[]>,
  ): Activity<undefined> {
    const looked = this.#cache.look(state.key, dependencies);
    const found = this.#options.noCache === true ? undefined : looked.layers;
    const why = this.#options.noCache === true ? "the cache isn't used" : looked.why;
    this.#tell({ kind: "looked", cached: found !== undefined, why });
    let layers = found;
    if (layers === undefined) {
      const changes = yield* execute(this);
      layers = [makeLayer(changes, transferSize(changes))];
      this.#cache.keep(state.key, looked, dependencies, layers);
    }
    state.key = looked.key;
    state.layers = [...state.layers, ...layers];
    const size = layers.flatMap(({ blob }) => entriesOf(blob)).reduce((sum, entry) => sum + entry.size, 0);
    this.#steps.push({ stage: state.name, line, text, cached: found !== undefined, why, size });
    yield* this.#note(state, text, false);
    this.#tell({ kind: "made", id: state.key });
    return undefined;
  }

  *#note(state: StageState, text: string, empty: boolean): Activity<undefined> {
    const created = yield* this.#worker.now();
    state.history = [...state.history, { created, created_by: text, ...(empty && { empty_layer: true }) }];
    return undefined;
  }

  /** What an instruction copies from: the context, a stage above, or an image. */
  *#source(stage: Stage, from: string | undefined): Activity<FileSet> {
    if (from === undefined) return this.#context;
    const other = findStage(this.#file.stages.slice(0, stage.index), from);
    const built = other === undefined ? undefined : this.#stages.get(other);
    if (built !== undefined) return this.#tree(built.layers);
    return this.#tree(this.#layersOf(yield* this.#worker.image(from)));
  }

  #tree(layers: readonly Layer[]): FileSet {
    const top = layers.at(-1);
    if (top === undefined) return new Map();
    // By its object: a step's layer has a key, and so but one stack below it.
    const known = this.#trees.get(top);
    if (known !== undefined) return known;
    const files = stacked(layers.map(({ blob }) => entriesOf(blob)));
    this.#trees.set(top, files);
    return files;
  }

  #image({ layers, config, history }: StageState, created: string): Image {
    const labels = this.#options.labels;
    const whole = labels === undefined ? config : { ...config, Labels: { ...config.Labels, ...labels } };
    const { architecture } = this.#worker;
    return makeImage(this.#content, { layers, config: { created, architecture, os: "linux", config: whole, history } });
  }

  #begin(text: string): void {
    const index = this.#steps.length + 1;
    this.#tell({ kind: "step", index, count: this.#count, text });
  }

  #tell(event: BuildEvent): void {
    this.#options.tell?.(event);
  }
}

/** Names of stages or images that an instruction takes files from. */
function sourcesOf(instruction: StageInstruction): string[] {
  if (instruction.keyword === "RUN")
    return instruction.mounts.flatMap(({ from }) => (from === undefined ? [] : [from]));
  if (instruction.keyword === "COPY" || instruction.keyword === "ADD")
    return instruction.from === undefined ? [] : [instruction.from];
  return [];
}

function* nothingBut(entries: readonly TarEntry[]): Activity<readonly TarEntry[]> {
  return entries;
}

/** Holes count on a link as if they were full: their bytes stand for what would be there. */
function transferSize(entries: readonly TarEntry[]): number | undefined {
  const whole = entries.reduce((sum, { size }) => sum + size, 0);
  const real = entries.flatMap(({ extents }) => extents).reduce((sum, { bytes }) => sum + bytes.length, 0);
  return whole > real ? whole : undefined;
}

/** The same mistake, with the line and the instruction in front. */
function located(error: unknown, { line, text }: { readonly line: number; readonly text: string }): unknown {
  if (!(error instanceof UsageError) || error.message.startsWith("dockerfile parse error")) return error;
  return new UsageError(`line ${line}, ${text}: ${error.message}`, error.hint);
}
