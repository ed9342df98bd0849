/* What the files of the request parser share: its states, and how it takes lines and gives up.

   A step function goes on from the state that it is named after. It returns false when it has to
   stop: more bytes are needed, or the request was refused. */
#ifndef TOPICSD_REQUEST_INTERNAL_H
#define TOPICSD_REQUEST_INTERNAL_H

#include "request.h"

enum {
  STATE_LEADING, /* one empty line before the request is forgiven: old clients send it after a body
                  */
  STATE_START_LINE,
  STATE_FIELD_LINE,
  STATE_BODY,
  STATE_CHUNK_LINE,
  STATE_CHUNK_DATA,
  STATE_CHUNK_END,
  STATE_TRAILER_LINE,
  STATE_WHOLE,
  STATE_OVERSIZED,
  STATE_REFUSED
};

/* request.c */

void request_fail(struct request_parser *parser, unsigned status, const char *why);

/* Takes the line that begins at parser->at, without its CRLF. Returns false when it is not whole
   yet, or when it was refused: longer than max (answered with status and too_long), or its end is a
   bare line feed. */
bool request_take_line(struct request_parser *parser, char *bytes, size_t length, size_t max,
                       unsigned status, const char *too_long, struct field_text *line);

/* request_body.c */

bool request_step_body(struct request_parser *parser, size_t length);
bool request_step_chunk_line(struct request_parser *parser, char *bytes, size_t length);
bool request_step_chunk_data(struct request_parser *parser, char *bytes, size_t length);
bool request_step_chunk_end(struct request_parser *parser, char *bytes, size_t length);

/* Closes the gap that the framing of chunks left between the body and what is not parsed yet. */
void request_squeeze(struct request_parser *parser, char *bytes, size_t *length);

#endif
