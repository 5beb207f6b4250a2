//! The service, as commands speak to it: over its own API.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::exit::Failure;

/// Where the service is, and who asks.
#[derive(Args)]
pub(crate) struct Service {
    /// The service's public address.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", env = "WEBINAR_BRIDGE_URL")]
    url: String,

    /// A file with the API token.
    #[arg(long, value_name = "FILE", env = "WEBINAR_BRIDGE_TOKEN_FILE")]
    token_file: Option<PathBuf>,

    /// The API token; better in the environment or in a file, since others on the machine can read command lines.
    #[arg(long, env = "WEBINAR_BRIDGE_TOKEN", hide_env_values = true, conflicts_with = "token_file")]
    token: Option<SecretString>,

    /// The organization, by id or name; not needed where there is one.
    #[arg(long, value_name = "ID|NAME", env = "WEBINAR_BRIDGE_ORGANIZATION")]
    organization: Option<String>,

    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The service's API below one organization.
pub(crate) struct Remote {
    client: Client,
    url: String,
    token: SecretString,
    organization: Uuid,
}

/// How long the service has for an answer.
const PATIENCE: Duration = Duration::from_mins(1);

impl Remote {
    /// Finds the organization.
    pub(crate) async fn of(flags: &Service) -> Result<Self, Failure> {
        let token = token(flags)?;
        let client = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(Failure::unexpected)?;
        let url = flags.url.trim_end_matches('/').to_owned();
        let mut remote = Self { client, url, token, organization: Uuid::nil() };
        let known: Vec<Value> = remote.ask(Method::GET, "/api/v1/organizations", None).await?;
        remote.organization = chosen(&known, flags.organization.as_deref())?;
        Ok(remote)
    }

    /// Reads something below the organization.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.ask(Method::GET, &self.below(path), None).await
    }

    /// Asks for something below the organization.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Failure> {
        self.ask(Method::POST, &self.below(path), Some(body)).await
    }

    fn below(&self, path: &str) -> String {
        format!("/api/v1/organizations/{}/{path}", self.organization)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let request = request.bearer_auth(self.token.expose_secret());
        let request: RequestBuilder = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| self.unreachable(&error))?;
        if !status.is_success() {
            return Err(refused(status, &text));
        }
        let odd = |_| Failure::unexpected(format!("{} does not answer as a webinar-bridge does", self.url));
        serde_json::from_str(&text).map_err(odd)
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let why = if error.is_builder() { "is not a URL" } else { "cannot be reached" };
        Failure::unreachable(format!(
            "{} {why}. Is the service running there? Say where it is with `--url` or WEBINAR_BRIDGE_URL.",
            self.url
        ))
    }
}

fn token(flags: &Service) -> Result<SecretString, Failure> {
    if let Some(token) = &flags.token {
        return Ok(token.clone());
    }
    let Some(file) = &flags.token_file else {
        return Err(Failure::usage(
            "an API token is needed: WEBINAR_BRIDGE_TOKEN or `--token-file FILE` (`api.bootstrap_token` of the service)",
        ));
    };
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text.trim().to_owned().into()),
        Err(error) => Err(Failure::usage(format!("{}: {error}", file.display()))),
    }
}

/// The organization that is meant.
fn chosen(known: &[Value], wanted: Option<&str>) -> Result<Uuid, Failure> {
    let fits = |one: &&Value| {
        wanted.is_none_or(|wanted| one["name"] == wanted || one["id"].as_str() == Some(wanted))
    };
    let fitting: Vec<&Value> = known.iter().filter(fits).collect();
    let names = || known.iter().filter_map(|one| one["name"].as_str()).collect::<Vec<_>>().join(", ");
    match fitting.as_slice() {
        [one] => {
            let id = one["id"].as_str().and_then(|id| id.parse().ok());
            id.ok_or_else(|| Failure::unexpected("the service names an organization without an id"))
        }
        [] if known.is_empty() => Err(Failure::not_found("the service has no organization yet")),
        [] => Err(Failure::not_found(format!("there is no such organization; there are: {}", names()))),
        _ => Err(Failure::usage(format!("say which organization with `--organization`: {}", names()))),
    }
}

/// What the service said no to, in its own words.
fn refused(status: StatusCode, text: &str) -> Failure {
    let problem: Value = serde_json::from_str(text).unwrap_or_default();
    let said = |name: &str| problem[name].as_str().map(str::to_owned);
    let words = match (said("title"), said("detail")) {
        (Some(title), Some(detail)) => format!("{title}: {detail}"),
        _ => format!("the service answered {status}"),
    };
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::not_permitted(words),
        StatusCode::NOT_FOUND => Failure::not_found(words),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Failure::try_later(words),
        status if status.is_client_error() => Failure::usage(words),
        _ => Failure::unexpected(words),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_organization_is_chosen_by_id_by_name_or_by_being_alone() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let known = [json!({"id": one, "name": "Contoso"}), json!({"id": two, "name": "Fabrikam"})];
        assert_eq!(chosen(&known, Some("Fabrikam")).unwrap(), two);
        assert_eq!(chosen(&known, Some(&one.to_string())).unwrap(), one);
        assert_eq!(chosen(&known[..1], None).unwrap(), one);
        for (known, wanted, code, word) in [
            (&known[..], None, 2, "Contoso, Fabrikam"),
            (&known[..], Some("Nobody"), 4, "Contoso, Fabrikam"),
            (&[][..], None, 4, "no organization"),
        ] {
            let failure = chosen(known, wanted).unwrap_err();
            assert_eq!(failure.code(), code);
            assert!(failure.to_string().contains(word), "{failure}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_services_words() {
        let problem = json!({"title": "not found", "detail": "there is no such webinar"}).to_string();
        for (status, code) in [(401, 77), (404, 4), (422, 2), (503, 75), (500, 1)] {
            let failure = refused(StatusCode::from_u16(status).unwrap(), &problem);
            assert_eq!(
                (failure.code(), failure.to_string().as_str()),
                (code, "not found: there is no such webinar")
            );
        }
        assert_eq!(
            refused(StatusCode::BAD_GATEWAY, "<html>").to_string(),
            "the service answered 502 Bad Gateway"
        );
    }
}
