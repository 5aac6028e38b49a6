/* The same main() as a program of Linux: its result on the standard output, and its end. */
#include "../board.h"

#if defined(__x86_64__)
enum { WRITE = 1, EXIT = 60 };
static void call(long number, long a, const void *b, long c) {
  __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
}
__asm__(".globl _start\n_start: call main\n");
#elif defined(__i386__)
enum { WRITE = 4, EXIT = 1 };
static void call(long number, long a, const void *b, long c) {
  __asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c) : "memory");
}
__asm__(".globl _start\n_start: call main\n");
#else
enum { WRITE = 64, EXIT = 93 };
static void call(long number, long a, const void *b, long c) {
  register long a7 __asm__("a7") = number, a0 __asm__("a0") = a, a2 __asm__("a2") = c;
  register const void *a1 __asm__("a1") = b;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
}
__asm__(".globl _start\n_start: call main\n");
#endif

int main(void) {
  uint64_t result = 0;
  for (int time = 0; time < TIMES; time++) result = 31 * result + program();
  char line[17];
  for (int digit = 0; digit < 16; digit++) line[digit] = "0123456789abcdef"[result >> (60 - 4 * digit) & 15];
  line[16] = '\n';
  call(WRITE, 1, line, sizeof line);
  call(EXIT, 0, 0, 0);
  for (;;) {
  }
}
