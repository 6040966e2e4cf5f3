/* What a sandbox tries after the lock, to prove that it holds: as text, `attempt=refused` or `attempt=allowed`, separated by semicolons. */
#ifndef ISOTHERM_SELF_TEST_H
#define ISOTHERM_SELF_TEST_H

#include <sys/types.h>

#include "report.h"

/* `parent`: asked for before the lock, which does not answer it. */
void self_test(struct report *results, pid_t parent);

#endif
