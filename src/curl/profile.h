/* What all requests of a mux have in common: the origin, the headers, how connections are made.
   Checked and taken apart once, so that a request repeats none of it. */
#ifndef MOMENTO_CURL_PROFILE_H
#define MOMENTO_CURL_PROFILE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

struct profile {
  CURLU *origin;
  CURLSH *shared; /* TLS sessions and addresses, which each handle would keep for itself */
  char *name;     /* the origin as it was given, for messages */
  bool secure;    /* https */
  bool http2;
  long connect_timeout; /* milliseconds */
  size_t max_body;      /* bytes of an answer */
  char *ca_file;        /* NULL: the system's */
  char *ca_path;
  struct curl_slist *headers;
};

/* Starts from nothing; false: no memory. */
bool profile_start(struct profile *profile);

/* Takes "http://host[:port]" or https. NULL, or what is wrong with it. */
const char *profile_set_origin(struct profile *profile, const char *origin);

/* Appends "Name: value". NULL, or what is wrong with it; the message does not show the line. */
const char *profile_add_header(struct profile *profile, const char *line, size_t length);

/* A zeroed profile may be freed. No handle may use it any more. */
void profile_free(struct profile *profile);

#endif
