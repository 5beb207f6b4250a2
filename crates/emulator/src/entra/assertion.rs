//! What a client presents in place of a secret: a token that it, or somebody who vouches for it, has signed.

use jiff::Timestamp;

use super::certificate::Certificate;
use super::directory::{Application, Directory};
use super::jwt::Jwt;
use super::refusal::AssertionFault;
use super::settings::AssertionIds;

/// How far the clocks of two machines may be apart, in seconds.
const SKEW: i64 = 300;

/// Where and when an assertion is presented.
pub(super) struct Presented<'a> {
    pub(super) application: &'a Application,
    /// The host that was called, and the path of the token endpoint.
    pub(super) host: &'a str,
    pub(super) path: &'a str,
    pub(super) now: Timestamp,
    pub(super) ids: AssertionIds,
}

impl Presented<'_> {
    /// Whether the assertion shows that its bearer is the application. One that the application itself has issued is
    /// signed with a certificate, any other comes from an issuer that vouches for it.
    pub(super) fn check(&self, assertion: &str, directory: &mut Directory) -> Result<(), AssertionFault> {
        let token = Jwt::read(assertion).ok_or(AssertionFault::Malformed)?;
        let issuer = token.text("iss").ok_or(AssertionFault::Malformed)?;
        if issuer.eq_ignore_ascii_case(&self.application.client_id) {
            self.check_own(&token, directory)
        } else {
            self.check_foreign(&token, issuer, directory)
        }
    }

    fn check_own(&self, token: &Jwt<'_>, directory: &mut Directory) -> Result<(), AssertionFault> {
        let certificate = self.certificate(token)?;
        if !token.is_signed_by(&certificate.key) {
            return Err(AssertionFault::Signature { thumbprint: certificate.sha1.clone() });
        }
        if !token.audiences().iter().any(|audience| self.is_here(audience)) {
            return Err(AssertionFault::Audience);
        }
        let client = &self.application.client_id;
        if !token.text("sub").is_some_and(|subject| subject.eq_ignore_ascii_case(client)) {
            return Err(AssertionFault::Subject { client: client.clone() });
        }
        let until = self.check_time(token)?;
        match (self.ids, token.text("jti")) {
            (AssertionIds::Ignored, _) | (AssertionIds::Required, Some(_)) => Ok(()),
            (AssertionIds::Once, Some(id))
                if directory.spend(id, until.saturating_add(SKEW), self.now.as_second()) =>
            {
                Ok(())
            }
            _ => Err(AssertionFault::Id),
        }
    }

    /// The certificate that the header names by one of its two thumbprints.
    fn certificate(&self, token: &Jwt<'_>) -> Result<&Certificate, AssertionFault> {
        let (sha1, sha256) = (token.header("x5t"), token.header("x5t#S256"));
        let known = self.application.certificates.iter().find(|certificate| {
            let named = sha1.or(sha256).is_some();
            let is =
                |named: Option<&str>, own: &str| named.is_none_or(|named| named.trim_end_matches('=') == own);
            named && is(sha1, &certificate.sha1) && is(sha256, &certificate.sha256)
        });
        let now = self.now.as_second();
        known.filter(|known| (known.valid.0..=known.valid.1).contains(&now)).ok_or_else(|| {
            let thumbprint = sha1.or(sha256).unwrap_or_default().to_owned();
            AssertionFault::UnknownKey { thumbprint, client: self.application.client_id.clone() }
        })
    }

    /// Whether an audience is this token endpoint, by the host that was called or by the vendor's own.
    fn is_here(&self, audience: &str) -> bool {
        let Some((scheme, rest)) = audience.split_once("://") else { return false };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        matches!(scheme, "http" | "https")
            && (host.eq_ignore_ascii_case(self.host) || host == "login.microsoftonline.com")
            && path.eq_ignore_ascii_case(self.path)
    }

    fn check_foreign(
        &self,
        token: &Jwt<'_>,
        issuer: &str,
        directory: &Directory,
    ) -> Result<(), AssertionFault> {
        let federations = self.application.federations.iter();
        let known: Vec<_> = federations.filter(|federation| federation.issuer == issuer).collect();
        if known.is_empty() {
            return Err(AssertionFault::ForeignIssuer(issuer.to_owned()));
        }
        let subject = token.text("sub").unwrap_or_default();
        let Some(federation) = known.into_iter().find(|federation| federation.subject == subject) else {
            return Err(AssertionFault::ForeignSubject(subject.to_owned()));
        };
        let audiences = token.audiences();
        if !audiences.contains(&federation.audience.as_str()) {
            return Err(AssertionFault::ForeignAudience(audiences.join(" ")));
        }
        let mut keys = directory.keys(issuer, token.header("kid"));
        if !keys.any(|key| token.is_signed_by(key)) {
            return Err(AssertionFault::ForeignSignature);
        }
        self.check_time(token).map(|_| ())
    }

    /// When it expires, if it is valid now.
    fn check_time(&self, token: &Jwt<'_>) -> Result<i64, AssertionFault> {
        let until = token.seconds("exp").ok_or(AssertionFault::Malformed)?;
        let from = token.seconds("nbf").unwrap_or_default();
        let now = self.now.as_second();
        if from.saturating_sub(SKEW) <= now && now < until.saturating_add(SKEW) {
            Ok(until)
        } else {
            Err(AssertionFault::Time { now: self.now, from, until })
        }
    }
}
