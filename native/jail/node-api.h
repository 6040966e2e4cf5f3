/*
 * The few functions of Node-API that lock.c calls, which Node exports under these names for ever. Declared here so that the lock can
 * be compiled without Node's headers and fits every Node.
 */
#ifndef ISOTHERM_NODE_API_H
#define ISOTHERM_NODE_API_H

#include <stddef.h>

typedef struct napi_env_opaque *napi_env;
typedef struct napi_value_opaque *napi_value;
typedef struct napi_callback_info_opaque *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);

extern int napi_create_function(napi_env, const char *name, size_t length, napi_callback, void *data, napi_value *result);
extern int napi_create_string_utf8(napi_env, const char *text, size_t length, napi_value *result);

#endif
