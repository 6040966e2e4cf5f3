#include "report.h"

#include <stdio.h>
#include <string.h>

/* Reasons are ours and strerror's, so nothing is ever cut; a report that were cut would read as an absent layer. */
static void append(struct report *report, const char *layer, const char *what, const char *why) {
    size_t room = sizeof report->text - report->length;
    int written = snprintf(report->text + report->length, room, "%s%s=%s%s%s", report->length == 0 ? "" : ";", layer, what,
                           *what != '\0' && *why != '\0' ? ": " : "", why);
    if (written > 0 && (size_t)written < room) report->length += (size_t)written;
    else report->text[report->length] = '\0';
}

void report_on(struct report *report, const char *layer) { append(report, layer, "", ""); }

void report_absent(struct report *report, const char *layer, const char *what, int error) {
    append(report, layer, what, strerror(error));
}

void report_absent_because(struct report *report, const char *layer, const char *reason) {
    append(report, layer, reason, "");
}
