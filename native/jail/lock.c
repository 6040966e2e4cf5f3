/*
 * The second half of the jail, loaded by the sandbox when it has opened everything that it will ever need. The module is one
 * function; calling it locks the process for good and returns what became of it, as text: the layers, a line break, what was tried
 * afterwards (report.h, self-test.h). With an argument that is not 0 it sets Landlock too, which a child of a template does not have
 * yet: nothing at all can be read then.
 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "filter.h"
#include "layers.h"
#include "node-api.h"
#include "self-test.h"

static void undumpable_layer(struct report *report) {
    const char *layer = "undumpable";
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) report_absent(report, layer, "prctl", errno);
    else report_on(report, layer);
}

static void lock_layer(struct report *report) {
    const char *layer = "seccomp-lock";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) report_absent(report, layer, "no_new_privs", errno);
    else if (filter_install(AT_LOCK, ALL_THREADS) != 0) report_absent(report, layer, "seccomp", errno);
    else report_on(report, layer);
}

static napi_value text_of(napi_env env, const char *text) {
    napi_value value = NULL;
    napi_create_string_utf8(env, text, strlen(text), &value);
    return value;
}

static napi_value lock(napi_env env, napi_callback_info info) {
    static struct report layers, results;
    static char text[sizeof layers.text + sizeof results.text];
    napi_value argument = NULL;
    size_t count = 1;
    uint32_t is_forked = 0;
    if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != 0 || napi_get_value_uint32(env, argument, &is_forked) != 0) return NULL;
    pid_t parent = getppid();
    if (is_forked) landlock_layer(&layers, NULL, 0);
    undumpable_layer(&layers);
    lock_layer(&layers);
    self_test(&results, parent);
    strcpy(text, layers.text);
    strcat(text, "\n");
    strcat(text, results.text);
    return text_of(env, text);
}

__attribute__((visibility("default"))) int node_api_module_get_api_version_v1(void) { return 8; }

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
    napi_value function = NULL;
    (void)exports;
    napi_create_function(env, "lock", 4, lock, NULL, &function);
    return function;
}
