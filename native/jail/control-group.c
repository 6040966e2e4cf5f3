/*
 * The host made the group and set its bounds; this process goes into it by itself, before it is Node and before it has threads. So
 * nothing it ever does is outside, and the host never writes a pid that could be somebody else's by then.
 */
#include <errno.h>
#include <unistd.h>

#include "layers.h"

void control_group_layer(struct report *report, int processes) {
    const char *layer = "control-group";
    /* Without a group the host knows why, and says so itself. */
    if (processes < 0) return;
    /* 0 is whoever writes. */
    if (write(processes, "0", 1) != 1) report_absent(report, layer, "joining", errno);
    else report_on(report, layer);
}
