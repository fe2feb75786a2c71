// What a plugin in C is written with. An author writes `hm_transform`, and `hm_configure` if there is a configuration.
//
// Memory: every event has a fresh instance, so nothing has to be freed. `hm_alloc` never answers NULL: a plugin that
// wants too much ends, and the gateway says so.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Text or bytes, by length; there is no zero at the end.
typedef struct {
  const char *ptr;
  size_t len;
} hm_text;

typedef struct {
  hm_text name;
  hm_text value;
} hm_header;

// One event, as it came in.
typedef struct {
  hm_text id;
  hm_text type;         // may be empty
  hm_text source;
  hm_text received_at;  // RFC 3339, UTC
  const hm_header *headers;
  size_t header_count;
  hm_text content_type;
  hm_text payload;
} hm_event;

// One payload to deliver. What is left out (`ptr` is NULL) keeps the event's type, or needs no order.
typedef struct {
  hm_text type;
  const hm_header *headers;
  size_t header_count;
  hm_text payload;
  hm_text ordering_key;
} hm_output;

typedef enum { HM_FORWARD, HM_DROP, HM_REFUSE } hm_decision;

typedef struct {
  hm_decision decision;
  const hm_output *outputs;  // HM_FORWARD
  size_t output_count;
  hm_text message;  // HM_DROP, HM_REFUSE
} hm_verdict;

// ---- Written by the author.

// Takes the configuration, a JSON document. Answers an empty text, or what is wrong with it. May be left out.
hm_text hm_configure(hm_text config);

// Decides about one event.
hm_verdict hm_transform(const hm_event *event);

// ---- Verdicts.

hm_verdict hm_forward(hm_text payload);
hm_verdict hm_forward_all(const hm_output *outputs, size_t count);
hm_verdict hm_drop(const char *reason);
hm_verdict hm_refuse(const char *message);

// ---- Texts.

void *hm_alloc(size_t bytes);
hm_text hm_of(const char *zero_ended);
hm_text hm_slice(hm_text text, size_t from, size_t to);
bool hm_equal(hm_text text, const char *other);
// Where `part` begins, or `text.len` if it is not there.
size_t hm_find(hm_text text, const char *part);

// A text that grows. Begin with `hm_buffer buffer = {0}`.
typedef struct {
  char *ptr;
  size_t len;
  size_t room;
} hm_buffer;

void hm_put(hm_buffer *buffer, hm_text text);
void hm_puts(hm_buffer *buffer, const char *zero_ended);
// With quotes, and escapes where JSON wants them.
void hm_put_json(hm_buffer *buffer, hm_text text);
hm_text hm_done(const hm_buffer *buffer);

// ---- JSON, by reading over it: enough to pick members, no tree.

// The value at a path of members such as "page.url", as it is spelled; `ptr` is NULL if there is none.
hm_text hm_json_get(hm_text json, const char *path);
// The characters of a JSON string, escapes resolved; `ptr` is NULL if the value is no string.
hm_text hm_json_string(hm_text value);

// ---- Lines kept with the run of an event.

typedef enum { HM_DEBUG, HM_INFO, HM_WARN, HM_ERROR } hm_level;
void hm_log(hm_level level, const char *message);

// ---- Grants. Who calls one of these asks for the grant; connections have to give it. What the gateway refuses (limits,
// hosts that are not granted) is told in words.

// kv: values kept from one event to the next, together with what becomes of the event.

// Whether there is a value under the key; it is put into `value`.
bool hm_kv_get(hm_text key, hm_text *value);
// An empty text, or the limit it exceeds: keys 256 bytes, values 64 KiB, 100 keys and 1 MiB of one event.
hm_text hm_kv_set(hm_text key, hm_text value);
hm_text hm_kv_delete(hm_text key);
// How many keys begin with the prefix, at most `limit`, which is at most 1000; they are put into `keys`.
size_t hm_kv_keys(hm_text prefix, uint32_t limit, const hm_text **keys);

// http: requests to the hosts that the connection names. For one event at most 10, of 5 s each and 10 s together.

typedef struct {
  hm_text method;
  hm_text url;
  const hm_header *headers;
  size_t header_count;
  hm_text body;
} hm_request;

typedef enum { HM_ANSWERED, HM_NOT_SENT, HM_TIMED_OUT, HM_FAILED } hm_outcome;

typedef struct {
  hm_outcome outcome;
  uint16_t status;           // HM_ANSWERED, whatever it is
  const hm_header *headers;  // names in lower case
  size_t header_count;
  hm_text body;
  hm_text message;  // the others: why
} hm_response;

hm_response hm_http_fetch(const hm_request *request);

// secrets: those that the connection names. `ptr` is NULL if it does not name this one.
hm_text hm_secret(const char *name);

// clock: milliseconds since 1970-01-01T00:00:00Z when the gateway began to work on this event.
uint64_t hm_clock_now_ms(void);

// random: numbers that nobody can predict; at most 4096 bytes at a time.
uint64_t hm_random_next(void);
hm_text hm_random_bytes(uint32_t length);
