// Teaches: bytes in, bytes out. The payload stays as it came; a member is added at its end.

#include "hookmill.h"

#include <stdlib.h>
#include <string.h>

static const char *url_path = "properties.url";

hm_text hm_configure(hm_text config) {
  hm_text given = hm_json_get(config, "path");
  if (!given.ptr) return (hm_text){0};
  hm_text path = hm_json_string(given);
  if (!path.len) return hm_of("path: expected members with dots between them, such as page.url");
  url_path = strndup(path.ptr, path.len);
  return (hm_text){0};
}

// Resolves %20 and the like; `+` is a space.
static hm_text decoded(hm_text text) {
  char *out = hm_alloc(text.len);
  size_t length = 0;
  for (size_t at = 0; at < text.len; at++) {
    char letter = text.ptr[at] == '+' ? ' ' : text.ptr[at];
    if (letter == '%' && at + 2 < text.len) {
      char digits[3] = {text.ptr[at + 1], text.ptr[at + 2], 0};
      char *stop;
      unsigned long byte = strtoul(digits, &stop, 16);
      if (stop == digits + 2) letter = (char)byte, at += 2;
    }
    out[length++] = letter;
  }
  return (hm_text){out, length};
}

static void member(hm_buffer *out, const char *name, hm_text value) {
  hm_puts(out, name);
  hm_put_json(out, value);
}

// The campaign that brought the visitor: utm_source and its like.
static void put_utm(hm_buffer *out, hm_text query) {
  hm_puts(out, ",\"utm\":{");
  for (bool is_first = true; query.len;) {
    size_t stop = hm_find(query, "&");
    hm_text pair = hm_slice(query, 0, stop);
    query = hm_slice(query, stop + (stop < query.len), query.len);
    size_t equals = hm_find(pair, "=");
    if (equals == pair.len || pair.len < 5 || memcmp(pair.ptr, "utm_", 4) != 0) continue;
    if (!is_first) hm_puts(out, ",");
    is_first = false;
    hm_put_json(out, decoded(hm_slice(pair, 4, equals)));
    member(out, ":", decoded(hm_slice(pair, equals + 1, pair.len)));
  }
  hm_puts(out, "}");
}

hm_verdict hm_transform(const hm_event *event) {
  hm_text url = hm_json_string(hm_json_get(event->payload, url_path));
  if (!url.ptr) return hm_drop("no page: there is no URL");
  size_t scheme = hm_find(url, "://");
  if (scheme == url.len) return hm_refuse("the page's URL has no scheme");
  url = hm_slice(url, 0, hm_find(url, "#"));
  size_t question = hm_find(url, "?");
  hm_text query = hm_slice(url, question + (question < url.len), url.len);
  hm_text rest = hm_slice(url, scheme + 3, question);
  size_t slash = hm_find(rest, "/");

  hm_buffer out = {0};
  size_t closing = event->payload.len;
  while (event->payload.ptr[--closing] != '}') continue;
  hm_put(&out, hm_slice(event->payload, 0, closing));
  member(&out, ",\"page\":{\"host\":", hm_slice(rest, 0, slash));
  member(&out, ",\"path\":", slash < rest.len ? decoded(hm_slice(rest, slash, rest.len)) : hm_of("/"));
  put_utm(&out, query);
  hm_puts(&out, "}}");
  return hm_forward(hm_done(&out));
}
