/* The keys that may do everything, kept as what is inside them: which form a key and a credential
   came in makes no difference. */
#ifndef TOPICSD_KEYS_H
#define TOPICSD_KEYS_H

#include <stdbool.h>
#include <stddef.h>

struct keys;

/* texts: NUL-terminated, plain or v1; copied. NULL: no memory, or a key that is empty or too long.
 */
struct keys *keys_new(const char *const *texts, size_t count);
void keys_free(struct keys *keys);

/* Whether bytes[0..length), unwrapped, is one of them. All are compared, whichever it is: the time
   it takes tells nothing of the keys but how many there are and how long. */
bool keys_have(const struct keys *keys, const char *bytes, size_t length);

#endif
