/*
 * Makes a seccomp filter of the policy table. The program is a chain: each row compares the number of the call and either decides or
 * goes on to the next row; what no row knows is decided by the stage. Every jump is forward and within its row.
 */
#define _GNU_SOURCE
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "syscall-policy.h"

#ifdef POLICY_X86_64
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

enum rule { allow, rare, refuse, not_found, unknown, threads, itself, own_thread, names, reads, flags, nonblocking, unix_only, small_pages };

static const struct {
    int number;
    enum rule at_launch, at_lock;
} table[] = {
#define ROW(name, at_launch, at_lock, why) {__NR_##name, at_launch, at_lock},
    SYSCALL_POLICY(ROW)
#undef ROW
};

const struct policy_row policy_rows[] = {
#define ROW(name, at_launch, at_lock, why) {#name, __NR_##name, #at_launch, #at_lock, why},
    SYSCALL_POLICY(ROW)
#undef ROW
};
const unsigned policy_row_count = sizeof policy_rows / sizeof *policy_rows;

/* A row is at most nine instructions; the kernel takes 4096. */
enum { INSTRUCTIONS_MAX = 2048 };

struct program {
    struct sock_filter code[INSTRUCTIONS_MAX];
    unsigned short length;
};

static void add(struct program *program, uint16_t operation, uint32_t value, uint8_t if_true, uint8_t if_false) {
    if (program->length < INSTRUCTIONS_MAX) {
        program->code[program->length++] = (struct sock_filter){operation, if_true, if_false, value};
    }
}

static void load(struct program *program, size_t offset) { add(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }

/* Both architectures are little-endian: the low half of an argument comes first. */
static void load_argument(struct program *program, unsigned index) {
    load(program, offsetof(struct seccomp_data, args) + 8 * index);
}

static void end(struct program *program, uint32_t answer) { add(program, BPF_RET | BPF_K, answer, 0, 0); }

static void end_with_error(struct program *program, int error) {
    end(program, SECCOMP_RET_ERRNO | ((uint32_t)error & SECCOMP_RET_DATA));
}

/* Allows when argument `index` is one of `values`, else answers `error`. */
static void allow_values(struct program *program, unsigned index, const uint32_t *values, unsigned count, int error) {
    load_argument(program, index);
    for (unsigned i = 0; i < count; i++) add(program, BPF_JMP | BPF_JEQ | BPF_K, values[i], (uint8_t)(count - i), 0);
    end_with_error(program, error);
    end(program, SECCOMP_RET_ALLOW);
}

/* Signals to this process, which is the first argument; the signal is argument `index`. */
static void allow_itself(struct program *program, unsigned index) {
    load_argument(program, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 0, 4);
    load_argument(program, index);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, SIGKILL, 2, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, SIGSTOP, 1, 0);
    end(program, SECCOMP_RET_ALLOW);
    end_with_error(program, EPERM);
}

static void decide(struct program *program, enum rule rule) {
    switch (rule) {
    case allow:
    case rare:
        end(program, SECCOMP_RET_ALLOW);
        break;
    case refuse:
        end_with_error(program, EPERM);
        break;
    case not_found:
        end_with_error(program, ENOENT);
        break;
    case unknown:
        end_with_error(program, ENOSYS);
        break;
    case threads: {
        const uint32_t others = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                                CLONE_NEWNET | CLONE_PTRACE | CLONE_VFORK | CLONE_PARENT;
        load_argument(program, 0);
        add(program, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 2);
        add(program, BPF_JMP | BPF_JSET | BPF_K, others, 1, 0);
        end(program, SECCOMP_RET_ALLOW);
        end_with_error(program, EPERM);
        break;
    }
    case itself:
        allow_itself(program, 1);
        break;
    case own_thread:
        allow_itself(program, 2);
        break;
    case names:
        allow_values(program, 0, (const uint32_t[]){PR_SET_NAME, PR_SET_VMA}, 2, EPERM);
        break;
    case reads:
        /* The new limit is a pointer: both halves must be zero. */
        load_argument(program, 2);
        add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
        load(program, offsetof(struct seccomp_data, args) + 8 * 2 + 4);
        add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
        end(program, SECCOMP_RET_ALLOW);
        end_with_error(program, EPERM);
        break;
    case flags:
        allow_values(program, 1, (const uint32_t[]){F_GETFD, F_SETFD, F_GETFL, F_SETFL}, 4, EPERM);
        break;
    case nonblocking:
        allow_values(program, 1, (const uint32_t[]){FIONBIO, FIONREAD}, 2, ENOTTY);
        break;
    case unix_only:
        allow_values(program, 0, (const uint32_t[]){AF_UNIX}, 1, EACCES);
        break;
    case small_pages:
        load_argument(program, 3);
        add(program, BPF_JMP | BPF_JSET | BPF_K, MAP_HUGETLB, 1, 0);
        end(program, SECCOMP_RET_ALLOW);
        end_with_error(program, EPERM);
        break;
    }
}

static void make(struct program *program, enum stage stage) {
    program->length = 0;
    load(program, offsetof(struct seccomp_data, arch));
    add(program, BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0);
    end(program, SECCOMP_RET_KILL_PROCESS);
    load(program, offsetof(struct seccomp_data, nr));
#ifdef POLICY_X86_64
    /* The x32 interface has the same architecture and other numbers. */
    add(program, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    end(program, SECCOMP_RET_KILL_PROCESS);
#endif
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        enum rule rule = stage == AT_LAUNCH ? table[i].at_launch : table[i].at_lock;
        if (stage == AT_LAUNCH && rule == allow) continue;
        unsigned short compare = program->length;
        add(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)table[i].number, 0, 0);
        decide(program, rule);
        program->code[compare].jf = (uint8_t)(program->length - compare - 1);
    }
    if (stage == AT_LAUNCH) end(program, SECCOMP_RET_ALLOW);
    else end_with_error(program, EPERM);
}

int filter_make(enum stage stage, const struct sock_filter **code) {
    static struct program program;
    make(&program, stage);
    *code = program.code;
    return program.length == INSTRUCTIONS_MAX ? -1 : program.length;
}
