#include "text_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1048576 };

static char *fail(char *text, char *problem, const char *path, const char *what) {
  free(text);
  snprintf(problem, TEXT_FILE_PROBLEM_SIZE, "%.150s: %.100s", path, what);
  return NULL;
}

char *text_file_read(const char *path, char problem[TEXT_FILE_PROBLEM_SIZE]) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return fail(NULL, problem, path, strerror(errno));
  char *text = malloc(MAX_BYTES + 1); /* untouched pages cost nothing */
  const size_t length = text != NULL ? fread(text, 1, MAX_BYTES + 1, file) : 0;
  const int error = ferror(file) != 0 ? errno : 0;
  fclose(file);
  if (text == NULL) return fail(text, problem, path, "out of memory");
  if (error != 0) return fail(text, problem, path, strerror(error));
  if (length > MAX_BYTES) return fail(text, problem, path, "longer than 1 MiB");
  text[length] = '\0';
  if (strlen(text) != length) return fail(text, problem, path, "not a text");
  return text;
}

char *text_file_read_secret(const char *path, char problem[TEXT_FILE_PROBLEM_SIZE]) {
  char *text = text_file_read(path, problem);
  if (text == NULL) return NULL;
  text[strcspn(text, "\r\n")] = '\0';
  if (strlen(text) < TEXT_FILE_SECRET_MIN)
    return fail(text, problem, path, "a secret must have 16 bytes or more, in the first line");
  return text;
}

char *text_file_line(struct text_lines *lines) {
  while (*lines->rest != '\0') {
    char *line = lines->rest;
    size_t length = strcspn(line, "\n");
    lines->rest += length + (line[length] == '\n' ? 1 : 0);
    lines->number++;
    while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
      length--;
    line[length] = '\0';
    line += strspn(line, " \t\r");
    if (*line != '\0' && *line != '#') return line;
  }
  return NULL;
}
