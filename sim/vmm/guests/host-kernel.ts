import { invariant } from "../../core/index.js";
import { assemble } from "../../machine/index.js";
import { bare, type Guest } from "../guest.js";
import type { HostCall, HostOs, HostWork } from "../host-os.js";
import { firmware } from "./firmware.js";

/** All integer registers but zero; x2 is what the others are saved by, and comes last. */
const saved = [1, ...Array.from({ length: 29 }, (_, index) => index + 3)];
const each = (line: (register: number) => string): string => saved.map(line).join("\n");

/** A driver: the byte in a1 goes to the UART. */
const terminal = (last: string): string => `terminal:
  li    t1, 0x10000000
1:lbu   t2, 5(t1)                  # until the UART takes it
  andi  t2, t2, 32
  beqz  t2, 1b
  sb    a1, (t1)
${last}  ret
`;
/** The same with a bug: behind so many bytes it follows a pointer that is null. */
const faultyTerminal = (bytes: number): string =>
  terminal(`  la    t1, written
  ld    t2, (t1)
  addi  t2, t2, 1
  sd    t2, (t1)
  li    t1, ${bytes}
  bne   t1, t2, 2f
  ld    t2, (zero)
2:
`) +
  `  .data
  .balign 8
written: .dword 0
  .text
`;
/** Firmware that keeps access faults from the kernel: nothing goes on behind one in kernel mode. */
function strictFirmware(): string {
  const [from, to] = ["li    t0, 0xb1ff ", "li    t0, 0xb15f "];
  invariant(firmware.includes(from), "the firmware delegates");
  return firmware.replace(from, to);
}

interface Parts {
  readonly driver: string;
  readonly start: string;
}
const sound: Parts = { driver: terminal(""), start: firmware };
const faulty = (bytes: number): Parts => ({ driver: faultyTerminal(bytes), start: strictFirmware() });

/**
 * A small host: one process in user mode, which is the monitor, and a kernel with two system calls. "run guest" (0) saves the process's
 * registers and loads the guest's; the trap that brings the guest back saves the guest's and loads the process's. The guest itself isn't
 * entered here, so that what is measured is the host's part. "access device" (1) looks the file up, and writes a byte by its driver.
 */
const kernel = (calls: readonly (0 | 1)[], rounds: number, { driver, start }: Parts = sound): string => `${start}
kernel:
  la    t0, trap
  csrw  stvec, t0
  la    t0, process
  csrw  sscratch, t0
  la    t0, monitor
  csrw  sepc, t0
  li    t0, 1 << 8
  csrc  sstatus, t0
  li    s2, ${rounds}
  sret

monitor:
${calls
  .map(
    (call) => `  li    a7, ${call}
  li    a0, 1                      # a file: the terminal
  li    a1, '.'
  ecall`,
  )
  .join("\n")}
  addi  s2, s2, -1
  bnez  s2, monitor
  li    a7, 2
  ecall

  .balign 4
trap:
  csrrw sp, sscratch, sp
${each((register) => `  sd    x${register}, ${8 * register}(sp)`)}
  csrr  t0, sscratch
  sd    t0, 16(sp)
  csrr  t0, sepc
  addi  t0, t0, 4
  sd    t0, 0(sp)
  csrr  t1, scause
  li    t2, 8
  bne   t1, t2, failed
  beqz  a7, run_guest
  li    t0, 1
  beq   a7, t0, access
  li    a7, 8
  ecall
failed:
  j     .

access:
  li    t0, 8                      # is it one of the process's files?
  bgeu  a0, t0, failed
  la    t1, files
  slli  t0, a0, 3
  add   t1, t1, t0
  ld    t0, (t1)
  beqz  t0, failed
  jalr  t0
  j     back
${driver}
run_guest:
  la    sp, guest
${each((register) => `  ld    x${register}, ${8 * register}(sp)`)}
guest_runs:                        # until its trap comes
  la    sp, guest
${each((register) => `  sd    x${register}, ${8 * register}(sp)`)}
back:
  la    sp, process
  csrw  sscratch, sp
  ld    t0, 0(sp)
  csrw  sepc, t0
${each((register) => `  ld    x${register}, ${8 * register}(sp)`)}
  ld    sp, 16(sp)
  sret
  .data
  .balign 8
files: .dword 0, terminal, 0, 0, 0, 0, 0, 0
  .section .bss
  .balign 16
process: .skip 256
guest:   .skip 256
`;

/** Accesses to devices of one call: the UART's status and its data. */
const devices: Readonly<Record<HostCall, number>> = { "run guest": 0, "access device": 2 };
const numbers: Readonly<Record<HostCall, 0 | 1>> = { "run guest": 0, "access device": 1 };
const rounds = [4, 12] as const;

/** The host's kernel as software for a machine, with a monitor that makes so many calls. */
export const hostKernelGuest = (call: HostCall, times: number): Guest => ({
  name: "small host",
  about: `A host's kernel whose one process calls "${call}" ${times} times.`,
  source: kernel([numbers[call]], times),
  options: { program: assemble(kernel([numbers[call]], times)) },
  results: [],
});

/** For ever. */
const endless = 2 ** 31 - 1;

/** The host with a driver that fails behind so many bytes. Its process lets a guest run at `guest_runs`, and writes a byte for it, by turns. */
export function faultyHost(bytes: number): Guest {
  const source = kernel([0, 1], endless, faulty(bytes));
  const about = `A host's kernel whose driver fails behind ${bytes} bytes.`;
  return { name: "small host", about, options: { program: assemble(source) }, results: [] };
}

/** The same driver in a kernel of its own, which has nothing else. */
export function driverDomain(bytes: number): Guest {
  const { driver, start } = faulty(bytes);
  const source = `${start}
kernel:
  li    a1, '.'
  call  terminal
  li    t0, 300                    # until there is another request
1:addi  t0, t0, -1
  bnez  t0, 1b
  j     kernel
${driver}`;
  const about = `A kernel with nothing but a driver, which fails behind ${bytes} bytes.`;
  return { name: "driver domain", about, options: { program: assemble(source) }, results: [] };
}

function measure(call: HostCall): HostWork {
  const counts = rounds.map((times) => {
    const machine = bare(hostKernelGuest(call, times), { echo: false });
    machine.run({ engine: "evaluate" });
    const { cycles, retired } = machine.hart(0);
    return { cycles, traps: cycles - retired };
  });
  const perCall = (of: "cycles" | "traps"): number =>
    ((counts[1]?.[of] ?? 0) - (counts[0]?.[of] ?? 0)) / (rounds[1] - rounds[0]);
  return { instructions: perCall("cycles"), traps: perCall("traps"), devices: devices[call] };
}

/** The small host, with what its calls take as measured by executing them. */
export function smallHost(): HostOs {
  return {
    name: "small host",
    calls: { "run guest": measure("run guest"), "access device": measure("access device") },
  };
}
