//! What stands below the help of `map`: the functions, and what a filter's clause can say. Not here: what they do
//! (`shape`).

/// Below `map --help`.
pub(super) const LANGUAGE: &str = "\
Functions of `$apply`, and of templates as {{ $.path | function: argument }}:
  texts    trim lowercase uppercase title length substring split replace mask
  numbers  add subtract multiply divide round floor ceil abs
  lists    first last unique sort flatten join sum min max count
  codes    to_json from_json base64 unbase64 sha256 uuid5 lookup default
  url_encode
           percent-encodes all but letters, digits and -._~; {\"url_encode\": \"path\"} keeps `/`
  date     \"date\" reads ISO 8601 or unix time and writes ISO; {\"date\": {\"from\": …, \"to\": …, \"timezone\": …}}:
           from, to   iso, unix, unix_ms, or a format such as %Y-%m-%d %H:%M:%S (%z an offset, %Q a name such as
                      Europe/Berlin)
           timezone   a name or an offset, UTC when left out: that of texts that name none, and of what is written.
                      A time that the clocks show twice is the first; one they skip counts as if they had not been
                      set forward. Zones come with hookmill, not from the system.

The `path` of a mapping: what a template's holes bring is percent-encoded, so that it stays one segment or one value of
the query; a hole that ends in `| url_encode: 'path'` may bring several segments. A hole that would leave its segment
empty fails the event.

A filter's clause: {\"path\": …, \"gte\": 100, \"as\": \"number\"} also takes texts that are numbers, as forms have them.
Texts are ordered as numbers if both are numbers, in time if both are dates with an offset or Z, else by their letters.";
