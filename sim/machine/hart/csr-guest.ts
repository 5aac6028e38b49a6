import { plainCsr } from "../plain-csrs.js";
import { timerEnabled } from "./csr-supervisor.js";
import type { Csr } from "./csr-row.js";
import { readGuestEnables, readGuestPending, writeGuestEnables, writeGuestPending } from "./guest-interrupts.js";
import { writtenSatp } from "./satp.js";
import type { PrivilegedState } from "./state.js";
import { readSupervisor, writeSupervisor } from "./status.js";
import { guestStatus } from "./worlds.js";

/** From a supervisor CSR's number to its replica's. */
const replica = 0x100;

type Held = "stvec" | "sscratch" | "sepc" | "scause" | "stval" | "satp";

/** @param written what is held behind a write */
const row = (number: number, name: Held, written: (old: bigint, value: bigint) => bigint): Csr => {
  /** Where V is 1, it has changed places with the supervisor's. */
  const place = (state: PrivilegedState): Held | `v${Held}` => (state.mode.virtual ? name : `v${name}`);
  return {
    name: `v${name}`,
    number: number + replica,
    read: ({ state }) => state[place(state)],
    write({ state }, value) {
      state[place(state)] = written(state[place(state)], value);
    },
  };
};

/** As the CSR that it replicates: "must be able to hold the same set of values". */
function plain(number: number, name: Held): Csr {
  const mask = plainCsr(number)?.mask ?? -1n;
  return row(number, name, (_, value) => value & mask);
}

const rows: readonly Csr[] = [
  {
    name: "vsstatus",
    number: 0x200,
    read: ({ state }) => readSupervisor(guestStatus(state)),
    write({ state, features }, value) {
      if (state.mode.virtual) state.mstatus = writeSupervisor(state.mstatus, value, features.float);
      else state.vsstatus = writeSupervisor(state.vsstatus, value, features.float);
      state.noteFloats();
    },
  },
  {
    name: "vsie",
    number: 0x204,
    read: ({ state }) => readGuestEnables(state),
    write({ state }, value) {
      writeGuestEnables(state, value);
    },
  },
  plain(0x105, "stvec"),
  plain(0x140, "sscratch"),
  plain(0x141, "sepc"),
  plain(0x142, "scause"),
  plain(0x143, "stval"),
  {
    name: "vsip",
    number: 0x244,
    read: ({ state }) => readGuestPending(state),
    write({ state }, value) {
      writeGuestPending(state, value);
    },
  },
  {
    name: "vstimecmp",
    number: 0x24d,
    enabled: timerEnabled,
    read: ({ state }) => state.vstimecmp,
    write(hart, value) {
      hart.state.vstimecmp = value;
      hart.setTimer();
    },
  },
  row(0x180, "satp", writtenSatp),
];

/** The replicas of supervisor CSRs that are a guest's (privileged ISA, "Hypervisor and Virtual Supervisor CSRs"). */
export const guestRows: readonly Csr[] = rows.map((one) => ({
  ...one,
  exists: ({ hypervisor, sstc }) => hypervisor && (one.name !== "vstimecmp" || sstc),
}));
