import { Code, WasmModule, type FunctionType } from "../../wasm/index.js";
import { attention, hartLayout, modeEntry, modeSize } from "../layout.js";
import { cause } from "./exceptions.js";
import { hypervisorStatus } from "./hypervisor-status.js";
import { machine, supervisor } from "./mode.js";
import { mppShift, sppShift, status, statusHigh } from "./status.js";

const { SIE, SPIE, SPP, MIE, MPIE, MPP, MPRV, SUM, MXR, TSR } = status;
/** From an enable bit to the one that keeps it over a trap. */
const pieShift = 4;
const returnType: FunctionType = { parameters: ["i32"], results: ["i64"] };
const callType: FunctionType = { parameters: ["i32", "i64"], results: ["i64"] };
const modeType: FunctionType = { parameters: ["i32", "i32", "i32"], results: [] };

/** CSRs of the mode that a trap goes to. */
interface Handler {
  readonly tvec: number;
  readonly epc: number;
  readonly cause: number;
  readonly tval: number;
  /** The hypervisor extension's: those that become 0, and bits of a status register that do. */
  readonly others: readonly number[];
  readonly status: number;
  readonly cleared: number;
}

const { GVA, SPV } = hypervisorStatus;
const handlers: Readonly<Record<"machine" | "supervisor", Handler>> = {
  machine: {
    tvec: hartLayout.mtvec,
    epc: hartLayout.mepc,
    cause: hartLayout.mcause,
    tval: hartLayout.mtval,
    others: [hartLayout.mtval2, hartLayout.mtinst],
    status: hartLayout.mstatush,
    cleared: statusHigh.MPV | statusHigh.GVA,
  },
  supervisor: {
    tvec: hartLayout.stvec,
    epc: hartLayout.sepc,
    cause: hartLayout.scause,
    tval: hartLayout.stval,
    others: [hartLayout.htval, hartLayout.htinst],
    status: hartLayout.hstatus,
    cleared: SPV | GVA,
  },
};

/**
 * Environment calls and returns from traps as WebAssembly functions, so that translated code takes them without leaving for the
 * host: they do what `trap` does. The context is entered that the privilege had last, if it is still its own; then, and if no
 * interrupt is enabled, translated code goes on; else it leaves behind the instruction.
 *
 *     environmentCall(hart, pc) → the handler
 *     returnFromMachine(hart), returnFromSupervisor(hart) → where to go on
 *
 * What may not return is left to the functions `host.…` of the same names, and so is what changes V. In a guest, supervisor CSRs are
 * the guest's own (`PrivilegedState`), so that its calls and returns are what any supervisor's are.
 *
 * @param hypervisor whether there is a V
 */
export function buildTraps(hypervisor: boolean): Uint8Array<ArrayBuffer> {
  const module = new WasmModule();
  module.importMemory("host", "memory");
  const illegal = {
    machine: module.importFunction("host", "returnFromMachine", returnType),
    supervisor: module.importFunction("host", "returnFromSupervisor", returnType),
  };
  const leave = hypervisor ? module.importFunction("host", "environmentCall", callType) : undefined;
  const enterMode = module.function(modeType, enterModeCode());
  module.function(callType, environmentCallCode(enterMode, leave), "environmentCall");
  module.function(returnType, returnFromMachineCode(enterMode, illegal.machine, hypervisor), "returnFromMachine");
  module.function(
    returnType,
    returnFromSupervisorCode(enterMode, illegal.supervisor, hypervisor),
    "returnFromSupervisor",
  );
  return module.encode();
}

/** (hart, privilege, mstatus): what they are from now on. */
function enterModeCode(): Code {
  const code = new Code(modeType.parameters.length);
  const [hart, privilege, mstatus] = [0, 1, 2];
  const entry = code.local("i32");
  code.get(hart);
  code.get(privilege);
  code.access("i32.store", hartLayout.privilege);
  code.get(hart);
  code.get(mstatus);
  code.access("i32.store", hartLayout.mstatus);
  // A data context is one of the privilege without MPRV: with it, nothing matches.
  code.get(hart);
  code.get(privilege);
  code.i32(Math.log2(modeSize));
  code.op("i32.shl");
  code.op("i32.add");
  code.tee(entry);
  code.access("i32.load", hartLayout.modes + modeEntry.status);
  code.get(mstatus);
  code.i32(SUM | MXR | MPRV);
  code.op("i32.and");
  code.op("i32.eq");
  code.if();
  const copy = (from: number, to: number): void => {
    code.get(hart);
    code.get(entry);
    code.access("i32.load", hartLayout.modes + from);
    code.access("i32.store", to);
  };
  copy(modeEntry.context, hartLayout.context);
  copy(modeEntry.jumpContext, hartLayout.jumpContext + 4);
  code.get(hart);
  code.access("i32.load", hartLayout.lines);
  code.get(hart);
  code.access("i32.load", hartLayout.software);
  code.op("i32.or");
  code.get(hart);
  code.access("i32.load", hartLayout.mie);
  code.op("i32.and");
  code.op("i32.eqz");
  code.if();
  code.op("return");
  code.op("end");
  code.op("end");
  code.get(hart);
  code.i32(attention.done);
  code.access("i32.store", hartLayout.fault);
  return code;
}

/** @param leave the host's, where there is a V */
function environmentCallCode(enterMode: number, leave: number | undefined): Code {
  const code = new Code(callType.parameters.length);
  const [hart, pc] = [0, 1];
  const [privilege, number, old] = [code.local("i32"), code.local("i32"), code.local("i32")];
  code.get(hart);
  code.access("i32.load", hartLayout.privilege);
  code.tee(privilege);
  code.i32(cause.environmentCall);
  code.op("i32.add");
  code.set(number);
  if (leave !== undefined) leaveGuest(code, number, privilege, leave);
  code.get(hart);
  code.get(hart);
  code.access("i32.load", hartLayout.trapped);
  code.i32(1);
  code.op("i32.add");
  code.access("i32.store", hartLayout.trapped);
  code.get(hart);
  code.access("i32.load", hartLayout.mstatus);
  code.set(old);

  const enter = ({ epc, cause, tval, tvec, others, status, cleared }: Handler): void => {
    if (leave !== undefined) {
      // Of what stays in a guest, nothing is told to the hypervisor.
      code.get(hart);
      code.access("i32.load", hartLayout.virtual);
      code.op("i32.eqz");
      code.if();
      for (const place of others) {
        code.get(hart);
        code.i64(0n);
        code.access("i64.store", place);
      }
      code.get(hart);
      code.get(hart);
      code.access("i32.load", status);
      code.i32(~cleared);
      code.op("i32.and");
      code.access("i32.store", status);
      code.op("end");
    }
    const save = (place: number, value: () => void): void => {
      code.get(hart);
      value();
      code.access("i64.store", place);
    };
    save(cause, () => {
      code.get(number);
      code.op("i64.extend_i32_u");
    });
    save(epc, () => {
      code.get(pc);
    });
    save(tval, () => {
      code.i64(0n);
    });
    code.get(hart);
    code.access("i64.load", tvec);
    // Exceptions go to the base, vectored or not.
    code.i64(-2n);
    code.op("i64.and");
    code.op("return");
  };
  /** Leaves mstatus on the stack: enabling kept, off, and where the trap comes from. */
  const stacked = (enable: number, cleared: number, previousShift: number): void => {
    code.get(old);
    code.i32(~cleared);
    code.op("i32.and");
    code.get(old);
    code.i32(enable);
    code.op("i32.and");
    code.i32(pieShift);
    code.op("i32.shl");
    code.op("i32.or");
    code.get(privilege);
    code.i32(previousShift);
    code.op("i32.shl");
    code.op("i32.or");
  };
  code.get(hart);
  code.access("i32.load", hartLayout.medeleg);
  code.get(number);
  code.op("i32.shr_u");
  code.i32(1);
  code.op("i32.and");
  code.get(privilege);
  code.i32(supervisor);
  code.op("i32.le_u");
  code.op("i32.and");
  code.if();
  code.get(hart);
  code.i32(supervisor);
  stacked(SIE, SIE | SPIE | SPP, sppShift);
  code.call(enterMode);
  enter(handlers.supervisor);
  code.op("end");
  code.get(hart);
  code.i32(machine);
  stacked(MIE, MIE | MPIE | MPP, mppShift);
  code.call(enterMode);
  enter(handlers.machine);
  code.op("unreachable");
  return code;
}

/** In a guest: the cause is VS-mode's own, and the host's is the call unless the hypervisor leaves it to the guest. */
function leaveGuest(code: Code, number: number, privilege: number, leave: number): void {
  const [hart, pc] = [0, 1];
  code.get(hart);
  code.access("i32.load", hartLayout.virtual);
  code.if();
  code.get(number);
  code.get(privilege);
  code.op("i32.add");
  code.set(number);
  code.get(hart);
  code.access("i32.load", hartLayout.medeleg);
  code.get(hart);
  code.access("i32.load", hartLayout.hedeleg);
  code.op("i32.and");
  code.get(number);
  code.op("i32.shr_u");
  code.i32(1);
  code.op("i32.and");
  code.op("i32.eqz");
  code.if();
  code.get(hart);
  code.get(pc);
  code.call(leave);
  code.op("return");
  code.op("end");
  code.op("end");
}

/** Leaves on the stack: the old mstatus without `cleared`, enabled as it was before the trap, and ready for the next. */
function unstacked(code: Code, old: number, previousEnable: number): void {
  code.get(old);
  code.i32(previousEnable);
  code.op("i32.and");
  code.i32(pieShift);
  code.op("i32.shr_u");
  code.op("i32.or");
  code.i32(previousEnable);
  code.op("i32.or");
}

function returnFromMachineCode(enterMode: number, illegal: number, hypervisor: boolean): Code {
  const code = new Code(returnType.parameters.length);
  const hart = 0;
  const [old, to] = [code.local("i32"), code.local("i32")];
  code.get(hart);
  code.access("i32.load", hartLayout.privilege);
  code.i32(machine);
  code.op("i32.ne");
  if (hypervisor) {
    code.get(hart);
    code.access("i32.load", hartLayout.mstatush);
    code.i32(statusHigh.MPV);
    code.op("i32.and");
    code.op("i32.or");
  }
  code.if();
  code.get(hart);
  code.call(illegal);
  code.op("return");
  code.op("end");

  code.get(hart);
  code.get(hart);
  code.access("i32.load", hartLayout.mstatus);
  code.tee(old);
  code.i32(MPP);
  code.op("i32.and");
  code.i32(mppShift);
  code.op("i32.shr_u");
  code.tee(to);
  code.get(old);
  // A lower mode doesn't lend its accesses.
  code.i32(~(MIE | MPP));
  code.i32(~(MIE | MPP | MPRV));
  code.get(to);
  code.i32(machine);
  code.op("i32.eq");
  code.op("select");
  code.op("i32.and");
  unstacked(code, old, MPIE);
  code.call(enterMode);
  code.get(hart);
  code.access("i64.load", hartLayout.mepc);
  return code;
}

function returnFromSupervisorCode(enterMode: number, illegal: number, hypervisor: boolean): Code {
  const code = new Code(returnType.parameters.length);
  const hart = 0;
  const [old, from] = [code.local("i32"), code.local("i32")];
  code.get(hart);
  code.access("i32.load", hartLayout.mstatus);
  code.set(old);
  code.get(hart);
  code.access("i32.load", hartLayout.privilege);
  code.tee(from);
  code.op("i32.eqz");
  code.get(from);
  code.i32(supervisor);
  code.op("i32.eq");
  code.get(old);
  code.i32(TSR);
  code.op("i32.and");
  code.i32(0);
  code.op("i32.ne");
  code.op("i32.and");
  code.op("i32.or");
  if (hypervisor) {
    code.get(hart);
    code.access("i32.load", hartLayout.virtual);
    code.op("i32.eqz");
    code.get(hart);
    code.access("i32.load", hartLayout.hstatus);
    code.i32(SPV);
    code.op("i32.and");
    code.i32(0);
    code.op("i32.ne");
    code.op("i32.and");
    code.op("i32.or");
  }
  code.if();
  code.get(hart);
  code.call(illegal);
  code.op("return");
  code.op("end");

  code.get(hart);
  code.get(old);
  code.i32(SPP);
  code.op("i32.and");
  code.i32(sppShift);
  code.op("i32.shr_u");
  code.get(old);
  code.i32(~(SIE | SPP | MPRV));
  code.op("i32.and");
  unstacked(code, old, SPIE);
  code.call(enterMode);
  code.get(hart);
  code.access("i64.load", hartLayout.sepc);
  return code;
}
