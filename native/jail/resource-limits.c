/*
 * Bounds that cost nothing. Not set, with reasons (SECURITY.md 5.6): address space and data, because each isolate reserves half a
 * gigabyte of code range; processes, because the limit counts a user's threads in all processes; file size, because the volumes of
 * all environments lie in one file, which may honestly grow to 2 TB (200 of 10 GiB). The sandbox keeps their quotas, and the host looks
 * at what the file holds (src/supervisor/volume-books.ts).
 */
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "layers.h"

static const struct {
    int resource;
    const char *name;
} zeroes[] = {
    /* A core file would hold the memory of every tenant of this sandbox. */
    {RLIMIT_CORE, "core size"},
    {RLIMIT_MEMLOCK, "locked memory"},
    {RLIMIT_MSGQUEUE, "message queues"},
    {RLIMIT_RTPRIO, "real-time priority"},
    {RLIMIT_NICE, "priority"},
};

static int lower(int resource, rlim_t most) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) return -1;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < most) most = limit.rlim_max;
    limit.rlim_cur = limit.rlim_max = most;
    return setrlimit(resource, &limit);
}

void resource_limits_layer(struct report *report, unsigned long descriptors) {
    const char *layer = "resource-limits";
    for (unsigned i = 0; i < sizeof zeroes / sizeof *zeroes; i++) {
        if (lower(zeroes[i].resource, 0) != 0) {
            report_absent(report, layer, zeroes[i].name, errno);
            return;
        }
    }
    if (lower(RLIMIT_NOFILE, descriptors) != 0) report_absent(report, layer, "open files", errno);
    else report_on(report, layer);
}
