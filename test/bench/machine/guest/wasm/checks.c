/*
 * What an exact translator's code does besides the program: a lookup in a TLB of 1024 tagged entries before each load and
 * store, and a look at the budget in each block. The compiler calls these for its sanitizers (ThreadSanitizer and
 * SanitizerCoverage), and inlines them when it links. It is less than a translator needs: an access goes to its own address,
 * not by the entry to another, what the compiler keeps on the stack isn't looked up, and a block counts as one instruction.
 */
#include <stdint.h>

#pragma clang attribute push(__attribute__((no_sanitize("thread", "coverage"))), apply_to = function)

struct entry {
  uint64_t tag;
  uint32_t distance, level;
};
static struct entry reads[1024], writes[1024];
static uint64_t context = 8;
static int64_t budget;

__attribute__((noinline)) static void fill(struct entry *entry, uint64_t tag) { entry->tag = tag; }

static inline void look(struct entry *tlb, uint64_t address, int bytes) {
  struct entry *entry = &tlb[address >> 12 & 1023];
  uint64_t tag = ((address + bytes - 1) & -4096) | context;
  if (entry->tag != tag) fill(entry, tag);
}

#define HOOK __attribute__((always_inline)) void
#define HOOKS(bytes)                                                                      \
  HOOK __tsan_read##bytes(void *place) { look(reads, (uintptr_t)place, bytes); }          \
  HOOK __tsan_write##bytes(void *place) { look(writes, (uintptr_t)place, bytes); }        \
  HOOK __tsan_unaligned_read##bytes(void *place) { look(reads, (uintptr_t)place, bytes); } \
  HOOK __tsan_unaligned_write##bytes(void *place) { look(writes, (uintptr_t)place, bytes); }
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)

HOOK __tsan_func_entry(void *caller) {}
HOOK __tsan_func_exit(void) {}
void __tsan_init(void) {}

__attribute__((noinline)) static void renew(void) { budget += 10000; }
HOOK __sanitizer_cov_trace_pc(void) {
  if (--budget < 0) renew();
}

#pragma clang attribute pop
