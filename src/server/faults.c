#include "faults.h"

#include "../wire/number.h"

#include <stdlib.h>
#include <string.h>

enum { ERROR, DELAY, FAULT, PARTS };

/* The fields of a part. */
static const struct {
  const char *what;
  const char *rpcs;
  const char *count;
} fields[PARTS] = {
    {"return-error", "error-rpcs", "error-count"},
    {"delay-ms", "delay-rpcs", "delay-count"},
    {"fault", "fault-rpcs", "fault-count"},
};

/* What fields ask for. */
struct wish {
  struct fault fault;
  unsigned rpcs[PARTS];  /* bits of enum fault_rpc; 0: there is no such part */
  uint64_t count[PARTS]; /* how often; UINT64_MAX: always */
};

struct rule {
  struct wish wish;
  uint64_t struck;
};

struct counted { /* a request id */
  char id[FAULTS_ID_SIZE];
  size_t length; /* 0: free */
  uint64_t struck[PARTS];
};

struct faults {
  struct rule rules[FAULTS_RULES_MAX];
  size_t rule_count;
  struct counted ids[FAULTS_IDS_MAX];
  size_t next_id; /* the one that is forgotten next */
};

/* The HTTP answers that gRPC's statuses stand for (protocol section 5). */
static const struct {
  const char *name;
  unsigned status;
} statuses[] = {
    {"invalid-argument", 400}, {"failed-precondition", 400},
    {"unauthenticated", 401},  {"permission-denied", 403},
    {"not-found", 404},        {"deadline-exceeded", 408},
    {"already-exists", 409},   {"resource-exhausted", 429},
    {"cancelled", 499},        {"internal", 500},
    {"unknown", 500},          {"unimplemented", 501},
    {"unavailable", 503},
};

static const struct {
  const char *name;
  enum fault_kind kind;
  bool has_amount;
} kinds[] = {
    {"close", FAULT_CLOSE, false},
    {"reset", FAULT_RESET, false},
    {"cut", FAULT_CUT, true},
    {"drip", FAULT_DRIP, true},
    {"malformed", FAULT_MALFORMED, false},
    {"wrong-length", FAULT_WRONG_LENGTH, true},
    {"duplicate", FAULT_DUPLICATE, false},
    {"skip", FAULT_SKIP, false},
    {"empty", FAULT_EMPTY, false},
    {"new-page", FAULT_NEW_PAGE, false},
};

/* Reading fields. Each returns what is wrong, or NULL. */

static bool read_number(struct field_text text, uint64_t max, uint64_t *value) {
  return number_parse_u64(text.bytes, text.length, value) && *value <= max;
}

/* Takes the next word off text; words have spaces or commas between them. */
static bool next_word(struct field_text *text, struct field_text *word) {
  const char *end = text->bytes + text->length;
  const char *at = text->bytes;
  while (at < end && (*at == ' ' || *at == ','))
    at++;
  word->bytes = at;
  while (at < end && *at != ' ' && *at != ',')
    at++;
  word->length = (size_t)(at - word->bytes);
  *text = (struct field_text){at, (size_t)(end - at)};
  return word->length > 0;
}

static const char *read_error(struct field_text text, struct fault *fault) {
  uint64_t number;
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    if (field_is(text, statuses[i].name)) fault->status = statuses[i].status;
  if (fault->status == 0 && read_number(text, 599, &number) && number >= 400)
    fault->status = (unsigned)number;
  return fault->status != 0 ? NULL
                            : "return-error is neither a gRPC status nor a number from 400 to 599";
}

static const char *read_delay(struct field_text text, struct fault *fault) {
  uint64_t number;
  if (!read_number(text, FAULTS_DELAY_MAX_MS, &number)) return "delay-ms is not 0 to 600000";
  fault->delay_ms = (uint32_t)number;
  return NULL;
}

static const char *read_kind(struct field_text text, struct fault *fault) {
  struct field_text name, amount, more;
  next_word(&text, &name);
  const bool has_amount = next_word(&text, &amount);
  if (next_word(&text, &more)) return "fault is more than a kind and a number";
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (!field_is(name, kinds[i].name)) continue;
    fault->kind = kinds[i].kind;
    if (kinds[i].has_amount != has_amount)
      return has_amount ? "this kind of fault takes no number"
                        : "this kind of fault needs a number";
    if (has_amount && !read_number(amount, UINT32_MAX, &fault->amount))
      return "the number of a fault is not one";
    return fault->kind == FAULT_DRIP && fault->amount == 0 ? "drip 0 would take for ever" : NULL;
  }
  return "fault is none of close, reset, cut N, drip N, malformed, wrong-length N, duplicate, "
         "skip, "
         "empty, new-page";
}

static const char *read_rpcs(struct field_text text, unsigned *rpcs) {
  struct field_text word;
  *rpcs = text.bytes == NULL ? FAULT_PUBLISH | FAULT_SUBSCRIBE : 0;
  while (text.bytes != NULL && next_word(&text, &word)) {
    if (field_is(word, "topic-publish"))
      *rpcs |= FAULT_PUBLISH;
    else if (field_is(word, "topic-subscribe"))
      *rpcs |= FAULT_SUBSCRIBE;
    else
      return "rpcs are topic-publish and topic-subscribe";
  }
  return *rpcs != 0 ? NULL : "rpcs are empty";
}

static const char *read_part(int part, fault_look_up *look_up, const void *context,
                             struct wish *wish) {
  static const char *(*const readers[PARTS])(struct field_text,
                                             struct fault *) = {read_error, read_delay, read_kind};
  const struct field_text what = look_up(context, fields[part].what);
  if (what.bytes == NULL) return NULL;
  const char *problem = readers[part](what, &wish->fault);
  if (problem != NULL) return problem;
  const struct field_text count = look_up(context, fields[part].count);
  wish->count[part] = UINT64_MAX;
  if (count.bytes != NULL && !read_number(count, UINT64_MAX, &wish->count[part]))
    return "a count is not a number";
  return read_rpcs(look_up(context, fields[part].rpcs), &wish->rpcs[part]);
}

static const char *read_wish(fault_look_up *look_up, const void *context, struct wish *wish) {
  uint64_t seconds;
  memset(wish, 0, sizeof *wish);
  for (int part = 0; part < PARTS; part++) {
    const char *problem = read_part(part, look_up, context, wish);
    if (problem != NULL) return problem;
  }
  const struct field_text retry_after = look_up(context, "retry-after");
  wish->fault.retry_after = -1;
  if (retry_after.bytes == NULL) return NULL;
  if (!read_number(retry_after, UINT32_MAX, &seconds)) return "retry-after is not a number";
  wish->fault.retry_after = (int64_t)seconds;
  return NULL;
}

static bool is_empty(const struct wish *wish) {
  return wish->rpcs[ERROR] == 0 && wish->rpcs[DELAY] == 0 && wish->rpcs[FAULT] == 0;
}

/* Who strikes. */

struct faults *faults_new(void) {
  return calloc(1, sizeof(struct faults));
}

void faults_free(struct faults *faults) {
  free(faults);
}

void faults_clear(struct faults *faults) {
  memset(faults, 0, sizeof *faults);
}

const char *faults_add(struct faults *faults, fault_look_up *look_up, const void *context) {
  struct rule rule = {.struck = 0};
  const char *problem = read_wish(look_up, context, &rule.wish);
  if (problem != NULL) return problem;
  if (is_empty(&rule.wish)) return "a rule needs return-error, delay-ms or fault";
  if (faults->rule_count == FAULTS_RULES_MAX) return "there are 64 rules: delete them first";
  faults->rules[faults->rule_count++] = rule;
  return NULL;
}

/* Moves a part from wish to fault. */
static void strike(const struct wish *wish, int part, struct fault *fault) {
  const struct fault *wanted = &wish->fault;
  if (part == ERROR) {
    fault->status = wanted->status;
    fault->retry_after = wanted->retry_after;
  } else if (part == DELAY) {
    fault->delay_ms = wanted->delay_ms;
  } else {
    fault->kind = wanted->kind;
    fault->amount = wanted->amount;
  }
}

static struct counted *counted_of(struct faults *faults, struct field_text id) {
  for (size_t i = 0; i < FAULTS_IDS_MAX; i++) {
    struct counted *counted = &faults->ids[i];
    if (counted->length == id.length && memcmp(counted->id, id.bytes, id.length) == 0)
      return counted;
  }
  struct counted *counted = &faults->ids[faults->next_id];
  faults->next_id = (faults->next_id + 1) % FAULTS_IDS_MAX;
  memset(counted, 0, sizeof *counted);
  memcpy(counted->id, id.bytes, id.length);
  counted->length = id.length;
  return counted;
}

/* Whether the request's own wish strikes. counted NULL: nothing is shared with other requests. */
static bool own_strikes(const struct wish *wish, int part, enum fault_rpc rpc,
                        struct counted *counted) {
  if ((wish->rpcs[part] & rpc) == 0) return false;
  if (counted == NULL) return wish->count[part] > 0;
  if (counted->struck[part] >= wish->count[part]) return false;
  counted->struck[part]++;
  return true;
}

static bool rule_strikes(struct rule *rule, int part, enum fault_rpc rpc) {
  if ((rule->wish.rpcs[part] & rpc) == 0 || rule->wish.count[part] == 0) return false;
  if (rule->wish.count[part] != UINT64_MAX) rule->wish.count[part]--;
  rule->struck++;
  return true;
}

static void take_part(struct faults *faults, int part, enum fault_rpc rpc, const struct wish *own,
                      struct counted *counted, struct fault *fault) {
  if (own_strikes(own, part, rpc, counted)) {
    strike(own, part, fault);
    return;
  }
  for (size_t i = 0; i < faults->rule_count; i++) {
    if (!rule_strikes(&faults->rules[i], part, rpc)) continue;
    strike(&faults->rules[i].wish, part, fault);
    return;
  }
}

const char *faults_take(struct faults *faults, enum fault_rpc rpc, fault_look_up *look_up,
                        const void *context, struct fault *fault) {
  struct wish own;
  *fault = (struct fault){.retry_after = -1};
  const char *problem = read_wish(look_up, context, &own);
  if (problem != NULL) return problem;
  struct counted *counted = NULL;
  const struct field_text id = look_up(context, "request-id");
  if (id.length > FAULTS_ID_SIZE) return "request-id is longer than 64 bytes";
  if (id.length > 0 && !is_empty(&own)) counted = counted_of(faults, id);
  for (int part = 0; part < PARTS; part++)
    take_part(faults, part, rpc, &own, counted, fault);
  return NULL;
}

size_t faults_count(const struct faults *faults) {
  return faults->rule_count;
}

const struct fault *faults_rule(const struct faults *faults, size_t rule) {
  return &faults->rules[rule].wish.fault;
}

uint64_t faults_struck(const struct faults *faults, size_t rule) {
  return faults->rules[rule].struck;
}

const char *faults_kind_name(enum fault_kind kind, bool *has_amount) {
  size_t i = 0;
  while (kinds[i].kind != kind)
    i++;
  *has_amount = kinds[i].has_amount;
  return kinds[i].name;
}
