//! The console: pages that work with scripts off; one small script keeps them fresh.

mod page;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;

use crate::Admin;
use crate::auth::{COOKIE_NAME, Visitor};
use crate::problem::Problem;

pub(crate) fn router(admin: &Admin) -> Router {
    Router::new()
        .route("/", get(overview))
        .route("/sign-in", post(sign_in))
        .route("/assets/console.css", get(async || asset("text/css; charset=utf-8", STYLE)))
        .route("/assets/console.js", get(async || asset("text/javascript; charset=utf-8", SCRIPT)))
        .with_state(admin.clone())
}

const STYLE: &str = include_str!("console.css");
const SCRIPT: &str = include_str!("console.js");

fn asset(content: &'static str, body: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, content)], body)
}

/// Every organization's balance, and that of each of its webinars.
async fn overview(State(admin): State<Admin>, visitor: Visitor) -> Result<Response, Problem> {
    if !visitor.known && !admin.open_house {
        let page = page::sign_in(None).into_string();
        return Ok((StatusCode::UNAUTHORIZED, Html(page)).into_response());
    }
    let mut sections = vec![];
    let notes = admin.bridge.standing.notes();
    for organization in admin.bridge.steward.list().await? {
        let webinars = admin.bridge.desk.webinars(organization.id).await?;
        let whole = webinar_bridge_domain::balance::Scope::Organization;
        let balance = admin.bridge.desk.balance(organization.id, whole).await?;
        let troubles = notes.iter().filter(|(id, ..)| *id == organization.id);
        let troubles = troubles.map(|(_, topic, note)| (*topic, note.clone())).collect();
        sections.push(page::Section { organization, balance, webinars, troubles });
    }
    let now = admin.bridge.ports().clock.now();
    Ok(Html(page::overview(&sections, now, admin.open_house).into_string()).into_response())
}

#[derive(Deserialize)]
struct SignIn {
    token: String,
}

/// Takes the token into a cookie that only this origin's pages send.
async fn sign_in(
    State(admin): State<Admin>,
    headers: HeaderMap,
    form: Result<Form<SignIn>, axum::extract::rejection::FormRejection>,
) -> Result<Response, Problem> {
    let foreign = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    let token = form.ok().map(|Form(SignIn { token })| token.trim().to_owned()).filter(|_| !foreign);
    let good = match &token {
        Some(token) if is_cookie_safe(token) => admin.gate.lets_in(token).await?,
        _ => false,
    };
    let cookie = token.filter(|_| good).and_then(|token| {
        let cookie = format!("{COOKIE_NAME}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=28800");
        HeaderValue::from_str(&cookie).ok()
    });
    let Some(cookie) = cookie else {
        let page = page::sign_in(Some("That token is not known, or has expired.")).into_string();
        return Ok((StatusCode::UNAUTHORIZED, Html(page)).into_response());
    };
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

fn is_cookie_safe(token: &str) -> bool {
    token.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}
