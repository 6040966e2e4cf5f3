/*
 * A network without an interface that is up, a host name, System V objects and a control group root of our own. They need a user
 * namespace, or privileges. They must come before Node: a process with threads cannot enter a user namespace. Where the machine
 * allows none (default Docker, `user.max_user_namespaces=0`, Ubuntu's AppArmor), the filters refuse the same calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "layers.h"

static const int own = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

static int write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t written = write(file, text, strlen(text));
    int error = errno;
    close(file);
    errno = error;
    return written < 0 ? -1 : 0;
}

/* The same ids inside as outside, and nobody else's: files keep their owners. */
static int map_ids(uid_t uid, gid_t gid) {
    char text[64];
    snprintf(text, sizeof text, "%u %u 1", uid, uid);
    if (write_file("/proc/self/setgroups", "deny") != 0 && errno != ENOENT) return -1;
    if (write_file("/proc/self/uid_map", text) != 0) return -1;
    snprintf(text, sizeof text, "%u %u 1", gid, gid);
    return write_file("/proc/self/gid_map", text);
}

static const char *const layer = "namespaces";

int namespaces_with_privileges(struct report *report) {
    if (unshare(own) != 0) return 0;
    report_on(report, layer);
    return 1;
}

void namespaces_layer(struct report *report, int own_user) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (own_user && unshare(CLONE_NEWUSER | own) == 0) {
        if (map_ids(uid, gid) != 0) report_absent(report, layer, "id map", errno);
        else report_on(report, layer);
        return;
    }
    int error = errno;
    /* With privileges they can be had without a user namespace. */
    if (!namespaces_with_privileges(report)) report_absent(report, layer, own_user ? "unshare with a user namespace" : "unshare", own_user ? error : errno);
}
