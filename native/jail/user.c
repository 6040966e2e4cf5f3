/*
 * A sandbox of root becomes a user to whom nothing belongs: no file, no process. It must be able to read what it consists of, so
 * that is tried first, as that user. Other hosts have no user to give; their sandboxes run as the host's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "layers.h"

static const char *const layer = "unprivileged-user";

/* What is not there is no reason: it is not there for root either. */
static int reads_all(const char *const *paths, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        int file = open(paths[i], O_RDONLY | O_CLOEXEC);
        if (file >= 0) close(file);
        else if (errno == EACCES) return 0;
    }
    return 1;
}

int user_can_be(struct report *report, uid_t user, const char *const *paths, unsigned count) {
    if (geteuid() != 0) {
        report_on(report, layer);
        return 0;
    }
    if (user == 0) {
        report_absent_because(report, layer, "the host is root and gives it no user of its own");
        return 0;
    }
    /* Groups come first: a user without privileges cannot give them up. */
    if (setgroups(0, NULL) != 0 || setegid((gid_t)user) != 0 || seteuid(user) != 0) {
        int error = errno;
        if (setegid(getgid()) != 0) error = errno;
        report_absent(report, layer, "becoming another user", error);
        return 0;
    }
    int can = reads_all(paths, count);
    if (seteuid(0) != 0 || setegid(getgid()) != 0) _exit(126);
    if (!can) report_absent_because(report, layer, "its files can be read by root only");
    return can;
}

void user_become(struct report *report, uid_t user) {
    /* All three of each: nothing can be taken back. It was tried a moment ago; half of it is worse than none. */
    if (setresgid((gid_t)user, (gid_t)user, (gid_t)user) != 0 || setresuid(user, user, user) != 0) _exit(126);
    report_on(report, layer);
}
