// The contract's exports, spelled as the component model's canonical ABI wants them, around the functions that an
// author writes; and the helpers of hookmill.h. Not for authors to change.

#include "hookmill.h"

#include <string.h>

// ---- Memory: forward only, from a mebibyte that the module brings along, then from the host.

static char arena[1 << 20] __attribute__((aligned(16)));
static char *next = arena;
static char *end = arena + sizeof arena;

static void *aligned(size_t bytes, size_t align) {
  char *at = (char *)(((uintptr_t)next + align - 1) & ~(uintptr_t)(align - 1));
  if (at > end || bytes > (size_t)(end - at)) {
    size_t pages = (bytes + align) / 65536 + 1;
    size_t before = __builtin_wasm_memory_grow(0, pages);
    if (before == (size_t)-1) __builtin_trap();
    at = (char *)(before * 65536);
    end = at + pages * 65536;
  }
  next = at + bytes;
  return at;
}

void *hm_alloc(size_t bytes) { return aligned(bytes, 16); }

__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t had, size_t align, size_t bytes) {
  char *at = aligned(bytes, align);
  if (old && had) memcpy(at, old, had < bytes ? had : bytes);
  return at;
}

// ---- Texts.

hm_text hm_of(const char *zero_ended) { return (hm_text){zero_ended, strlen(zero_ended)}; }

hm_text hm_slice(hm_text text, size_t from, size_t to) { return (hm_text){text.ptr + from, to - from}; }

bool hm_equal(hm_text text, const char *other) {
  return text.len == strlen(other) && memcmp(text.ptr, other, text.len) == 0;
}

size_t hm_find(hm_text text, const char *part) {
  size_t length = strlen(part);
  for (size_t at = 0; at + length <= text.len; at++) {
    if (memcmp(text.ptr + at, part, length) == 0) return at;
  }
  return text.len;
}

void hm_put(hm_buffer *buffer, hm_text text) {
  if (buffer->len + text.len > buffer->room) {
    size_t room = (buffer->len + text.len) * 2 + 64;
    char *grown = hm_alloc(room);
    if (buffer->len) memcpy(grown, buffer->ptr, buffer->len);
    buffer->ptr = grown;
    buffer->room = room;
  }
  if (text.len) memcpy(buffer->ptr + buffer->len, text.ptr, text.len);
  buffer->len += text.len;
}

void hm_puts(hm_buffer *buffer, const char *zero_ended) { hm_put(buffer, hm_of(zero_ended)); }

hm_text hm_done(const hm_buffer *buffer) { return (hm_text){buffer->ptr, buffer->len}; }

void hm_put_json(hm_buffer *buffer, hm_text text) {
  static const char hex[] = "0123456789abcdef";
  hm_puts(buffer, "\"");
  for (size_t at = 0; at < text.len; at++) {
    unsigned char letter = (unsigned char)text.ptr[at];
    char escape[6] = {'\\', 'u', '0', '0', hex[letter >> 4], hex[letter & 15]};
    if (letter < 0x20) {
      hm_put(buffer, (hm_text){escape, 6});
    } else {
      if (letter == '"' || letter == '\\') hm_puts(buffer, "\\");
      hm_put(buffer, (hm_text){text.ptr + at, 1});
    }
  }
  hm_puts(buffer, "\"");
}

// ---- JSON.

static size_t blank(hm_text json, size_t at) {
  while (at < json.len && memchr(" \t\r\n", json.ptr[at], 4)) at++;
  return at;
}

// Behind the string that begins at `at`.
static size_t string_end(hm_text json, size_t at) {
  for (at++; at < json.len && json.ptr[at] != '"'; at++) {
    if (json.ptr[at] == '\\') at++;
  }
  return at < json.len ? at + 1 : json.len;
}

// Behind the value that begins at `at`.
static size_t value_end(hm_text json, size_t at) {
  size_t depth = 0;
  while (at < json.len) {
    char letter = json.ptr[at];
    if (depth == 0 && memchr(",]} \t\r\n", letter, 7)) return at;
    if (letter == '"') {
      at = string_end(json, at);
    } else {
      if (letter == '{' || letter == '[') depth++;
      if (letter == '}' || letter == ']') depth--;
      at++;
    }
    if (depth == 0 && memchr("\"]}", json.ptr[at - 1], 3)) return at;
  }
  return json.len;
}

static hm_text member(hm_text json, hm_text name) {
  size_t at = blank(json, 0);
  if (at >= json.len || json.ptr[at] != '{') return (hm_text){0};
  at = blank(json, at + 1);
  while (at < json.len && json.ptr[at] == '"') {
    size_t closed = string_end(json, at);
    hm_text key = hm_slice(json, at + 1, closed > at + 1 ? closed - 1 : at + 1);
    at = blank(json, closed);
    if (at >= json.len || json.ptr[at] != ':') break;
    at = blank(json, at + 1);
    size_t stop = value_end(json, at);
    if (key.len == name.len && memcmp(key.ptr, name.ptr, name.len) == 0) return hm_slice(json, at, stop);
    at = blank(json, stop);
    if (at < json.len && json.ptr[at] == ',') at = blank(json, at + 1);
  }
  return (hm_text){0};
}

hm_text hm_json_get(hm_text json, const char *path) {
  while (json.ptr && *path) {
    size_t length = strcspn(path, ".");
    json = member(json, (hm_text){path, length});
    path += length + (path[length] == '.');
  }
  return json;
}

static unsigned hex4(const char *digits) {
  unsigned code = 0;
  for (int at = 0; at < 4; at++) {
    char digit = digits[at] | 0x20;
    code = code * 16 + (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }
  return code;
}

static void put_utf8(hm_buffer *buffer, unsigned code) {
  char bytes[4] = {(char)code};
  size_t length = 1;
  if (code >= 0x10000) {
    bytes[0] = (char)(0xf0 | code >> 18), bytes[1] = (char)(0x80 | (code >> 12 & 63));
    bytes[2] = (char)(0x80 | (code >> 6 & 63)), bytes[3] = (char)(0x80 | (code & 63)), length = 4;
  } else if (code >= 0x800) {
    bytes[0] = (char)(0xe0 | code >> 12), bytes[1] = (char)(0x80 | (code >> 6 & 63));
    bytes[2] = (char)(0x80 | (code & 63)), length = 3;
  } else if (code >= 0x80) {
    bytes[0] = (char)(0xc0 | code >> 6), bytes[1] = (char)(0x80 | (code & 63)), length = 2;
  }
  hm_put(buffer, (hm_text){bytes, length});
}

hm_text hm_json_string(hm_text value) {
  if (!value.ptr || value.len < 2 || value.ptr[0] != '"') return (hm_text){0};
  hm_text inner = hm_slice(value, 1, value.len - 1);
  if (!memchr(inner.ptr, '\\', inner.len)) return inner;
  hm_buffer buffer = {0};
  for (size_t at = 0; at < inner.len; at++) {
    if (inner.ptr[at] != '\\' || at + 1 >= inner.len) {
      hm_put(&buffer, hm_slice(inner, at, at + 1));
      continue;
    }
    char kind = inner.ptr[++at];
    const char *known = memchr("bfnrt", kind, 5);
    if (kind == 'u' && at + 4 < inner.len) {
      unsigned code = hex4(inner.ptr + at + 1);
      at += 4;
      bool is_pair = code >> 10 == 0x36 && at + 6 < inner.len && inner.ptr[at + 1] == '\\' && inner.ptr[at + 2] == 'u';
      if (is_pair) {
        code = 0x10000 + ((code & 0x3ff) << 10) + (hex4(inner.ptr + at + 3) & 0x3ff);
        at += 6;
      }
      put_utf8(&buffer, code);
    } else {
      char letter = known ? "\b\f\n\r\t"[strchr("bfnrt", kind) - "bfnrt"] : kind;
      hm_put(&buffer, (hm_text){&letter, 1});
    }
  }
  return hm_done(&buffer);
}

// ---- Verdicts.

hm_verdict hm_forward_all(const hm_output *outputs, size_t count) {
  // Copied: they often lie on the stack of the function that returns the verdict.
  hm_output *kept = hm_alloc(count * sizeof *kept);
  if (count) memcpy(kept, outputs, count * sizeof *kept);
  return (hm_verdict){.decision = HM_FORWARD, .outputs = kept, .output_count = count};
}

hm_verdict hm_forward(hm_text payload) {
  hm_output output = {.payload = payload};
  return hm_forward_all(&output, 1);
}

hm_verdict hm_drop(const char *reason) { return (hm_verdict){.decision = HM_DROP, .message = hm_of(reason)}; }

hm_verdict hm_refuse(const char *message) { return (hm_verdict){.decision = HM_REFUSE, .message = hm_of(message)}; }

// ---- The border. Records lie in memory as the canonical ABI says; on wasm32 a text is pointer and length.

__attribute__((import_module("hookmill:plugin/log@1.0.0"), import_name("log"))) void host_log(int, const char *, size_t);

void hm_log(hm_level level, const char *message) { host_log((int)level, message, strlen(message)); }

__attribute__((weak)) hm_text hm_configure(hm_text config) {
  (void)config;
  return (hm_text){0};
}

typedef struct {
  uint32_t is_some;
  hm_text text;
} option_text;

typedef struct {
  option_text type;
  const hm_header *headers;
  size_t header_count;
  hm_text payload;
  option_text ordering_key;
} raw_output;

// result<verdict, string>: the error's text lies where the verdict would.
typedef struct {
  uint32_t is_error;
  union {
    struct {
      uint32_t is_drop;
      union {
        struct {
          const raw_output *ptr;
          size_t len;
        } forward;
        hm_text drop;
      };
    };
    hm_text error;
  };
} raw_result;

static option_text optional(hm_text text) { return (option_text){text.ptr != NULL, text}; }

static void lower(hm_verdict verdict, raw_result *result) {
  memset(result, 0, sizeof *result);
  if (verdict.decision == HM_REFUSE) {
    result->is_error = 1;
    result->error = verdict.message;
  } else if (verdict.decision == HM_DROP) {
    result->is_drop = 1;
    result->drop = verdict.message;
  } else {
    raw_output *outputs = hm_alloc(verdict.output_count * sizeof *outputs);
    for (size_t at = 0; at < verdict.output_count; at++) {
      const hm_output *from = &verdict.outputs[at];
      outputs[at] = (raw_output){optional(from->type), from->headers, from->header_count, from->payload,
                                 optional(from->ordering_key)};
    }
    result->forward.ptr = outputs;
    result->forward.len = verdict.output_count;
  }
}

extern const char hm_manifest[];

__attribute__((export_name("manifest"))) hm_text *export_manifest(void) {
  static hm_text result;
  result = hm_of(hm_manifest);
  return &result;
}

__attribute__((export_name("configure"))) void *export_configure(const char *ptr, size_t len) {
  static struct {
    uint32_t is_error;
    hm_text error;
  } result;
  result.error = hm_configure((hm_text){ptr, len});
  result.is_error = result.error.len > 0;
  return &result;
}

__attribute__((export_name("transform"))) raw_result *export_transform(
    const char *id, size_t id_len, const char *type, size_t type_len, const char *source, size_t source_len,
    const char *at, size_t at_len, const hm_header *headers, size_t header_count, const char *kind, size_t kind_len,
    const char *payload, size_t payload_len) {
  static raw_result result;
  hm_event event = {{id, id_len}, {type, type_len}, {source, source_len}, {at, at_len},
                    headers,      header_count,     {kind, kind_len},     {payload, payload_len}};
  lower(hm_transform(&event), &result);
  return &result;
}

__attribute__((export_name("transform-batch"))) void *export_transform_batch(const hm_event *events, size_t count) {
  static struct {
    raw_result *ptr;
    size_t len;
  } results;
  results.ptr = hm_alloc(count * sizeof *results.ptr);
  results.len = count;
  for (size_t at = 0; at < count; at++) lower(hm_transform(&events[at]), &results.ptr[at]);
  return &results;
}
