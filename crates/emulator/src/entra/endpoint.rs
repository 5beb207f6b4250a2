//! `POST /{tenant}/oauth2/v2.0/token`.
