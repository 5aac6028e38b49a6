import { invariant } from "../../core/index.js";
import { compile, instantiate, type CompiledModule, type Memory } from "../../wasm/index.js";
import type { Isa, Width } from "../instructions/index.js";
import { hartLayout } from "../layout.js";
import { createFloats } from "../translate/floats/index.js";
import { buildInterpreter, type Interpret } from "../translate/interpreter.js";
import { createOperators } from "../translate/operators.js";
import { buildAccesses } from "./access-code.js";
import { CodePages, type CodeOptions } from "./code-pages.js";
import type { TranslatedEngine } from "./engine.js";
import { extensionsOf } from "./extensions.js";
import type { HartBus } from "./memory.js";
import type { Operand } from "./routines.js";
import { buildTraps } from "./trap-code.js";
import type { PrivilegedState } from "./state.js";

/** What the harts of one machine share. */
export interface Shared {
  readonly code: CodePages;
  readonly interpret: Interpret;
  /** By the places of the harts' states. */
  readonly engines: TranslatedEngine[];
  /** By the harts' ids. */
  readonly states: Map<number, PrivilegedState>;
  /** The hart that runs, or did last. */
  running: number | undefined;
}

const sharedBy = new WeakMap<Memory, Shared>();

/** An interpreter's two modules. */
interface Interpreter {
  readonly loop: CompiledModule;
  readonly rows: CompiledModule;
}

/**
 * The interpreters, by what becomes of misaligned accesses; they depend on nothing else. They are compiled once: what the
 * engine below makes of them as they get hot serves all machines.
 */
const interpreters = {
  serving: new WeakMap<Isa, Interpreter>(),
  trapping: new WeakMap<Isa, Interpreter>(),
};

function interpreterOf(isa: Isa, alignedOnly: boolean): Interpreter {
  const known = alignedOnly ? interpreters.trapping : interpreters.serving;
  let interpreter = known.get(isa);
  if (interpreter === undefined) {
    const { loop, rows } = buildInterpreter(isa, alignedOnly);
    interpreter = { loop: compile(loop), rows: compile(rows) };
    known.set(isa, interpreter);
  }
  return interpreter;
}

/** The same for all machines: without and with a hypervisor; accesses. */
const trapModules: CompiledModule[] = [];
let accessModule: CompiledModule | undefined;

/** The code that harts of this memory have translated, and their engines. */
export function sharedOf(memory: Memory, bus: HartBus, isa: Isa, options: CodeOptions): Shared {
  const known = sharedBy.get(memory);
  if (known !== undefined) return known;
  const engines: TranslatedEngine[] = [];
  const engine = (base: number): TranslatedEngine => {
    const found = engines[base / hartLayout.size];
    invariant(found !== undefined, "there is no such hart");
    return found;
  };
  const called = isa.rows.flatMap(({ meaning }) =>
    meaning.flatMap((effect) => (effect.kind === "call" ? [effect.routine] : [])),
  );
  const { hypervisor } = extensionsOf(isa);
  const traps = instantiate((trapModules[Number(hypervisor)] ??= compile(buildTraps(hypervisor))), {
    host: {
      memory,
      environmentCall: (base: number, pc: bigint) => engine(base).call("environmentCall", pc, 0, 0),
      returnFromMachine: (base: number) => engine(base).call("returnFromMachine", 0, 0, 0),
      returnFromSupervisor: (base: number) => engine(base).call("returnFromSupervisor", 0, 0, 0),
    },
  });
  const accesses = instantiate((accessModule ??= compile(buildAccesses())), {
    host: {
      memory,
      fill: (base: number, low: number, high: number, width: number, isStore: number) =>
        engine(base).unitMemory.fill(low, high, width, isStore === 0 ? "read" : "write"),
      load: (base: number, address: bigint, width: Width) => engine(base).unitMemory.load(address, width, "read"),
      store(base: number, address: bigint, width: Width, value: bigint) {
        engine(base).unitMemory.store(address, width, value);
      },
    },
  });
  const imports = {
    host: {
      memory,
      ...accesses,
      loadToStore: (base: number, address: bigint, width: Width) =>
        engine(base).unitMemory.load(address, width, "write"),
    },
    operator: createOperators(),
    float: createFloats(isa, memory),
    routine: {
      ...Object.fromEntries(
        [...new Set(called)].map((routine) => [
          routine,
          (base: number, first: Operand = 0, second: Operand = 0, third: Operand = 0) =>
            engine(base).call(routine, first, second, third),
        ]),
      ),
      ...traps,
    },
  };
  const code = new CodePages(options, imports, bus.buffer, bus.pages);
  bus.onWritten((address, length) => {
    code.written(address, length);
  });
  const { loop, rows } = interpreterOf(isa, options.alignedOnly);
  const { interpret } = instantiate(loop, { ...imports, row: instantiate(rows, imports) }) as {
    readonly interpret: Interpret;
  };
  const shared: Shared = { code, interpret, engines, states: new Map(), running: undefined };
  sharedBy.set(memory, shared);
  return shared;
}
