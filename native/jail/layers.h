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

/* descriptors.c: closes all from `first` on. They are close-on-exec in the host; this holds whatever the host forgot. */
void descriptors_close_from(unsigned first);

/* resource-limits.c */
void resource_limits_layer(struct report *report, unsigned long descriptors);

/* namespaces.c: `own_user` is 0 when a capability of the machine's own user namespace must be kept. */
void namespaces_layer(struct report *report, int own_user);

/* capabilities.c */
int capabilities_are_needed_to_read(const char *const *paths, unsigned count);
void capabilities_layer(struct report *report, int keep_reading);
void no_new_privileges_layer(struct report *report);

/* landlock.c */
void landlock_layer(struct report *report, const char *const *paths, unsigned count);

/* filter.c */
void seccomp_launch_layer(struct report *report);

#endif
