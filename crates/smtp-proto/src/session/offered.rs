//! Whether the server offers what a command uses.

use super::error::SessionError;
use crate::{
    capabilities::Capabilities,
    command::Command,
    keywords_kept::KeptKeywords,
    parameters::{Parameter, RcptParameters},
    security::Security,
};

/// Whether the command may be sent to a server with these offers. `keywords`: those of its reply, if they were kept.
#[inline]
pub(super) fn check_offered(
    command: &Command<'_>,
    offered: &Capabilities,
    keywords: Option<&KeptKeywords>,
    security: Security,
) -> Result<(), SessionError> {
    match command {
        Command::Mail(_, parameters) => match parameters.not_offered(offered) {
            Some(keyword) => Err(SessionError::NotOffered(keyword)),
            None => check_others(parameters.others(), keywords),
        },
        Command::Rcpt(_, parameters) if !parameters.is_empty() => check_rcpt(parameters, offered, keywords),
        Command::StartTls if !offered.starttls || security != Security::Clear => {
            Err(SessionError::NotOffered("STARTTLS"))
        }
        _ => Ok(()),
    }
}

#[cold]
fn check_rcpt(
    parameters: &RcptParameters,
    offered: &Capabilities,
    keywords: Option<&KeptKeywords>,
) -> Result<(), SessionError> {
    if parameters.asks_for_dsn() && !offered.dsn {
        return Err(SessionError::NotOffered("DSN"));
    }
    check_others(&parameters.others, keywords)
}

fn check_others(others: &[Parameter], keywords: Option<&KeptKeywords>) -> Result<(), SessionError> {
    let is_offered = |parameter: &Parameter| keywords.is_some_and(|keywords| keywords.contain(parameter.extension()));
    if others.iter().all(is_offered) { Ok(()) } else { Err(SessionError::ParameterNotOffered) }
}
