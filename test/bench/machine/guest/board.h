#include <stdint.h>

/* Virtual pages that lie over the upper half of RAM, each over one of its own. */
#define FAR 0x2000000000UL
#define FAR_PAGES 8192

/* What a program computes, so that two machines can be compared. */
uint64_t program(void);
