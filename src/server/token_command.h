/* "topicsd token": makes a disposable token with the secret of a server, which need not be
   reachable or even run. */
#ifndef TOPICSD_TOKEN_COMMAND_H
#define TOPICSD_TOKEN_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { TOKEN_COMMAND_PROBLEM_SIZE = 256 };

/* argv[0] is the word "token". Prints the token in its v1 form, or the help, to out and returns
   true; or returns false, with what is wrong in problem. */
bool token_command(int argc, char **argv, uint64_t now_ms, FILE *out,
                   char problem[TOKEN_COMMAND_PROBLEM_SIZE]);

#endif
