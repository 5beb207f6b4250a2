//! The console: pages that work with scripts off; one small script keeps them fresh.

mod held;
mod page;

use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use webinar_bridge_domain::balance::Scope;

use crate::Admin;
use crate::auth::{COOKIE_NAME, Visitor, is_cookie_safe};
use crate::problem::Problem;

pub(crate) fn router(admin: &Admin) -> Router {
    Router::new()
        .route("/", get(overview))
        .route("/organizations/{organization}/held", get(held::show).post(held::release))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/assets/icon.svg", get(async || asset("image/svg+xml", ICON)))
        .route("/assets/console.css", get(async || asset("text/css; charset=utf-8", STYLE)))
        .route("/assets/console.js", get(async || asset("text/javascript; charset=utf-8", SCRIPT)))
        .with_state(admin.clone())
}

const ICON: &str = include_str!("icon.svg");
const STYLE: &str = include_str!("console.css");
const SCRIPT: &str = include_str!("console.js");

fn asset(content: &'static str, body: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, content)], body)
}

/// Every organization's balance, and that of each of its webinars.
async fn overview(State(admin): State<Admin>, visitor: Visitor) -> Result<Response, Problem> {
    if visitor == Visitor::Stranger && !admin.open_house {
        return Ok(stay_out(None));
    }
    let mut sections = vec![];
    let notes = admin.bridge.standing.notes();
    for organization in admin.bridge.steward.list().await? {
        let webinars = admin.bridge.desk.webinars(organization.id).await?;
        let balance = admin.bridge.desk.balance(organization.id, Scope::Organization).await?;
        let troubles = notes.iter().filter(|(id, ..)| *id == organization.id);
        let troubles = troubles.map(|(_, topic, note)| (*topic, note.clone())).collect();
        sections.push(page::Section { organization, balance, webinars, troubles });
    }
    let now = admin.bridge.ports().clock.now();
    let frame = page::Frame { sandbox: admin.open_house, signed_in: visitor == Visitor::SignedIn };
    Ok(Html(page::overview(&sections, now, frame).into_string()).into_response())
}

/// The sign-in page, as an answer to whoever is not known.
fn stay_out(complaint: Option<&str>) -> Response {
    let page = Html(page::sign_in(complaint).into_string());
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], page).into_response()
}

#[derive(Deserialize)]
struct SignIn {
    token: SecretString,
}

/// Takes the token into a cookie that only this origin's pages send. The cookie goes after eight hours, the token when
/// its own life is over: it is looked at with every request.
async fn sign_in(
    State(admin): State<Admin>,
    headers: HeaderMap,
    form: Result<Form<SignIn>, FormRejection>,
) -> Result<Response, Problem> {
    let token = form.ok().map(|Form(SignIn { token })| token).filter(|_| !is_foreign(&headers));
    let token =
        token.as_ref().map(|token| token.expose_secret().trim()).filter(|token| is_cookie_safe(token));
    let cookie = match token {
        Some(token) if admin.gate.lets_in(token).await? => cookie(&headers, token, 8 * 60 * 60),
        _ => None,
    };
    Ok(cookie.map_or_else(|| stay_out(Some("That token is not known, or has expired.")), enter_with))
}

/// Takes the cookie away. The token stays good for whoever has it.
async fn sign_out(headers: HeaderMap) -> Response {
    let cookie = cookie(&headers, "", 0).filter(|_| !is_foreign(&headers));
    cookie.map_or_else(|| Redirect::to("/").into_response(), enter_with)
}

fn enter_with(cookie: HeaderValue) -> Response {
    ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

/// Whether a browser says that another site sent its user here.
fn is_foreign(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

fn cookie(headers: &HeaderMap, token: &str, seconds: u32) -> Option<HeaderValue> {
    // The bridge itself speaks plain HTTP; a proxy that ends TLS before it says so.
    let secure = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE_NAME}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    let mut cookie = HeaderValue::try_from(cookie).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}
