/* The memory map, and what main() tells of the program: its result over the UART. */
#include "../board.h"

enum { PRESENT = 1, WRITABLE = 2 };
#define RAM_PAGES 16384
#define TABLE 1024

typedef uint32_t table[TABLE] __attribute__((aligned(4096)));
static table root, leaves[RAM_PAGES / TABLE];

/* RAM where it is. Gives the root's address. */
uint32_t map(void) {
  for (uint32_t page = 0; page < RAM_PAGES; page++) {
    root[page / TABLE] = (uint32_t)leaves[page / TABLE] | PRESENT | WRITABLE;
    leaves[page / TABLE][page % TABLE] = page << 12 | PRESENT | WRITABLE;
  }
  return (uint32_t)root;
}

static void put(uint8_t byte) { __asm__ volatile("outb %0, %1" ::"a"(byte), "Nd"((uint16_t)0x3f8)); }

int main(void) {
  uint64_t result = 0;
  for (int time = 0; time < TIMES; time++) result = 31 * result + program();
  for (int digit = 60; digit >= 0; digit -= 4) put("0123456789abcdef"[result >> digit & 15]);
  put('\n');
  for (;;) __asm__ volatile("hlt");
}
