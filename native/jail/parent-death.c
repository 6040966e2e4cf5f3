/*
 * The kernel kills this process when the thread that started it ends. So a host that was killed leaves no sandbox behind, however
 * busy the sandbox is.
 */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "layers.h"

int parent_death_arm(pid_t host) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* A host that ended before the line above sends nothing any more; whoever adopted us is not it. */
    return host == 0 || getppid() == host;
}

void parent_death_layer(struct report *report, pid_t host) {
    const char *layer = "parent-death-signal";
    int signal = 0;
    /* Again: changing credentials, which a user namespace does, clears it. */
    if (!parent_death_arm(host)) _exit(0);
    if (prctl(PR_GET_PDEATHSIG, &signal) != 0) report_absent(report, layer, "prctl", errno);
    else if (signal != SIGKILL) report_absent_because(report, layer, "the kernel did not keep the signal");
    else report_on(report, layer);
}
