/* sharing.c: who may go ahead when polls want to share connections. A row is a story, a letter an
   event; see tell(). */
#include "check.h"

#include "curl/sharing.h"

struct row {
  const char *name;
  bool possible;
  const char *story;
};

static const struct row rows[] = {
    {"where nothing can be shared, everybody goes ahead", false, "acacacssseee"},
    {"the first one makes the connection, the others wait for it", true, "acxxsasas"},
    {"those that join are no burden to each other", true, "acsasasasas"},
    {"a look-up counts as making a connection", true, "axcxsa"},
    {"a connection that cannot be made lets the next one try", true, "acxEkacxs"},
    {"one that gave up before it looked anything up does too", true, "axEax"},
    {"a second connection for one request each: nothing is shared, nobody waits", true, "acsacaa"},
    {"that verdict holds while connections last", true, "acsacaasssaa"},
    {"and is looked into again when none is left", true, "acsacsekekacx"},
    {"a kept connection is taken at once", true, "acseasa"},
    {"a full connection: one more is made, the others wait", true, "acsasasacxxsa"},
    {"an answer over HTTP/1.1 tells it all", true, "acs1aa"},
    {"HTTP/2 is known: another connection is waited for, though few share", true, "acs2eacxx"},
    {"one request a connection, over HTTP/2", true, "acs2acxsacxs"},
    {"99 join before the server's first word, no more", true, "acsJx"},
    {"its first word lets the others in", true, "acsJxhasas"},
    {"so does patience that is lost", true, "acsJxpas"},
    {"the handshake is no word", true, "acxhsJx"},
    {"a server that refused: fewer may join", true, "rrrrrrracsx"},
    {"and it takes a second word, the first may be a session ticket", true, "rrrrrrracsxhxhas"},
    {"after a refusal patience is lost all the same", true, "rrrrrrracsxpas"},
    {"a later connection is waited for anew", true, "rrrrrrracsxhhasacxsxhhas"},
};

/* a: is admitted, x: is not, c: opens a connection, k: one closes, s: writes its request,
   e: ends, E: ends without having written, h: the server is heard, p: patience is lost, r: it
   refuses, 1 and 2: an answer over HTTP/1.1 or 2, J: 98 are admitted and write, a 99th too. */
static void tell(const struct row *row) {
  struct sharing sharing;
  size_t connections = 0;
  sharing_begin(&sharing, row->possible);
  for (const char *event = row->story; *event != '\0'; event++) {
    bool fine = true;
    switch (*event) {
    case 'a':
      fine = sharing_admit(&sharing, connections);
      break;
    case 'x':
      fine = !sharing_admit(&sharing, connections);
      break;
    case 'c':
      sharing_connecting(&sharing, connections++);
      break;
    case 'k':
      connections--;
      break;
    case 's':
      sharing_started(&sharing);
      break;
    case 'e':
      sharing_ended(&sharing, true);
      break;
    case 'E':
      sharing_ended(&sharing, false);
      break;
    case 'h':
      sharing_heard(&sharing);
      break;
    case 'p':
      sharing_lose_patience(&sharing);
      break;
    case 'r':
      sharing_refused(&sharing);
      break;
    case '1':
    case '2':
      sharing_answered(&sharing, *event == '1' ? SHARING_HTTP1 : SHARING_HTTP2);
      break;
    case 'J':
      for (int i = 0; i < 99 && fine; i++) {
        fine = sharing_admit(&sharing, connections);
        if (fine) sharing_started(&sharing);
      }
      break;
    default:
      fine = false;
    }
    if (!CHECK(fine)) printf("  at event %d of %s\n", (int)(event - row->story) + 1, row->story);
  }
}

int main(void) {
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_row(rows[i].name);
    tell(&rows[i]);
  }
  return check_report();
}
