/*
 * No capability is held and none can be had again. A new user namespace gives all of them inside it, so this follows it. A sandbox
 * that runs as root whose files belong to somebody else keeps the one capability that lets it read them, and says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layers.h"

#define CAPABILITIES_MAX 64
static const unsigned reading = CAP_DAC_READ_SEARCH;

typedef struct __user_cap_data_struct Sets[2];

static int get(Sets sets) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    return (int)syscall(SYS_capget, &header, sets);
}

static int set(const Sets sets) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    return (int)syscall(SYS_capset, &header, sets);
}

int capabilities_are_needed_to_read(const char *const *paths, unsigned count) {
    Sets before;
    if (get(before) != 0 || (before[0].effective & (1u << reading)) == 0) return 0;
    Sets without;
    memcpy(without, before, sizeof without);
    without[0].effective = without[1].effective = 0;
    if (set(without) != 0) return 0;
    int needed = 0;
    for (unsigned i = 0; i < count && !needed; i++) {
        int file = open(paths[i], O_RDONLY | O_CLOEXEC);
        if (file >= 0) close(file);
        else needed = errno == EACCES;
    }
    set(before);
    return needed;
}

void capabilities_bound(int keep_reading) {
    /* What an exec by root would give again. Refused without CAP_SETPCAP: then no_new_privs sees to it that nothing is gained. */
    for (unsigned i = 0; i < CAPABILITIES_MAX; i++) {
        if (!keep_reading || i != reading) prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    }
}

void capabilities_layer(struct report *report, int keep_reading) {
    const char *layer = "capabilities";
    capabilities_bound(keep_reading);
    Sets sets;
    memset(sets, 0, sizeof sets);
    if (keep_reading) sets[0].effective = sets[0].permitted = 1u << reading;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (set(sets) != 0) report_absent(report, layer, "capset", errno);
    else if (keep_reading) report_absent_because(report, layer, "files of other users must be read: CAP_DAC_READ_SEARCH is kept");
    else report_on(report, layer);
}

void no_new_privileges_layer(struct report *report) {
    const char *layer = "no-new-privileges";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) report_absent(report, layer, "prctl", errno);
    else report_on(report, layer);
}
