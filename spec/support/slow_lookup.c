/* Loaded before libc (LD_PRELOAD): looking up slow.example takes 5 seconds, missing.example does
   not exist, and neither asks a name server. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result) {
  if (node != NULL && strcmp(node, "slow.example") == 0) {
    sleep(5);
    return EAI_AGAIN;
  }
  if (node != NULL && strcmp(node, "missing.example") == 0) return EAI_NONAME;
  lookup *next;
  *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
  return next(node, service, hints, result);
}
