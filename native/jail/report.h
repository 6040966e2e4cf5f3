/*
 * What became of each layer, as text for whoever started us: `name=` when it is on, `name=reason` when it is absent, one after the
 * other, separated by semicolons. Names are those of src/model/hardening.ts. A layer that cannot be had is reported and never ends
 * the program: the host decides what level it demands.
 */
#ifndef ISOTHERM_REPORT_H
#define ISOTHERM_REPORT_H

#include <stddef.h>

struct report {
    char text[2048];
    size_t length;
};

void report_on(struct report *report, const char *layer);

/* `what` was tried and failed with `error`, an errno. */
void report_absent(struct report *report, const char *layer, const char *what, int error);

/* Absent for a reason that is no error of the system. */
void report_absent_because(struct report *report, const char *layer, const char *reason);

#endif
