import { withDefaults, type TableView } from "../core/index.js";

/**
 * What comes to the VMM of what the hypervisor extension leaves to it: each is a bit of a CSR that HS-mode writes. All other instructions
 * of a guest's kernel execute in VS-mode as on a machine of its own.
 */
export interface ExitControls {
  /**
   * Guest physical addresses go through tables of the hypervisor's (hgatp). Without, the guest is on shadow tables, as the first processors
   * with hardware assist had it: page faults, satp and SFENCE.VMA come to the VMM then, whatever `addressSpaces` says.
   */
  readonly nestedPaging: boolean;
  /** satp and SFENCE.VMA (hstatus.VTVM). A VMM that keeps shadow tables needs it; with nested paging nobody does. */
  readonly addressSpaces: boolean;
  /** SRET (hstatus.VTSR). */
  readonly returns: boolean;
  /** WFI (hstatus.VTW): the processor is somebody else's while the guest is idle. */
  readonly idle: boolean;
  /** The time (hcounteren.TM = 0): else htimedelta makes it the guest's own. */
  readonly time: boolean;
  /** stimecmp (henvcfg.STCE = 0): else it is vstimecmp, and its interrupt comes without the VMM. */
  readonly timer: boolean;
}

const usualControls: ExitControls = {
  nestedPaging: true,
  addressSpaces: false,
  returns: false,
  idle: true,
  time: false,
  timer: false,
};

/** @throws UsageError for a control that there isn't */
export function controlsOf(given: Partial<ExitControls> | undefined): ExitControls {
  const controls = withDefaults("exit controls", given, usualControls);
  return controls.nestedPaging ? controls : { ...controls, addressSpaces: true };
}

const rows: readonly {
  readonly control?: keyof ExitControls;
  /** Only with nested paging, or only without. */
  readonly nested?: boolean;
  readonly bit: string;
  readonly what: string;
}[] = [
  { control: "addressSpaces", bit: "hstatus.VTVM", what: "satp, SFENCE.VMA" },
  { control: "returns", bit: "hstatus.VTSR", what: "SRET" },
  { control: "idle", bit: "hstatus.VTW", what: "WFI" },
  { control: "time", bit: "hcounteren.TM = 0", what: "the time" },
  { control: "timer", bit: "henvcfg.STCE = 0", what: "stimecmp" },
  { bit: "hcounteren.CY, IR = 0", what: "cycle and instret, which count for other guests and the VMM, too" },
  { bit: "hedeleg", what: "exceptions that the guest's firmware has not left to its kernel" },
  { bit: "hgatp", what: "guest-page faults: devices, and first stores to clean pages", nested: true },
  { bit: "hedeleg = 0", what: "page faults, the guest's and hidden ones", nested: false },
  { bit: "none", what: "calls from VS-mode, and hypervisor CSRs: always" },
  { bit: "none", what: "all that machine mode's code does beyond user mode's: it has no virtual mode of its own" },
];

/** What comes to the VMM, and by which bit. */
export function exitControlsView(given?: Partial<ExitControls>): TableView {
  const controls = controlsOf(given);
  return {
    as: "table",
    title: "What a guest under hardware assist comes to its VMM for",
    columns: [{ key: "what", label: "instruction or event" }, { key: "bit", label: "by" }, { key: "exits" }],
    rows: rows.map(({ control, nested, bit, what }) => {
      const isChosen = control === undefined || controls[control];
      const exits = isChosen && (nested === undefined || nested === controls.nestedPaging);
      return { what, bit, exits: exits ? "yes" : "no" };
    }),
    caption: 'privileged ISA, "Extension for Hypervisor Support", version 1.0',
  };
}
