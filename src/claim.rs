//! Names of attributes that identity providers send for common facts: those that identify users, and what Auth0's addon writes by
//! default.
//!
//! They are compared exactly. An administrator may map any of them to another name.

/// The identifier of a user, the same for every service. SAML V2.0 Subject Identifier Attributes Profile 1.0 section 3.3.
pub const SUBJECT_ID: &str = "urn:oasis:names:tc:SAML:attribute:subject-id";
/// The identifier of a user for one service alone. SAML V2.0 Subject Identifier Attributes Profile 1.0 section 3.4.
pub const PAIRWISE_ID: &str = "urn:oasis:names:tc:SAML:attribute:pairwise-id";
/// Entra ID: the object ID of the user in the tenant, which is never given to another.
pub const ENTRA_OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
/// The user's identifier, usually the same as the name identifier.
pub const NAME_IDENTIFIER: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
/// The e-mail address. Whether it is verified is another claim: [`AUTH0_EMAIL_VERIFIED`].
pub const EMAIL_ADDRESS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
/// The display name.
pub const NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
/// The given name.
pub const GIVEN_NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname";
/// The family name.
pub const SURNAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname";
/// The user principal name; Auth0 puts the e-mail address here if there is no other.
pub const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
/// The groups: one value each.
pub const GROUP: &str = "http://schemas.xmlsoap.org/claims/Group";
/// Auth0: the kind of connection that authenticated the user, `auth0` or `google-oauth2`.
pub const AUTH0_PROVIDER: &str = "http://schemas.auth0.com/identities/default/provider";
/// Auth0: the name of the connection that authenticated the user.
pub const AUTH0_CONNECTION: &str = "http://schemas.auth0.com/identities/default/connection";
/// Auth0: `true` if the connection is a social one.
pub const AUTH0_IS_SOCIAL: &str = "http://schemas.auth0.com/identities/default/isSocial";
/// Auth0: the access token of a social identity. A secret: never log it.
pub const AUTH0_ACCESS_TOKEN: &str = "http://schemas.auth0.com/identities/default/access_token";
/// Auth0: `true` if the e-mail address is verified.
pub const AUTH0_EMAIL_VERIFIED: &str = "http://schemas.auth0.com/email_verified";
/// Auth0: the client ID of the application.
pub const AUTH0_CLIENT_ID: &str = "http://schemas.auth0.com/clientID";
/// Auth0: the nickname.
pub const AUTH0_NICKNAME: &str = "http://schemas.auth0.com/nickname";
/// Auth0: the URL of a picture.
pub const AUTH0_PICTURE: &str = "http://schemas.auth0.com/picture";
/// Auth0: when the profile was created, as JavaScript prints it.
pub const AUTH0_CREATED_AT: &str = "http://schemas.auth0.com/created_at";
/// Auth0: when the profile was last changed, as JavaScript prints it.
pub const AUTH0_UPDATED_AT: &str = "http://schemas.auth0.com/updated_at";
