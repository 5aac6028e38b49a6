/* Fibonacci numbers and Ackermann's function: calls and returns, and little else. */
#include "board.h"

__attribute__((noinline, optimize("no-optimize-sibling-calls"))) static uint64_t fibonacci(uint64_t n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

__attribute__((noinline, optimize("no-optimize-sibling-calls"))) static uint64_t ackermann(uint64_t m, uint64_t n) {
  if (m == 0) return n + 1;
  return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

uint64_t program(void) { return fibonacci(34) * 1000000 + ackermann(2, 700) + ackermann(3, 5); }
