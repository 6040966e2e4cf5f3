/*
 * The first half of the jail: sets every layer that must come before Node, then becomes Node.
 *
 *     launcher [--host PID] [--descriptors N] [--control-group N] [--user ID] [--template N] [--read PATH]...
 *              [--environment NAME=VALUE]... -- program arguments...
 *
 * N of a control group is the descriptor of its cgroup.procs. ID is what a sandbox of root becomes, user and group.
 * It passes on descriptors 0 to 5 and the variables that it was given, and nothing else. A template (template.c) gets the N descriptors
 * behind those too, and no Landlock: a child of it could not even look at its own /proc. The lock sets that, in each child. What became of each layer is told to the
 * program in ISOTHERM_LAUNCHER. It fails only when it is called wrongly or the program cannot be started (status 127).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layers.h"

/* Of src/supervisor/launch.ts: no input, two outputs, the socket, the volumes' file, the package store. */
enum { DESCRIPTORS_PASSED = 6 };
enum { PATHS_MAX = 128, VARIABLES_MAX = 16 };

struct call {
    pid_t host;
    unsigned long descriptors;
    int control_group;
    unsigned template_descriptors;
    int is_template;
    uid_t user;
    const char *paths[PATHS_MAX];
    unsigned path_count;
    char *variables[VARIABLES_MAX + 2];
    unsigned variable_count;
    char **program;
};

static int read_call(struct call *call, char **arguments) {
    for (char **at = arguments + 1; *at != NULL; at += 2) {
        if (strcmp(*at, "--") == 0) {
            call->program = at + 1;
            return *call->program != NULL;
        }
        if (at[1] == NULL) return 0;
        if (strcmp(*at, "--host") == 0) call->host = (pid_t)atol(at[1]);
        else if (strcmp(*at, "--descriptors") == 0) call->descriptors = strtoul(at[1], NULL, 10);
        else if (strcmp(*at, "--control-group") == 0) call->control_group = atoi(at[1]);
        else if (strcmp(*at, "--template") == 0) {
            call->is_template = 1;
            call->template_descriptors = (unsigned)atoi(at[1]);
        } else if (strcmp(*at, "--user") == 0) call->user = (uid_t)strtoul(at[1], NULL, 10);
        else if (strcmp(*at, "--read") == 0 && call->path_count < PATHS_MAX) call->paths[call->path_count++] = at[1];
        else if (strcmp(*at, "--environment") == 0 && call->variable_count < VARIABLES_MAX)
            call->variables[call->variable_count++] = at[1];
        else return 0;
    }
    return 0;
}

int main(int count, char **arguments) {
    (void)count;
    static struct call call = {.descriptors = 256, .control_group = -1};
    static struct report report;
    if (!read_call(&call, arguments)) {
        fputs("usage: launcher [--host PID] [--descriptors N] [--control-group N] [--user ID] [--template N] [--read PATH]... "
              "[--environment NAME=VALUE]... -- program ...\n",
              stderr);
        return 64;
    }
    if (!parent_death_arm(call.host)) return 0;
    control_group_layer(&report, call.control_group);
    descriptors_close_from(DESCRIPTORS_PASSED + call.template_descriptors);
    /*
     * Keys pressed at the terminal are the host's. A session of its own would do that too, and be a scheduling group of its own
     * (sched_autogroup): on a loaded machine the median warm invocation then took 1.2 to 2.5 times as long (2 cores, 2026-11).
     */
    setpgid(0, 0);

    /* Limits and namespaces that take privileges come before these are given up. */
    int becomes_user = user_can_be(&report, call.user, call.paths, call.path_count);
    int keep_reading = !becomes_user && capabilities_are_needed_to_read(call.paths, call.path_count);
    resource_limits_layer(&report, call.descriptors);
    int has_namespaces = becomes_user && namespaces_with_privileges(&report);
    if (becomes_user) {
        capabilities_bound(0);
        user_become(&report, call.user);
    }
    if (!has_namespaces) namespaces_layer(&report, !keep_reading);
    capabilities_layer(&report, keep_reading);
    no_new_privileges_layer(&report);
    parent_death_layer(&report, call.host);
    if (!call.is_template) landlock_layer(&report, call.paths, call.path_count);
    seccomp_launch_layer(&report);

    static char told[sizeof report.text + 32];
    snprintf(told, sizeof told, "ISOTHERM_LAUNCHER=%s", report.text);
    call.variables[call.variable_count++] = told;
    execve(call.program[0], call.program, call.variables);
    fprintf(stderr, "launcher: %s: %s\n", call.program[0], strerror(errno));
    return 127;
}
