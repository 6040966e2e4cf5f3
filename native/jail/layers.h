/*
 * The layers that the launcher sets, in the order in which it must set them (SECURITY.md 5.2). Each function says in `report` what
 * became of it. All of them are called by the only thread of a process that is about to become Node.
 */
#ifndef ISOTHERM_LAYERS_H
#define ISOTHERM_LAYERS_H

#include <sys/types.h>

#include "report.h"

/* parent-death.c: false when the host has ended already. */
int parent_death_arm(pid_t host);
void parent_death_layer(struct report *report, pid_t host);

/* control-group.c: `processes` is the group's cgroup.procs, open for writing; -1 when there is no group. */
void control_group_layer(struct report *report, int processes);

/* descriptors.c: closes all from `first` on. They are close-on-exec in the host; this holds whatever the host forgot. */
void descriptors_close_from(unsigned first);

/* resource-limits.c */
void resource_limits_layer(struct report *report, unsigned long descriptors);

/* user.c: whether it runs as root and may and can become `user`; 0 is none. If so the other does it, for good. */
int user_can_be(struct report *report, uid_t user, const char *const *paths, unsigned count);
void user_become(struct report *report, uid_t user);

/* namespaces.c: `own_user` is 0 when a capability of the machine's own user namespace must be kept. The first is for who has
   privileges and is about to give them up: 1 when it has them all, and then the layer is not needed. */
int namespaces_with_privileges(struct report *report);
void namespaces_layer(struct report *report, int own_user);

/* capabilities.c */
int capabilities_are_needed_to_read(const char *const *paths, unsigned count);
/* Part of the layer; also for who is about to give up the privilege that it takes. */
void capabilities_bound(int keep_reading);
void capabilities_layer(struct report *report, int keep_reading);
void no_new_privileges_layer(struct report *report);

/* landlock.c */
void landlock_layer(struct report *report, const char *const *paths, unsigned count);

/* filter.c */
void seccomp_launch_layer(struct report *report);

#endif
