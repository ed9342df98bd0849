/* Transfers in the order they came. */
#include "queue.h"

#include "transfer.h"

#include <stddef.h>

void queue_append(struct queue *queue, struct transfer *transfer) {
  transfer->next = NULL;
  transfer->previous = queue->last;
  if (queue->last != NULL)
    queue->last->next = transfer;
  else
    queue->first = transfer;
  queue->last = transfer;
}

void queue_remove(struct queue *queue, struct transfer *transfer) {
  if (transfer->previous != NULL)
    transfer->previous->next = transfer->next;
  else
    queue->first = transfer->next;
  if (transfer->next != NULL)
    transfer->next->previous = transfer->previous;
  else
    queue->last = transfer->previous;
  transfer->previous = transfer->next = NULL;
}

struct transfer *queue_take(struct queue *queue) {
  struct transfer *transfer = queue->first;
  if (transfer != NULL) queue_remove(queue, transfer);
  return transfer;
}
