/*
 * Only what the sandbox program consists of can be read, nothing can be written, no TCP port bound or connected to, and no process
 * outside signalled, as far as this kernel's Landlock knows these. It must come before Node starts: it holds for the calling
 * thread and what that starts. Bits as documented in the kernel's userspace-api/landlock.rst, for headers older than the kernel.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layers.h"

#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_add_rule 445
#define __NR_landlock_restrict_self 446
#endif

enum { EXECUTE = 1u << 0, WRITE_FILE = 1u << 1, READ_FILE = 1u << 2, READ_DIR = 1u << 3 };
enum { VERSION_FLAG = 1, RULE_PATH_BENEATH = 1 };

struct ruleset {
    uint64_t handled_files;
    uint64_t handled_network;
    uint64_t scoped;
};

struct path_rule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

/* Everything that each version can refuse is refused; a member that a version does not know must not be passed. */
static size_t ruleset_for(long version, struct ruleset *ruleset) {
    static const uint64_t files[] = {0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff};
    ruleset->handled_files = files[version > 5 ? 4 : version - 1];
    ruleset->handled_network = version >= 4 ? 3 : 0;
    ruleset->scoped = version >= 6 ? 3 : 0;
    return version >= 6 ? 24 : version >= 4 ? 16 : 8;
}

static int allow(int ruleset, const char *path, uint64_t access) {
    struct stat status;
    int file = open(path, O_PATH | O_CLOEXEC);
    /* Not on this machine: nothing to allow. */
    if (file < 0) return 0;
    if (fstat(file, &status) == 0 && !S_ISDIR(status.st_mode)) access &= ~(uint64_t)READ_DIR;
    struct path_rule rule = {access, file};
    long result = syscall(__NR_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
    int error = errno;
    close(file);
    errno = error;
    return (int)result;
}

void landlock_layer(struct report *report, const char *const *paths, unsigned count) {
    const char *layer = "landlock";
    long version = syscall(__NR_landlock_create_ruleset, NULL, 0, VERSION_FLAG);
    if (version < 1) {
        report_absent(report, layer, "landlock_create_ruleset", errno);
        return;
    }
    struct ruleset attributes;
    size_t size = ruleset_for(version, &attributes);
    int ruleset = (int)syscall(__NR_landlock_create_ruleset, &attributes, size, 0);
    int failed = ruleset < 0;
    for (unsigned i = 0; i < count && !failed; i++) failed = allow(ruleset, paths[i], EXECUTE | READ_FILE | READ_DIR) != 0;
    /* Node opens it in place of a standard stream that is closed. */
    failed = failed || allow(ruleset, "/dev/null", READ_FILE | WRITE_FILE) != 0;
    failed = failed || syscall(__NR_landlock_restrict_self, ruleset, 0) != 0;
    if (failed) report_absent(report, layer, "landlock", errno);
    else report_on(report, layer);
    if (ruleset >= 0) close(ruleset);
}
