/* An intrusive circular list: the links live in the members, so nothing is allocated and anything
   can be taken out in O(1) without knowing which list it is in. */
#ifndef TOPICSD_LIST_H
#define TOPICSD_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_link {
  struct list_link *next;
  struct list_link *previous;
};

/* The structure that has link as its member. */
#define LIST_OWNER(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Makes head an empty list. */
static inline void list_start(struct list_link *head) {
  head->next = head->previous = head;
}

static inline bool list_empty(const struct list_link *head) {
  return head->next == head;
}

/* Puts link last. */
static inline void list_append(struct list_link *head, struct list_link *link) {
  link->next = head;
  link->previous = head->previous;
  head->previous->next = link;
  head->previous = link;
}

/* Takes link out of its list, after which it is an empty list of its own: taking it out again does
   nothing. */
static inline void list_remove(struct list_link *link) {
  link->previous->next = link->next;
  link->next->previous = link->previous;
  list_start(link);
}

#endif
