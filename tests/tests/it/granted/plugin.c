// Uses every grant, and shows what the gateway refuses.

#include "hookmill.h"

static hm_text url;

hm_text hm_configure(hm_text config) {
  url = hm_json_string(hm_json_get(config, "url"));
  return url.ptr ? (hm_text){0} : hm_of("missing setting `url`");
}

static hm_response asked(hm_text payload) {
  hm_buffer bearer = {0};
  hm_puts(&bearer, "Bearer ");
  hm_put(&bearer, hm_secret("crm_token"));
  hm_header headers[] = {{hm_of("authorization"), hm_done(&bearer)},
                         {hm_of("content-type"), hm_of("application/json")}};
  hm_request request = {hm_of("POST"), url, headers, 2, payload};
  return hm_http_fetch(&request);
}

static void put_keys(hm_buffer *out) {
  const hm_text *keys;
  size_t count = hm_kv_keys(hm_of(""), 1000, &keys);
  for (size_t at = 0; at < count; at++) {
    if (at) hm_puts(out, ",");
    hm_put_json(out, keys[at]);
  }
}

hm_verdict hm_transform(const hm_event *event) {
  hm_text before = {0};
  bool is_first = !hm_kv_get(hm_of("seen"), &before);
  char seen[] = {is_first ? '1' : (char)(before.ptr[0] + 1), 0};
  hm_text wrong = hm_kv_set(hm_of("seen"), hm_of(seen));
  if (wrong.len) return hm_refuse("it was not kept");
  hm_kv_set(hm_of("gone"), hm_of("soon"));
  hm_kv_delete(hm_of("gone"));
  hm_response answer = asked(event->payload);
  if (answer.outcome != HM_ANSWERED || answer.status != 200) return hm_refuse("no answer");
  hm_request outside = {hm_of("GET"), hm_of("http://elsewhere.example/"), NULL, 0, {0}};
  hm_response none = hm_http_fetch(&outside);
  bool is_random = hm_random_bytes(20).len == 20 && hm_random_next() != hm_random_next();

  hm_buffer out = {0};
  hm_puts(&out, "{\"seen\":");
  hm_puts(&out, seen);
  hm_puts(&out, ",\"keys\":[");
  put_keys(&out);
  hm_puts(&out, "],\"name\":");
  hm_put(&out, hm_json_get(answer.body, "name"));
  hm_puts(&out, hm_secret("other").ptr ? ",\"no_secret\":true" : ",\"no_secret\":null");
  hm_puts(&out, hm_clock_now_ms() > 1700000000000 ? ",\"is_now\":true" : ",\"is_now\":false");
  hm_puts(&out, is_random ? ",\"random\":20" : ",\"random\":0");
  hm_puts(&out, ",\"refused\":");
  hm_put_json(&out, hm_kv_set(hm_of(""), hm_of("x")));
  hm_buffer message = {0};
  hm_puts(&message, none.outcome == HM_NOT_SENT ? "http: refused: " : "http: ");
  hm_put(&message, none.message);
  hm_puts(&out, ",\"not_sent\":");
  hm_put_json(&out, hm_done(&message));
  hm_puts(&out, "}");
  return hm_forward(hm_done(&out));
}
