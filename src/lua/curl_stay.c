/* Keeps this module, and with it libcurl, in memory. Done here and not by a flag of the linker,
   because LuaRocks passes none. */
#define _GNU_SOURCE /* dladdr */
#include "curl_stay.h"

#include <dlfcn.h>

static const char here;

void curl_stay_loaded(void) {
  Dl_info module;
  if (dladdr(&here, &module) != 0) dlopen(module.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}
