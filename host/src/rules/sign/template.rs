//! Templates of generic profiles, taken apart once.

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TemplatePiece {
    Text(String),
    Id,
    Timestamp,
    Body,
    Signature,
}

/// What the pieces stand for in one delivery.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'a> {
    pub(super) id: &'a str,
    pub(super) timestamp: &'a str,
    pub(super) body: &'a [u8],
    pub(super) signature: &'a str,
}

impl<'a> Words<'a> {
    /// The bytes of a piece.
    pub(super) fn part(&self, piece: &'a TemplatePiece) -> &'a [u8] {
        match piece {
            TemplatePiece::Text(text) => text.as_bytes(),
            TemplatePiece::Id => self.id.as_bytes(),
            TemplatePiece::Timestamp => self.timestamp.as_bytes(),
            TemplatePiece::Body => self.body,
            TemplatePiece::Signature => self.signature.as_bytes(),
        }
    }
}

/// Takes a template apart; what is not among `known` stands for itself.
pub(super) fn parse(template: &str, known: &[(&str, TemplatePiece)]) -> Vec<TemplatePiece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    while let Some(next) = rest.chars().next() {
        let word = known.iter().find(|(word, _)| rest.starts_with(word));
        match word {
            Some(_) if !text.is_empty() => pieces.push(TemplatePiece::Text(std::mem::take(&mut text))),
            Some((word, piece)) => {
                pieces.push(piece.clone());
                rest = &rest[word.len()..];
            }
            None => {
                text.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    if !text.is_empty() {
        pieces.push(TemplatePiece::Text(text));
    }
    pieces
}
