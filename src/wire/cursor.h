/* The cursor of one subscription: which position to ask for next, and what each item of an answer
   means for it (deliver, drop as a duplicate, or report a gap first). Exact 64-bit values. Knows no
   JSON. */
#ifndef MOMENTO_WIRE_CURSOR_H
#define MOMENTO_WIRE_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

struct cursor_gap {              /* a discontinuity as the reader is told of it */
  uint64_t last_sequence_number; /* the last one before the gap, 0 when none was seen */
  uint64_t new_sequence_number;  /* the first one after it */
  uint64_t new_sequence_page;
};

struct cursor {
  uint64_t next; /* sequence number to ask for; (0, 0) means: from the next message published */
  uint64_t page;
  uint64_t last_number;
  bool delivered; /* whether (last_number, page) is a position */
};

enum cursor_verdict {
  CURSOR_DELIVER,   /* the message is the expected one */
  CURSOR_DUPLICATE, /* at or below the last delivered one: drop and count it */
  CURSOR_GAP        /* deliver it, after reporting *gap */
};

/* Starts at (0, 0). */
void cursor_start(struct cursor *cursor);

/* Starts after the message at (number, page), the last one that the caller has had. number 0:
   nothing of that page yet; page 0: of whichever is current. */
void cursor_resume(struct cursor *cursor, uint64_t number, uint64_t page);

/* A message arrived. Moves the cursor past it unless it is a duplicate; fills *gap for CURSOR_GAP.
   A message of an older page is a duplicate; one of a newer page is a gap, whatever its number. */
enum cursor_verdict cursor_message(struct cursor *cursor, uint64_t number, uint64_t page,
                                   struct cursor_gap *gap);

/* A discontinuity element arrived. Returns true when the reader must be told (fills *gap with what
   to tell), false when the cursor stands there already, or nothing was expected yet and nothing is
   said to be missing. After it the next expected number is new_number: the server's word counts,
   also when it leads back to numbers that were delivered before. */
bool cursor_discontinuity(struct cursor *cursor, uint64_t last_number, uint64_t new_number,
                          uint64_t new_page, struct cursor_gap *gap);

/* Position of the last message delivered, or of the one before the first after a discontinuity, or
   what was resumed from. Returns false when there is none yet. */
bool cursor_position(const struct cursor *cursor, uint64_t *number, uint64_t *page);

#endif
