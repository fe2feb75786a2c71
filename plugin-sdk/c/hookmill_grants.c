// The contract's grants, spelled as the component model's canonical ABI wants them. What a plugin does not call, the linker
// leaves out, so that it is not among its imports. Not for authors to change.

#include "hookmill.h"

#include <string.h>

#define IMPORT(interface, function) \
  __attribute__((import_module("hookmill:plugin/" interface "@1.0.0"), import_name(function)))

// option<T>, result<_, string>: one byte says which, the text lies behind.
typedef struct {
  uint8_t which;
  hm_text text;
} raw_text;

static hm_text error_of(const raw_text *result) { return result->which ? result->text : (hm_text){0}; }

// ---- kv

IMPORT("kv", "get") void host_kv_get(const char *, size_t, raw_text *);
IMPORT("kv", "set") void host_kv_set(const char *, size_t, const char *, size_t, raw_text *);
IMPORT("kv", "delete") void host_kv_delete(const char *, size_t, raw_text *);
IMPORT("kv", "keys") void host_kv_keys(const char *, size_t, uint32_t, hm_text *);

bool hm_kv_get(hm_text key, hm_text *value) {
  raw_text found;
  host_kv_get(key.ptr, key.len, &found);
  if (found.which) *value = found.text;
  return found.which;
}

hm_text hm_kv_set(hm_text key, hm_text value) {
  raw_text result;
  host_kv_set(key.ptr, key.len, value.ptr, value.len, &result);
  return error_of(&result);
}

hm_text hm_kv_delete(hm_text key) {
  raw_text result;
  host_kv_delete(key.ptr, key.len, &result);
  return error_of(&result);
}

size_t hm_kv_keys(hm_text prefix, uint32_t limit, const hm_text **keys) {
  hm_text list;
  host_kv_keys(prefix.ptr, prefix.len, limit, &list);
  *keys = (const hm_text *)list.ptr;
  return list.len;
}

// ---- http

typedef struct {
  uint8_t is_error;
  union {
    struct {
      uint16_t status;
      const hm_header *headers;
      size_t header_count;
      hm_text body;
    } answer;
    raw_text error;
  };
} raw_response;

IMPORT("http", "fetch")
void host_http_fetch(const char *, size_t, const char *, size_t, const hm_header *, size_t, const char *, size_t,
                     raw_response *);

hm_response hm_http_fetch(const hm_request *request) {
  raw_response raw;
  host_http_fetch(request->method.ptr, request->method.len, request->url.ptr, request->url.len, request->headers,
                  request->header_count, request->body.ptr, request->body.len, &raw);
  if (raw.is_error) {
    return (hm_response){.outcome = (hm_outcome)(HM_NOT_SENT + raw.error.which), .message = raw.error.text};
  }
  return (hm_response){.outcome = HM_ANSWERED,
                       .status = raw.answer.status,
                       .headers = raw.answer.headers,
                       .header_count = raw.answer.header_count,
                       .body = raw.answer.body};
}

// ---- secrets, clock, random

IMPORT("secrets", "get") void host_secrets_get(const char *, size_t, raw_text *);
IMPORT("clock", "now-ms") uint64_t host_clock_now_ms(void);
IMPORT("random", "next") uint64_t host_random_next(void);
IMPORT("random", "bytes") void host_random_bytes(uint32_t, hm_text *);

hm_text hm_secret(const char *name) {
  raw_text found;
  host_secrets_get(name, strlen(name), &found);
  return found.which ? found.text : (hm_text){0};
}

uint64_t hm_clock_now_ms(void) { return host_clock_now_ms(); }

uint64_t hm_random_next(void) { return host_random_next(); }

hm_text hm_random_bytes(uint32_t length) {
  hm_text bytes;
  host_random_bytes(length, &bytes);
  return bytes;
}
