//! Whether content is sent with BDAT or with DATA.

/// Whether content is sent with BDAT (RFC 3030).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Chunking {
    /// With BDAT where the server offers CHUNKING, and with DATA otherwise. If the server then answers BDAT with 500 or
    /// 502, the message is sent once more, with DATA, on a new connection.
    Auto,
    /// Always with DATA.
    Never,
}

/// How one transaction sends its content. The two are never mixed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Method {
    Data,
    Bdat,
}
