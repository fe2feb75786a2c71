//! Every kind of problem: its name, which is the stable end of its `type`, its status, its title.

macro_rules! kinds {
    ($( $(#[doc = $doc:literal])+ $Kind:ident = $name:literal, $status:literal, $title:literal; )+) => {
        /// A kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind { $( $(#[doc = $doc])+ $Kind, )+ }

        impl Kind {
            /// Every kind.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[ $( Self::$Kind, )+ ];

            /// The end of its `type`.
            pub(crate) const fn name(self) -> &'static str {
                match self { $( Self::$Kind => $name, )+ }
            }

            /// The status it has unless the cause says otherwise.
            pub(crate) const fn status(self) -> u16 {
                match self { $( Self::$Kind => $status, )+ }
            }

            /// What happened, in a few words that never change.
            pub(crate) const fn title(self) -> &'static str {
                match self { $( Self::$Kind => $title, )+ }
            }
        }
    };
}

kinds! {
    /// The body is no JSON, not UTF-8, or nested too deeply.
    MalformedJson = "malformed-json", 400, "The body is not JSON";
    /// The body is not compressed as it says.
    MalformedEncoding = "malformed-encoding", 400, "The body cannot be unpacked";
    /// The bytes are no request at all.
    MalformedRequest = "malformed-request", 400, "This is not an HTTP request";
    /// The body ended before it was whole.
    IncompleteBody = "incomplete-body", 400, "The body ended early";
    /// A query parameter is unknown or unreadable.
    InvalidQuery = "invalid-query", 400, "The query is not valid";
    /// No key, or one that opens nothing.
    Unauthorized = "unauthorized", 401, "A valid key is needed";
    /// A source's key is missing.
    MissingKey = "missing-key", 401, "A key of the source is needed";
    /// A source's key is wrong.
    BadKey = "bad-key", 401, "The key does not open this source";
    /// Name or password are wrong.
    BadCredentials = "bad-credentials", 401, "Name or password are wrong";
    /// The signature does not vouch for the request.
    Unverified = "unverified", 401, "The request is not vouched for";
    /// The workspace has used what it may use.
    LimitReached = "limit-reached", 402, "A limit of the workspace is reached";
    /// The key has not the scope.
    Forbidden = "forbidden", 403, "This key may not do that";
    /// Nothing is there.
    NotFound = "not-found", 404, "There is no such thing";
    /// There is something, but not for this method.
    MethodNotAllowed = "method-not-allowed", 405, "The method is not possible here";
    /// Only media types are accepted that are not there.
    NotAcceptable = "not-acceptable", 406, "The answer has another media type";
    /// The body did not come in time.
    RequestTimeout = "request-timeout", 408, "The request took too long";
    /// The state of things does not allow it.
    Conflict = "conflict", 409, "This is not possible now";
    /// What a plan was made from has changed.
    PlanStale = "plan-stale", 409, "The plan is out of date";
    /// The body is too long.
    TooLarge = "too-large", 413, "The body is too long";
    /// The path is too long.
    UriTooLong = "uri-too-long", 414, "The path is too long";
    /// The body has the wrong media type.
    UnsupportedMediaType = "unsupported-media-type", 415, "The body has the wrong media type";
    /// Documents are not valid.
    InvalidConfiguration = "invalid-configuration", 422, "The configuration is not valid";
    /// Parameters of a preset are not valid.
    InvalidParameters = "invalid-parameters", 422, "The parameters are not valid";
    /// A document is not valid.
    InvalidWorkspace = "invalid-workspace", 422, "The workspace is not valid";
    /// A document is not valid.
    InvalidApiKey = "invalid-api-key", 422, "The API key is not valid";
    /// A document is not valid.
    InvalidKey = "invalid-key", 422, "The key is not valid";
    /// A document is not valid.
    InvalidSource = "invalid-source", 422, "The source is not valid";
    /// A document is not valid.
    InvalidDestination = "invalid-destination", 422, "The destination is not valid";
    /// A document is not valid.
    InvalidRollout = "invalid-rollout", 422, "The rollout is not valid";
    /// A document is not valid.
    InvalidSecret = "invalid-secret", 422, "The secret is not valid";
    /// A document is not valid.
    InvalidConnection = "invalid-connection", 422, "The connection is not valid";
    /// A document is not valid.
    InvalidTable = "invalid-table", 422, "The table is not valid";
    /// A document is not valid.
    InvalidEventType = "invalid-event-type", 422, "The event type is not valid";
    /// The payload does not fit the schema of its type.
    PayloadMisfit = "payload-misfit", 422, "The payload does not fit its schema";
    /// Values make no row of the table.
    InvalidRow = "invalid-row", 422, "The row is not valid";
    /// A document is not valid.
    InvalidEvent = "invalid-event", 422, "The event is not valid";
    /// A document is not valid.
    InvalidPreview = "invalid-preview", 422, "The preview is not valid";
    /// A document is not valid.
    InvalidComparison = "invalid-comparison", 422, "The comparison is not valid";
    /// A document is not valid.
    InvalidRequest = "invalid-request", 422, "The request is not valid";
    /// It takes more work than a request may cost.
    TooCostly = "too-costly", 422, "This is too much work";
    /// A component was examined and refused.
    PluginRefused = "plugin-refused", 422, "The plugin was refused";
    /// A plugin's name or digest is unusable.
    InvalidPlugin = "invalid-plugin", 422, "The plugin is not valid";
    /// The same idempotency key came with another request.
    IdempotencyKeyReused = "idempotency-key-reused", 422, "The idempotency key was used for another request";
    /// Too many requests of the workspace are at work.
    TooManyRequests = "too-many-requests", 429, "Too many requests at a time";
    /// The workspace takes no more events this second.
    RateLimited = "rate-limited", 429, "Too many events a second";
    /// The headers are too long, or too many.
    HeadersTooLarge = "headers-too-large", 431, "The headers are too large";
    /// Something is wrong with hookmill.
    Internal = "internal", 500, "Something went wrong here";
    /// The source takes nothing now.
    SourcePaused = "source-paused", 503, "The source is paused";
    /// The server is starting or stopping, or its store is away.
    Unavailable = "unavailable", 503, "Not possible at the moment";
    /// The disk is full.
    StorageFull = "storage-full", 507, "The disk is full";
}
