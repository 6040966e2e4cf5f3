/*
 * Tries one call of each denied class, with arguments that work or that the kernel calls bad (EFAULT, EBADF) where nothing denies the
 * call, and that do no harm then. Raw system calls: a library's wrapper might fail for reasons of its own.
 */
#define _GNU_SOURCE
#include "self-test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include "syscall-policy.h"

static long raw(long number, long a, long b, long c, long d, long e) { return syscall(number, a, b, c, d, e); }

/* Refused by a filter is one of these. Another error would mean that the kernel looked at the call. */
static int is_refusal(int error) {
    return error == EPERM || error == ENOENT || error == ENOSYS || error == EACCES || error == ENOTTY;
}

/* A descriptor or a child that came of it is not kept: the host does not use a sandbox in which one did. */
static void tell(struct report *results, const char *attempt, long result) {
    report_absent_because(results, attempt, result < 0 && is_refusal(errno) ? "refused" : "allowed");
}

static long open_path(const char *path, int how) { return raw(__NR_openat, AT_FDCWD, (long)path, how, 0600, 0); }

static long start_process(void) {
    long child = raw(__NR_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) raw(__NR_exit_group, 0, 0, 0, 0, 0);
    return child;
}

static long become_other_user(void) { return raw(__NR_setuid, (long)getuid(), 0, 0, 0, 0); }

static long lower_limit(void) {
    struct rlimit limit = {64, 64};
    return raw(__NR_prlimit64, 0, RLIMIT_NOFILE, (long)&limit, 0, 0);
}

static long set_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2];
    memset(sets, 0, sizeof sets);
    return raw(__NR_capset, (long)&header, (long)sets, 0, 0, 0);
}

void self_test(struct report *results, pid_t parent) {
    static const char memory[128];
    tell(results, "read a file", open_path("/proc/self/exe", O_RDONLY));
    tell(results, "read its environment", open_path("/proc/self/environ", O_RDONLY));
    tell(results, "write a file", open_path("/dev/null", O_WRONLY));
    tell(results, "make a file", open_path("/tmp", O_TMPFILE | O_RDWR));
    tell(results, "list a directory", open_path("/", O_RDONLY | O_DIRECTORY));
    tell(results, "list an open directory", raw(__NR_getdents64, 4, (long)memory, 0, 0, 0));
    tell(results, "stat a path", raw(__NR_statx, AT_FDCWD, (long)"/", 0, 0, (long)memory));
    tell(results, "remove a file", raw(__NR_unlinkat, AT_FDCWD, (long)"/", 0, 0, 0));
    tell(results, "change a mode", raw(__NR_fchmodat, AT_FDCWD, 0, 0755, 0, 0));
    tell(results, "change the directory", raw(__NR_chdir, 0, 0, 0, 0, 0));
    tell(results, "open a TCP socket", raw(__NR_socket, AF_INET, SOCK_STREAM, 0, 0, 0));
    tell(results, "open a UDP socket", raw(__NR_socket, AF_INET6, SOCK_DGRAM, 0, 0, 0));
    tell(results, "open a unix socket", raw(__NR_socket, AF_UNIX, SOCK_STREAM, 0, 0, 0));
    tell(results, "open a netlink socket", raw(__NR_socket, AF_NETLINK, SOCK_RAW, 0, 0, 0));
    tell(results, "connect", raw(__NR_connect, -1, 0, 0, 0, 0));
    tell(results, "pass a descriptor", raw(__NR_sendmsg, -1, 0, 0, 0, 0));
    tell(results, "start a process", start_process());
    tell(results, "execute a program", raw(__NR_execve, 0, 0, 0, 0, 0));
    tell(results, "signal its parent", raw(__NR_kill, parent, 0, 0, 0, 0));
    tell(results, "signal everybody", raw(__NR_kill, -1, 0, 0, 0, 0));
    tell(results, "trace", raw(__NR_ptrace, PTRACE_PEEKDATA, parent, 0, 0, 0));
    tell(results, "read memory of another process", raw(__NR_process_vm_readv, parent, (long)memory, 0, (long)memory, 0));
    tell(results, "make an io_uring", raw(__NR_io_uring_setup, 0, 0, 0, 0, 0));
    /* Of no length, which the kernel calls bad. */
    tell(results, "map huge pages", raw(__NR_mmap, 0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1));
    tell(results, "become another user", become_other_user());
    tell(results, "set capabilities", set_capabilities());
    tell(results, "set a limit", lower_limit());
    tell(results, "become traceable", raw(__NR_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0));
    tell(results, "enter a namespace", raw(__NR_unshare, CLONE_NEWUTS, 0, 0, 0, 0));
    tell(results, "mount", raw(__NR_mount, (long)"none", (long)"/", (long)"tmpfs", 0, 0));
    tell(results, "load a program into the kernel", raw(__NR_bpf, 0, 0, 0, 0, 0));
    tell(results, "use kernel keys", raw(__NR_keyctl, 0, 0, 0, 0, 0));
}
