//! A message of our own in the binding that the identity provider takes: by redirect if it has a URL for that, by POST otherwise.

use std::fmt;
use std::time::SystemTime;

use super::build::{OutgoingRequest, OutgoingResponse};
use super::pending::PendingLogout;
use crate::PostPage;
use crate::error::RequestError;

/// What the browser is given, so that it carries a message of ours.
#[derive(Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// The URL to go to. To a browser that submitted a form, give a page that leads on (`<meta http-equiv="refresh">`) and not a
    /// `Location`: Chromium applies the `form-action` of a Content-Security-Policy to redirects, too, and an identity provider may
    /// hand the browser on to any other service.
    Redirect(String),
    /// The page that posts itself.
    Post(PostPage),
}

impl OutgoingRequest<'_> {
    /// The logout by redirect if the identity provider has a URL for that, otherwise by POST; and what to remember until the answer comes.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub fn by_preferred_binding(&self, now: SystemTime) -> Result<(Outgoing, PendingLogout), RequestError> {
        if self.has_redirect_url() {
            return self.redirect(now).map(|sent| (Outgoing::Redirect(sent.url), sent.pending));
        }
        self.post(now).map(|sent| (Outgoing::Post(sent.page), sent.pending))
    }
}

impl OutgoingResponse<'_> {
    /// The answer by redirect if the identity provider has a URL for that, otherwise by POST.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub fn by_preferred_binding(&self, now: SystemTime) -> Result<Outgoing, RequestError> {
        if self.has_redirect_url() {
            return self.redirect(now).map(Outgoing::Redirect);
        }
        self.post(now).map(Outgoing::Post)
    }
}

/// The message may name a user.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redirect(_) => "Redirect(..)",
            Self::Post(_) => "Post(..)",
        })
    }
}
