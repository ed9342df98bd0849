/* Transfers in the order they came, removable from the middle. A transfer is in one queue at most.
 */
#ifndef MOMENTO_CURL_QUEUE_H
#define MOMENTO_CURL_QUEUE_H

struct transfer;

struct queue {
  struct transfer *first, *last;
};

void queue_append(struct queue *queue, struct transfer *transfer);
void queue_remove(struct queue *queue, struct transfer *transfer);

/* Takes the first one out; NULL: there is none. */
struct transfer *queue_take(struct queue *queue);

#endif
