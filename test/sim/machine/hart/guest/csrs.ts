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

export const csr = {
  sepc: 0x141,
  satp: 0x180,
  sstatus: 0x100,
  mstatus: 0x300,
  mepc: 0x341,
  pmpcfg0: 0x3a0,
  pmpaddr0: 0x3b0,
} as const;
