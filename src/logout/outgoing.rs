//! A message of our own in the binding that the identity provider takes: by redirect if it has a URL for that, by POST otherwise.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use super::build::{OutgoingRequest, OutgoingResponse, TITLE};
use super::pending::PendingLogout;
use crate::PostPage;
use crate::binding::send::{onward_headers, onward_page};
use crate::error::RequestError;

/// What the browser is given, so that it carries a message of ours.
#[derive(Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// The URL to go to. To a browser that submitted a form, give the page that leads on ([`Outgoing::html`]) and not a `Location`:
    /// Chromium applies the `form-action` of a Content-Security-Policy to redirects, too, and an identity provider may hand the
    /// browser on to any other service.
    Redirect(String),
    /// The page that posts itself.
    Post(PostPage),
}

impl Outgoing {
    /// The page to answer with, HTML in UTF-8: the one that posts itself, or one that leads on to the URL. Send it with
    /// [`Outgoing::headers`]. It runs under its own Content-Security-Policy; without JavaScript there is a button or a link.
    pub fn html(&self) -> Cow<'_, str> {
        match self {
            Self::Redirect(url) => Cow::Owned(onward_page(TITLE, url)),
            Self::Post(page) => Cow::Borrowed(page.html()),
        }
    }

    /// The headers of that page: its type, its Content-Security-Policy, and that no cache keeps it.
    pub fn headers(&self) -> [(&'static str, &str); 4] {
        match self {
            Self::Redirect(_) => onward_headers(),
            Self::Post(page) => page.headers(),
        }
    }
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
