/* Puts a filter into force. Making one (filter.c) is apart from it, so that a test can look at the filters of both architectures. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "filter.h"
#include "layers.h"

int filter_install(enum stage stage, enum threads which) {
    const struct sock_filter *code;
    int length = filter_make(stage, &code);
    if (length < 0) {
        errno = E2BIG;
        return -1;
    }
    struct sock_fprog installed = {.len = (unsigned short)length, .filter = (struct sock_filter *)code};
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, which == ALL_THREADS ? SECCOMP_FILTER_FLAG_TSYNC : 0, &installed);
    /* A positive answer is the thread that could not be brought along: it has a filter that is not ours. */
    if (result > 0) errno = EBUSY;
    return result == 0 ? 0 : -1;
}

void seccomp_launch_layer(struct report *report) {
    const char *layer = "seccomp-launch";
    if (filter_install(AT_LAUNCH, THIS_THREAD) != 0) report_absent(report, layer, "seccomp", errno);
    else report_on(report, layer);
}
