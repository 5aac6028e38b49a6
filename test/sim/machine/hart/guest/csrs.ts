/** What programs read and write at will. Handlers' addresses and the way back aren't among them: they go to mapped code only. */
export const anyCsr: readonly number[] = [
  0x001, // fflags
  0x002, // frm
  0x003, // fcsr
  0x100, // sstatus
  0x104, // sie
  0x106, // scounteren
  0x10a, // senvcfg
  0x140, // sscratch
  0x142, // scause
  0x144, // sip
  0x14d, // stimecmp
  0x300, // mstatus
  0x301, // misa
  0x303, // mideleg
  0x304, // mie
  0x306, // mcounteren
  0x30a, // menvcfg
  0x320, // mcountinhibit
  0x340, // mscratch
  0x343, // mtval
  0x344, // mip
  0xb00, // mcycle
  0xb02, // minstret
  0xc00, // cycle
  0xc01, // time
  0xc02, // instret
  0xc03, // hpmcounter3
  0xf14, // mhartid
  0x7ff, // none
];

/** Those of the hypervisor extension. */
export const guestCsrs: readonly number[] = [
  0x200, // vsstatus
  0x204, // vsie
  0x240, // vsscratch
  0x242, // vscause
  0x243, // vstval
  0x244, // vsip
  0x24d, // vstimecmp
  0x34a, // mtinst
  0x34b, // mtval2
  0x600, // hstatus
  0x602, // hedeleg
  0x603, // hideleg
  0x604, // hie
  0x605, // htimedelta
  0x606, // hcounteren
  0x607, // hgeie
  0x60a, // henvcfg
  0x643, // htval
  0x644, // hip
  0x645, // hvip
  0x64a, // htinst
  0xe12, // hgeip
];

export const csr = {
  vsatp: 0x280,
  hstatus: 0x600,
  hgatp: 0x680,
  sepc: 0x141,
  satp: 0x180,
  sstatus: 0x100,
  mstatus: 0x300,
  mepc: 0x341,
  pmpcfg0: 0x3a0,
  pmpaddr0: 0x3b0,
} as const;
