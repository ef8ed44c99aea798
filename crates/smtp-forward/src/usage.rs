//! Errors of the command line, made safe to show.

use clap::{
    Error,
    error::{ContextKind, ContextValue},
};
use smtp_proto::Escaped;

/// Escapes everything in `error` that may come from the command line. The words, line breaks and colours of clap stay.
pub(crate) fn escaped(mut error: Error) -> Error {
    let context: Vec<_> = error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in context {
        // The usage is made of definitions only.
        if kind != ContextKind::Usage {
            error.insert(kind, escaped_value(value));
        }
    }
    error
}

fn escaped_value(value: ContextValue) -> ContextValue {
    let escape = |text: &str| Escaped(text.as_bytes()).to_string();
    match value {
        ContextValue::String(text) => ContextValue::String(escape(&text)),
        ContextValue::Strings(texts) => ContextValue::Strings(texts.iter().map(|text| escape(text)).collect()),
        // Colours in a text cannot be told from escape sequences in an argument, so they go, too.
        ContextValue::StyledStr(text) => ContextValue::StyledStr(escape(&text.to_string()).into()),
        ContextValue::StyledStrs(texts) => {
            ContextValue::StyledStrs(texts.iter().map(|text| escape(&text.to_string()).into()).collect())
        }
        ContextValue::None | ContextValue::Bool(_) | ContextValue::Number(_) => value,
        // What is not known yet is not shown.
        _ => ContextValue::None,
    }
}
