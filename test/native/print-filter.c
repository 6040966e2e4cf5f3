/*
 * A program for tests: prints the filters as they are made here, one line each.
 *
 *     row NAME NUMBER AT_LAUNCH AT_LOCK       of the policy
 *     launch|lock OPERATION IF_TRUE IF_FALSE VALUE
 *     pid PID                                 the one in the filters
 */
#include <linux/filter.h>
#include <stdio.h>
#include <unistd.h>

#include "filter.h"

static void print(const char *name, enum stage stage) {
    const struct sock_filter *code;
    int length = filter_make(stage, &code);
    for (int i = 0; i < length; i++) printf("%s %u %u %u %u\n", name, code[i].code, code[i].jt, code[i].jf, code[i].k);
}

int main(void) {
    for (unsigned i = 0; i < policy_row_count; i++) {
        const struct policy_row *row = &policy_rows[i];
        printf("row %s %d %s %s\n", row->name, row->number, row->at_launch, row->at_lock);
    }
    print("launch", AT_LAUNCH);
    print("lock", AT_LOCK);
    printf("pid %d\n", (int)getpid());
    return 0;
}
