/* Small files of text that topicsd is given by name: lists of keys, flags, a secret. */
#ifndef TOPICSD_TEXT_FILE_H
#define TOPICSD_TEXT_FILE_H

#include <stddef.h>

enum { TEXT_FILE_PROBLEM_SIZE = 256, TEXT_FILE_SECRET_MIN = 16 };

/* The whole of a file, NUL-terminated, to be freed. NULL, with what is wrong in problem, when it
   cannot be read, is longer than 1 MiB, or has a NUL in it. */
char *text_file_read(const char *path, char problem[TEXT_FILE_PROBLEM_SIZE]);

/* The first line of a file, which must have TEXT_FILE_SECRET_MIN bytes at least; otherwise
 * likewise.
 */
char *text_file_read_secret(const char *path, char problem[TEXT_FILE_PROBLEM_SIZE]);

/* The lines of a text, which taking them changes; to begin with, the number is 0. */
struct text_lines {
  char *rest;
  size_t number; /* of the line taken last, from 1 on */
};

/* Takes the next line, without the white space around it; empty ones and those that begin with #
   are skipped. NULL: there is none. */
char *text_file_line(struct text_lines *lines);

#endif
