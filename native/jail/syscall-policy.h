/*
 * The system-call policy of sandboxes: one table for both filters and both architectures. filter.c makes the filters of it, and
 * test/native/syscall-policy.test.ts holds it against what sandboxes do.
 *
 *     CALL(name, at launch, at lock, why)
 *
 * At launch (before Node starts): what is not in the table, or says allow, is allowed, because Node must still open its files.
 * At lock (before hello, so before the first byte of a guest): what is not in the table is refused with EPERM. A rule says what
 * happens to the call:
 *
 *     allow          the kernel carries it out
 *     rare           the same, though traces of a sandbox at work do not show it: the reason says who makes it
 *     refuse         EPERM
 *     not_found      ENOENT: V8 and glibc look for files now and then, and go on without them
 *     unknown        ENOSYS: the caller goes on as on an older kernel
 *     threads        clone: only for a thread of this process, without namespaces; else EPERM
 *     itself         kill: only this process, and not by SIGKILL or SIGSTOP, which then come from somebody else only; else EPERM
 *     own_thread     tgkill: the same
 *     names          prctl: only to name a thread or memory; else EPERM
 *     reads          prlimit64: only to read a limit; else EPERM
 *     flags          fcntl: only the flags of a descriptor; else EPERM
 *     nonblocking    ioctl: only FIONBIO and FIONREAD; else ENOTTY
 *     unix_only      socket: only AF_UNIX; else EACCES
 *     small_pages    mmap: no pages that an administrator reserved as huge, which no process's resident memory shows; else EPERM
 *
 * Refused calls fail; they do not kill, so that each sandbox can try them after the lock and tell. Another architecture's calls
 * kill (filter.c): no part of Node makes any. Calls that are allowed without a condition cost nothing, the kernel remembers them.
 *
 * X86_64 is for calls that other architectures never had.
 */
#ifndef ISOTHERM_SYSCALL_POLICY_H
#define ISOTHERM_SYSCALL_POLICY_H

/*
 * The architecture is the one that is compiled for. A test that looks at both compiles filter.c with POLICY_ARM64 on x86-64 too: arm64
 * has the kernel's generic numbers, and these choices of its own (arch/arm64/include/uapi/asm/unistd.h).
 */
#if !defined(POLICY_ARM64) && defined(__aarch64__)
#define POLICY_ARM64
#elif !defined(POLICY_ARM64) && defined(__x86_64__)
#define POLICY_X86_64
#elif !defined(POLICY_ARM64)
#error "the system-call policy is for x86-64 and arm64"
#endif

#if defined(POLICY_ARM64) && !defined(__aarch64__)
#define __ARCH_WANT_RENAMEAT
#define __ARCH_WANT_NEW_STAT
#define __ARCH_WANT_SET_GET_RLIMIT
#define __ARCH_WANT_SYS_CLONE3
#include <asm-generic/unistd.h>
#else
#include <sys/syscall.h>
#endif

/* Newer than some headers; since 2019 numbers are the same on all architectures. */
#ifndef __NR_pidfd_send_signal
#define __NR_pidfd_send_signal 424
#endif
#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#define __NR_io_uring_enter 426
#define __NR_io_uring_register 427
#endif
#ifndef __NR_pidfd_open
#define __NR_pidfd_open 434
#endif
#ifndef __NR_clone3
#define __NR_clone3 435
#endif
#ifndef __NR_openat2
#define __NR_openat2 437
#endif
#ifndef __NR_pidfd_getfd
#define __NR_pidfd_getfd 438
#endif
#ifndef __NR_faccessat2
#define __NR_faccessat2 439
#endif

#ifdef POLICY_X86_64
#define X86_64(row) row
#else
#define X86_64(row)
#endif

#define SYSCALL_POLICY(CALL)                                                                                                       \
    /* Threads: V8's, isolated-vm's and libuv's pools start theirs when they first have work. */                                   \
    CALL(futex, allow, allow, "every lock and every wait of a thread")                                                             \
    CALL(clone, allow, threads, "isolated-vm, V8 and libuv start threads later")                                                   \
    CALL(clone3, allow, unknown, "its flags lie in memory that no filter can read; glibc falls back to clone")                     \
    CALL(set_robust_list, allow, allow, "glibc, at the start of a thread")                                                         \
    CALL(rseq, allow, allow, "glibc, at the start of a thread")                                                                    \
    CALL(gettid, allow, allow, "glibc and V8, at the start of a thread")                                                           \
    CALL(sched_getaffinity, allow, allow, "pthread_getattr_np, how many cores there are")                                          \
    CALL(sched_getparam, allow, allow, "glibc, when a thread asks for its attributes")                                             \
    CALL(sched_getscheduler, allow, allow, "glibc, when a thread asks for its attributes")                                         \
    CALL(sched_yield, allow, rare, "spinning locks of V8")                                                                         \
    CALL(getcpu, allow, rare, "glibc's and V8's allocators, where the vDSO does not answer")                                       \
    CALL(membarrier, allow, rare, "V8, when it changes code that other threads may run")                                           \
    CALL(prctl, allow, names, "names of threads and of V8's memory")                                                               \
    CALL(exit, allow, allow, "the end of a thread")                                                                                \
    CALL(exit_group, allow, rare, "the end of the process")                                                                        \
    CALL(restart_syscall, allow, allow, "a wait that a stop and a continue interrupted")                                           \
    /* Memory. Executable memory cannot be refused: V8 compiles. */                                                                \
    CALL(mmap, allow, small_pages, "heaps, stacks of threads, code")                                                               \
    CALL(munmap, allow, allow, "the same, given back")                                                                             \
    CALL(mprotect, allow, allow, "V8 makes its code writable and executable in turn")                                              \
    CALL(pkey_mprotect, allow, rare, "the same on processors with memory protection keys")                                         \
    CALL(madvise, allow, allow, "V8 gives pages back")                                                                             \
    CALL(mremap, allow, rare, "realloc of large blocks")                                                                           \
    CALL(brk, allow, allow, "malloc of small blocks")                                                                              \
    /* What is open already: the socket to the host, the volumes' file, the package store, pipes for last words, libuv's own. */   \
    CALL(read, allow, allow, "the socket; libuv's wake-ups")                                                                       \
    CALL(write, allow, allow, "the socket, last words; libuv's wake-ups")                                                          \
    CALL(writev, allow, allow, "the socket, frames of several parts")                                                              \
    CALL(pread64, allow, allow, "packages, volumes, resident memory")                                                              \
    CALL(pwrite64, allow, allow, "volumes")                                                                                        \
    CALL(close, allow, rare, "the end of a thread with an event loop; the socket")                                                 \
    CALL(fstat, allow, allow, "what kind a standard stream is, when a crypto thread starts")                                       \
    CALL(getsockname, allow, allow, "the same")                                                                                    \
    CALL(getsockopt, allow, allow, "the same, when Node prints last words")                                                        \
    CALL(fcntl, allow, flags, "libuv, when Node prints last words")                                                                \
    CALL(ioctl, allow, nonblocking, "libuv, when Node prints last words")                                                          \
    /* Waiting. */                                                                                                                 \
    CALL(epoll_pwait, allow, allow, "the event loop")                                                                              \
    CALL(epoll_ctl, allow, allow, "what the event loop waits for")                                                                 \
    CALL(epoll_create1, allow, allow, "the event loop of a crypto thread")                                                         \
    CALL(eventfd2, allow, allow, "wakes the event loop of a crypto thread")                                                        \
    CALL(pipe2, allow, allow, "wakes the event loop of a crypto thread, in some versions of libuv")                                \
    CALL(getcwd, allow, allow, "Node asks for it when a crypto thread starts; it is /")                                            \
    CALL(ppoll, allow, rare, "libuv, when it writes to a pipe that is full")                                                       \
    X86_64(CALL(poll, allow, rare, "libuv, when it writes to a pipe that is full"))                                                \
    /* Clocks and chance; the vDSO answers most of them without a call. */                                                         \
    CALL(clock_gettime, allow, rare, "clocks that the vDSO does not know: CPU time of a thread")                                   \
    CALL(clock_getres, allow, rare, "libuv, once for each event loop")                                                             \
    CALL(gettimeofday, allow, rare, "where there is no vDSO")                                                                      \
    CALL(clock_nanosleep, allow, allow, "V8, when it waits for other threads")                                                     \
    CALL(getrandom, allow, allow, "OpenSSL, V8's seeds")                                                                           \
    CALL(getrusage, allow, allow, "CPU time of a thread")                                                                          \
    /* About ourselves. */                                                                                                         \
    CALL(getpid, allow, allow, "process.kill and abort, which need the number")                                                    \
    CALL(kill, allow, itself, "the sandbox ends itself by SIGABRT")                                                                \
    CALL(tgkill, allow, own_thread, "abort, when V8 gives up")                                                                     \
    CALL(rt_sigaction, allow, rare, "abort; traps that WebAssembly uses")                                                          \
    CALL(rt_sigprocmask, allow, allow, "the start of a thread")                                                                    \
    CALL(rt_sigreturn, allow, rare, "the end of a signal handler")                                                                 \
    CALL(sigaltstack, allow, rare, "stacks for signal handlers of V8's traps")                                                     \
    CALL(prlimit64, allow, reads, "the size of a new thread's stack")                                                              \
    CALL(getuid, allow, allow, "OpenSSL and Node ask whether they run with other rights")                                          \
    CALL(geteuid, allow, allow, "the same")                                                                                        \
    CALL(getgid, allow, allow, "the same")                                                                                         \
    CALL(getegid, allow, allow, "the same")                                                                                        \
    CALL(sysinfo, allow, allow, "how much memory the machine has, when a crypto thread sizes its heap")                            \
    CALL(capget, allow, allow, "Node asks whether it may trust its environment, when a crypto thread starts")                      \
    /* Files: looked for in vain. */                                                                                               \
    CALL(openat, allow, not_found, "V8 and glibc look for /proc and /sys files")                                                   \
    CALL(newfstatat, allow, not_found, "the same")                                                                                 \
    CALL(statx, allow, not_found, "the same")                                                                                      \
    CALL(readlinkat, allow, not_found, "the same")                                                                                 \
    CALL(faccessat, allow, not_found, "the same")                                                                                  \
    CALL(faccessat2, allow, not_found, "the same")                                                                                 \
    X86_64(CALL(open, allow, not_found, "the same"))                                                                               \
    X86_64(CALL(stat, allow, not_found, "the same"))                                                                               \
    X86_64(CALL(lstat, allow, not_found, "the same"))                                                                              \
    X86_64(CALL(access, allow, not_found, "the same"))                                                                             \
    X86_64(CALL(readlink, allow, not_found, "the same"))                                                                           \
    /* Never, from before Node's first instruction on. */                                                                          \
    CALL(io_uring_setup, unknown, unknown, "libuv opens rings at start, and what a ring does no filter sees")                      \
    CALL(io_uring_enter, unknown, unknown, "the same")                                                                             \
    CALL(io_uring_register, unknown, unknown, "the same")                                                                          \
    CALL(socket, unix_only, refuse, "the host does all networking")                                                                \
    CALL(ptrace, refuse, refuse, "other processes of the same user")                                                               \
    CALL(process_vm_readv, refuse, refuse, "memory of other processes of the same user")                                           \
    CALL(process_vm_writev, refuse, refuse, "the same")                                                                            \
    CALL(pidfd_open, refuse, refuse, "handles of other processes")                                                                 \
    CALL(pidfd_getfd, refuse, refuse, "descriptors of other processes")                                                            \
    CALL(pidfd_send_signal, refuse, refuse, "signals to other processes")                                                          \
    CALL(kcmp, refuse, refuse, "compares kernel objects of other processes")                                                       \
    CALL(bpf, refuse, refuse, "programs in the kernel")                                                                            \
    CALL(perf_event_open, refuse, refuse, "measures other processes; many kernel bugs")                                            \
    CALL(userfaultfd, refuse, refuse, "makes races in the kernel winnable")                                                        \
    CALL(keyctl, refuse, refuse, "keys of the user; not in any namespace")                                                         \
    CALL(add_key, refuse, refuse, "the same")                                                                                      \
    CALL(request_key, refuse, refuse, "the same")                                                                                  \
    CALL(mount, refuse, refuse, "what a user namespace would allow")                                                               \
    CALL(umount2, refuse, refuse, "the same")                                                                                      \
    CALL(pivot_root, refuse, refuse, "the same")                                                                                   \
    CALL(chroot, refuse, refuse, "the same")                                                                                       \
    CALL(unshare, refuse, refuse, "the same")                                                                                      \
    CALL(setns, refuse, refuse, "namespaces of others")                                                                            \
    CALL(open_by_handle_at, refuse, refuse, "files past every path")                                                               \
    CALL(name_to_handle_at, refuse, refuse, "handles for it")                                                                      \
    CALL(init_module, refuse, refuse, "the kernel itself")                                                                         \
    CALL(finit_module, refuse, refuse, "the same")                                                                                 \
    CALL(delete_module, refuse, refuse, "the same")                                                                                \
    CALL(kexec_load, refuse, refuse, "the same")                                                                                   \
    CALL(reboot, refuse, refuse, "the machine")                                                                                    \
    CALL(swapon, refuse, refuse, "the same")                                                                                       \
    CALL(swapoff, refuse, refuse, "the same")                                                                                      \
    CALL(acct, refuse, refuse, "the same")                                                                                         \
    CALL(quotactl, refuse, refuse, "the same")                                                                                     \
    CALL(syslog, refuse, refuse, "the kernel's log, with its addresses")

#endif
