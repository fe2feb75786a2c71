//! A field of a request: what it is called, what it holds, what it means. Reading and description
//! use the same tables.

/// One field of an object, or one parameter of a query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// What it means.
    pub doc: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Whether null is possible: it takes the field away.
    pub nullable: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Any JSON.
    Any,
    /// A text.
    Text,
    /// A text that is not shown again.
    Secret,
    /// A whole number, not negative.
    Whole,
    /// Any number.
    Number,
    /// True or false.
    Flag,
    /// An RFC 3339 time.
    Time,
    /// `"90s"`, `"5m"`, or a number of milliseconds.
    Duration,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// An object with these fields.
    Object(&'static [Field]),
    /// A list.
    List(&'static Shape),
    /// An object of texts, with any names.
    Texts,
    /// One of several.
    Either(&'static [Shape]),
}

/// A field that may be left out.
pub(crate) const fn field(name: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { name, shape, doc, required: false, nullable: false }
}

impl Field {
    /// It must be there.
    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Null is possible.
    pub(crate) const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }
}
