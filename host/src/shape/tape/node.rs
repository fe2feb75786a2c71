//! One value of a document: its kind, its raw text, what is in it.
//! Not here: searching with JSONPath (`query`).

use std::borrow::Cow;

use crate::shape::tape::document::Document;
use crate::shape::tape::document::ROOT;
use crate::shape::tape::parse::Token;
use crate::shape::tape::parse::TokenTag;
use crate::shape::tape::text;

/// The six kinds of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number of any size.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl NodeKind {
    /// Its name in filters, mappings and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// One value of a [`Document`]. Small and copied freely.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document<'d>,
    index: u32,
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({})", self.raw())
    }
}

impl Document<'_> {
    /// The text's value.
    #[inline]
    pub fn root(&self) -> Node<'_> {
        self.node(ROOT)
    }

    /// What the JSON pointer (RFC 6901) names; the empty one names the root.
    pub fn pointer(&self, pointer: &str) -> Option<Node<'_>> {
        self.root().pointer(pointer)
    }

    #[inline]
    pub(crate) fn node(&self, index: u32) -> Node<'_> {
        Node::new(self, index)
    }
}

impl<'d> Node<'d> {
    #[inline]
    fn new(document: &'d Document<'d>, index: u32) -> Self {
        Self { document, index }
    }

    #[inline]
    pub(crate) fn index(self) -> u32 {
        self.index
    }

    #[inline]
    fn token(self) -> &'d Token {
        &self.document.tokens[self.index as usize]
    }

    #[inline]
    pub(crate) fn tag(self) -> TokenTag {
        self.token().tag
    }

    /// The token after everything in this value.
    #[inline]
    pub(crate) fn end_index(self) -> u32 {
        self.token().next
    }

    /// What it is.
    #[inline]
    pub fn kind(self) -> NodeKind {
        match self.tag() {
            TokenTag::Null => NodeKind::Null,
            TokenTag::False | TokenTag::True => NodeKind::Boolean,
            TokenTag::Number => NodeKind::Number,
            TokenTag::Text | TokenTag::TextEscaped | TokenTag::Key | TokenTag::KeyEscaped => NodeKind::String,
            TokenTag::Array => NodeKind::Array,
            TokenTag::Object => NodeKind::Object,
        }
    }

    /// The value's JSON as it came.
    #[inline]
    pub fn raw(self) -> &'d str {
        let token = self.token();
        &self.document.text[token.start as usize..token.end as usize]
    }

    /// Bytes before it in the document's text.
    pub fn offset(self) -> usize {
        self.token().start as usize
    }

    /// What a string stands for; `None` of other kinds. Allocates only if it has escapes.
    #[inline]
    pub fn as_str(self) -> Option<Cow<'d, str>> {
        match self.tag() {
            TokenTag::Text => Some(Cow::Borrowed(self.document.inside(self.index))),
            TokenTag::TextEscaped => Some(text::decode(self.document.inside(self.index))),
            _ => None,
        }
    }

    /// The text between a string's quotes, escapes and all.
    #[inline]
    pub(crate) fn string_inside(self) -> Option<&'d str> {
        matches!(self.tag(), TokenTag::Text | TokenTag::TextEscaped).then(|| self.document.inside(self.index))
    }

    /// Whether it is a string that stands for `wanted`.
    #[inline]
    pub fn is_str(self, wanted: &str) -> bool {
        match self.tag() {
            TokenTag::Text => self.document.inside(self.index) == wanted,
            TokenTag::TextEscaped => text::stands_for(self.document.inside(self.index), wanted),
            _ => false,
        }
    }

    /// A number's text, exactly as it came.
    #[inline]
    pub fn as_number(self) -> Option<&'d str> {
        (self.tag() == TokenTag::Number).then(|| self.raw())
    }

    /// A number rounded to the nearest double; infinite beyond its range.
    pub fn as_f64(self) -> Option<f64> {
        self.as_number()?.parse().ok()
    }

    /// An integer written without point or exponent that fits.
    pub fn as_i64(self) -> Option<i64> {
        self.as_number()?.parse().ok()
    }

    /// `true` or `false`.
    #[inline]
    pub fn as_bool(self) -> Option<bool> {
        match self.tag() {
            TokenTag::True => Some(true),
            TokenTag::False => Some(false),
            _ => None,
        }
    }

    /// Whether it is `null`.
    #[inline]
    pub fn is_null(self) -> bool {
        self.tag() == TokenTag::Null
    }

    /// The member of that name; the last, if the name comes more than once.
    pub fn get(self, name: &str) -> Option<Node<'d>> {
        self.member(name).0
    }

    /// As [`Node::get`], and how many keys were looked at.
    #[inline]
    pub(crate) fn member(self, name: &str) -> (Option<Node<'d>>, u64) {
        let object = self.token();
        if object.tag != TokenTag::Object {
            return (None, 0);
        }
        let tokens = &self.document.tokens;
        let (mut key, mut found, mut seen) = (self.index + 1, None, 0);
        while key < object.next {
            seen += 1;
            if self.key_is(key, &tokens[key as usize], name) {
                found = Some(key + 1);
            }
            key = tokens[key as usize + 1].next;
        }
        (found.map(|index| Node { index, ..self }), seen)
    }

    #[inline]
    fn key_is(self, index: u32, key: &Token, name: &str) -> bool {
        if key.tag == TokenTag::Key {
            (key.end - key.start) as usize == name.len() + 2
                && self.document.text.as_bytes()[key.start as usize + 1..key.end as usize - 1]
                    == *name.as_bytes()
        } else {
            text::stands_for(self.document.inside(index), name)
        }
    }

    /// The element at `index` from the front.
    pub fn element(self, index: usize) -> Option<Node<'d>> {
        self.elements().nth(index)
    }

    /// Elements of an array or members of an object, overridden ones not counted.
    pub fn len(self) -> usize {
        match self.kind() {
            NodeKind::Array => self.elements().count(),
            NodeKind::Object => self.members().count(),
            _ => 0,
        }
    }

    /// Whether it has no elements or members.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// An array's elements in order; nothing of other kinds.
    #[inline]
    pub fn elements(self) -> Elements<'d> {
        let end = if self.tag() == TokenTag::Array { self.end_index() } else { 0 };
        Elements { document: self.document, at: self.index + 1, end }
    }

    /// An object's members in order, without those that a later one of the same name replaces;
    /// nothing of other kinds.
    pub fn members(self) -> Members<'d> {
        let end = if self.tag() == TokenTag::Object { self.end_index() } else { 0 };
        let overridden = if end == 0 { &[] } else { self.document.overridden() };
        Members { document: self.document, at: self.index + 1, end, overridden }
    }

    /// An object's values, as [`Node::members`] but without decoding their names.
    pub(crate) fn values(self) -> impl Iterator<Item = Node<'d>> {
        let mut members = self.members();
        std::iter::from_fn(move || members.next_key().map(|(_, value)| value))
    }

    /// An object's members with every key as it was written: its text between the quotes, whether
    /// that has escapes, and the value. Overridden ones too.
    #[inline]
    pub(crate) fn members_as_written(self) -> impl Iterator<Item = (&'d str, bool, Node<'d>)> {
        let end = if self.tag() == TokenTag::Object { self.end_index() } else { 0 };
        let mut at = self.index + 1;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let value = Node { index: at + 1, ..self };
                let key = at;
                at = value.end_index();
                let escaped = self.document.tokens[key as usize].tag == TokenTag::KeyEscaped;
                (self.document.inside(key), escaped, value)
            })
        })
    }

    /// Whether this token is a key that a later one replaces.
    pub(crate) fn is_overridden_key(self) -> bool {
        let overridden = self.document.overridden();
        !overridden.is_empty() && overridden.binary_search(&self.index).is_ok()
    }

    /// What the JSON pointer (RFC 6901) names from here; the empty one names this value.
    pub fn pointer(self, pointer: &str) -> Option<Node<'d>> {
        if pointer.is_empty() {
            return Some(self);
        }
        let mut node = self;
        for token in pointer.strip_prefix('/')?.split('/') {
            let token = token.replace("~1", "/").replace("~0", "~");
            node = match node.kind() {
                NodeKind::Object => node.get(&token)?,
                NodeKind::Array if token == "0" || !token.starts_with('0') => {
                    token.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
                    node.element(token.parse().ok()?)?
                }
                _ => return None,
            };
        }
        Some(node)
    }

    /// The RFC 9535 normalized path of this value from the document's root.
    pub fn normalized_path(self) -> String {
        let mut path = String::from("$");
        let mut node = self.document.node(ROOT);
        while node.index < self.index {
            let holds = |child: Node<'d>| child.index <= self.index && self.index < child.end_index();
            let child = match node.kind() {
                NodeKind::Array => {
                    let found = node.elements().enumerate().find(|(_, child)| holds(*child));
                    found.map(|(at, child)| (format!("[{at}]"), child))
                }
                _ => {
                    let found = node.members().find(|(_, child)| holds(*child));
                    found.map(|(name, child)| (normalized_name(&name), child))
                }
            };
            let Some((step, child)) = child else { break };
            path.push_str(&step);
            node = child;
        }
        path
    }
}

/// `['name']` with the escapes of a normalized path (RFC 9535, 2.7).
pub(crate) fn normalized_name(name: &str) -> String {
    let mut step = String::with_capacity(name.len() + 4);
    step.push_str("['");
    for char in name.chars() {
        match char {
            '\'' => step.push_str("\\'"),
            '\\' => step.push_str("\\\\"),
            '\u{8}' => step.push_str("\\b"),
            '\u{c}' => step.push_str("\\f"),
            '\n' => step.push_str("\\n"),
            '\r' => step.push_str("\\r"),
            '\t' => step.push_str("\\t"),
            '\0'..='\u{1f}' => step.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => step.push(char),
        }
    }
    step.push_str("']");
    step
}

/// See [`Node::elements`].
#[derive(Clone, Debug)]
pub struct Elements<'d> {
    document: &'d Document<'d>,
    at: u32,
    end: u32,
}

impl<'d> Iterator for Elements<'d> {
    type Item = Node<'d>;

    #[inline]
    fn next(&mut self) -> Option<Node<'d>> {
        if self.at >= self.end {
            return None;
        }
        let node = Node { document: self.document, index: self.at };
        self.at = node.end_index();
        Some(node)
    }
}

/// See [`Node::members`].
#[derive(Clone, Debug)]
pub struct Members<'d> {
    document: &'d Document<'d>,
    at: u32,
    end: u32,
    overridden: &'d [u32],
}

impl<'d> Members<'d> {
    fn next_key(&mut self) -> Option<(u32, Node<'d>)> {
        while self.at < self.end {
            let key = self.at;
            let value = Node { document: self.document, index: key + 1 };
            self.at = value.end_index();
            if self.overridden.is_empty() || self.overridden.binary_search(&key).is_err() {
                return Some((key, value));
            }
        }
        None
    }
}

impl<'d> Iterator for Members<'d> {
    type Item = (Cow<'d, str>, Node<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = self.next_key()?;
        Some((text::decode(self.document.inside(key)), value))
    }
}
