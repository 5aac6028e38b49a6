/* The memory map, and what main() tells of the program: its result over the UART, and power-off. */
#include "board.h"

enum { V = 1, R = 2, W = 4, X = 8, A = 64, D = 128 };
#define RAM 0x80000000UL
#define RAM_PAGES 16384
#define TABLE 512

typedef uint64_t table[TABLE] __attribute__((aligned(4096)));
static table root, middle_ram, middle_far, leaves_ram[RAM_PAGES / TABLE], leaves_far[FAR_PAGES / TABLE];

static uint64_t entry(uint64_t physical, int bits) { return physical >> 12 << 10 | bits; }

/* Devices by one leaf of 1 GiB, RAM where it is and the far pages by leaves of 4 KiB. Gives the root's page number. */
uint64_t map(void) {
  root[0] = entry(0, V | R | W | A | D);
  root[RAM >> 30 & 511] = entry((uint64_t)middle_ram, V);
  root[FAR >> 30 & 511] = entry((uint64_t)middle_far, V);
  for (uint64_t page = 0; page < RAM_PAGES; page++) {
    middle_ram[page / TABLE] = entry((uint64_t)leaves_ram[page / TABLE], V);
    leaves_ram[page / TABLE][page % TABLE] = entry(RAM + (page << 12), V | R | W | X | A | D);
  }
  for (uint64_t page = 0; page < FAR_PAGES; page++) {
    uint64_t over = RAM_PAGES - 1 - page * 5 % FAR_PAGES;
    middle_far[page / TABLE] = entry((uint64_t)leaves_far[page / TABLE], V);
    leaves_far[page / TABLE][page % TABLE] = entry(RAM + (over << 12), V | R | W | A | D);
  }
  return (uint64_t)root >> 12;
}

#ifdef HYPERVISOR
/* The topmost table of Sv39x4 has four pages; the rest is as above, all of it a user's. */
static uint64_t guest_root[4 * TABLE] __attribute__((aligned(16384)));
static table guest_middle, guest_leaves[RAM_PAGES / TABLE];

/* Guest physical addresses are physical ones. Gives the root's page number. */
uint64_t map_guest(void) {
  enum { U = 16 };
  guest_root[0] = entry(0, V | R | W | U | A | D);
  guest_root[RAM >> 30 & 2047] = entry((uint64_t)guest_middle, V);
  for (uint64_t page = 0; page < RAM_PAGES; page++) {
    guest_middle[page / TABLE] = entry((uint64_t)guest_leaves[page / TABLE], V);
    guest_leaves[page / TABLE][page % TABLE] = entry(RAM + (page << 12), V | R | W | X | U | A | D);
  }
  return (uint64_t)guest_root >> 12;
}
#endif

int main(void) {
  uint64_t result = 0;
  for (int time = 0; time < TIMES; time++) result = 31 * result + program();
  for (int digit = 60; digit >= 0; digit -= 4)
    *(volatile uint8_t *)0x10000000 = "0123456789abcdef"[result >> digit & 15];
  *(volatile uint8_t *)0x10000000 = '\n';
  *(volatile uint32_t *)0x100000 = 0x5555;
  for (;;) {
  }
}
