/* The two filters made of syscall-policy.h. */
#ifndef ISOTHERM_FILTER_H
#define ISOTHERM_FILTER_H

enum stage { AT_LAUNCH, AT_LOCK };
enum threads { THIS_THREAD, ALL_THREADS };

/* 0, or -1 with errno. It needs no privileges once no_new_privs is set, and cannot be taken back. */
int filter_install(enum stage stage, enum threads threads);

/* The program of a stage for this process, valid until the next call; its length, or -1 when it is too long. */
struct sock_filter;
int filter_make(enum stage stage, const struct sock_filter **code);

struct policy_row {
    const char *name;
    int number;
    const char *at_launch;
    const char *at_lock;
    const char *why;
};
extern const struct policy_row policy_rows[];
extern const unsigned policy_row_count;

#endif
