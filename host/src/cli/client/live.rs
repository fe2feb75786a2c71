//! The live stream (`/v1/stream`): server-sent events, put together from bytes as they come. Not here: the connection,
//! and what is done with them.

/// Bytes of a line; the gateway's own are a thousandth of it. What is longer is let go.
const LINE_BYTES_MAX: usize = 1 << 20;

/// One server-sent event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct StreamLine {
    /// Such as `event.received`.
    pub(crate) kind: String,
    /// JSON.
    pub(crate) data: String,
}

/// Puts events together from bytes as they come.
#[derive(Debug, Default)]
pub(crate) struct StreamParser {
    rest: Vec<u8>,
    event: StreamLine,
}

impl StreamParser {
    /// Takes more bytes; gives the events that are whole now.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<StreamLine> {
        self.rest.extend_from_slice(bytes);
        let mut whole = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                let event = std::mem::take(&mut self.event);
                if !event.data.is_empty() {
                    whole.push(event);
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.event.kind),
                "data" if self.event.data.is_empty() => value.clone_into(&mut self.event.data),
                "data" => {
                    self.event.data.push('\n');
                    self.event.data.push_str(value);
                }
                // A comment is a heartbeat; ids and retry times are not needed.
                _ => {}
            }
        }
        if self.rest.len().max(self.event.data.len()) > LINE_BYTES_MAX {
            *self = Self::default();
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_put_together_across_chunks() {
        let stream = b": hello\r\n\r\nevent: received\r\nid: 1\r\ndata: {\"id\":\ndata: \"evt_1\"}\n\nda";
        for cut in 0..stream.len() {
            let mut parser = StreamParser::default();
            let mut events = parser.feed(&stream[..cut]);
            events.extend(parser.feed(&stream[cut..]));
            let expected =
                StreamLine { kind: "received".to_owned(), data: "{\"id\":\n\"evt_1\"}".to_owned() };
            assert_eq!(events, [expected], "cut at {cut}");
        }
    }

    #[test]
    fn a_line_without_end_is_let_go() {
        let mut parser = StreamParser::default();
        for _ in 0..3 {
            assert_eq!(parser.feed(&vec![b'x'; LINE_BYTES_MAX]), []);
            assert!(parser.rest.len() <= LINE_BYTES_MAX);
        }
        assert_eq!(parser.feed(b"\n\nevent: a\ndata: 1\n\n").len(), 1);
    }
}
