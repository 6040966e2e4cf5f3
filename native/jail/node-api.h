/*
 * The few functions of Node-API and libuv that lock.c and template.c call, which Node exports under these names for ever. Declared here so
 * that both can be compiled without Node's headers and fit every Node.
 */
#ifndef ISOTHERM_NODE_API_H
#define ISOTHERM_NODE_API_H

#include <stddef.h>
#include <stdint.h>

typedef struct napi_env_opaque *napi_env;
typedef struct napi_value_opaque *napi_value;
typedef struct napi_callback_info_opaque *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);

extern int napi_create_function(napi_env, const char *name, size_t length, napi_callback, void *data, napi_value *result);
extern int napi_create_string_utf8(napi_env, const char *text, size_t length, napi_value *result);
extern int napi_create_uint32(napi_env, uint32_t number, napi_value *result);
extern int napi_get_value_string_utf8(napi_env, napi_value, char *text, size_t room, size_t *length);
extern int napi_get_value_uint32(napi_env, napi_value, uint32_t *result);
extern int napi_get_cb_info(napi_env, napi_callback_info, size_t *count, napi_value *arguments, napi_value *receiver, void **data);

struct uv_loop_s;
extern int napi_get_uv_event_loop(napi_env, struct uv_loop_s **loop);
/* In a child: a loop whose watchers are its own. */
extern int uv_loop_fork(struct uv_loop_s *loop);

#endif
