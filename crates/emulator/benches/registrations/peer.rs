//! The servers that are measured, each in a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use clap::ValueEnum;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use webinar_bridge_emulator::{Clock, Emulators, Options};

/// What a process serves.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    Empty,
    Emulators,
}

/// A process that serves; it ends with this value.
pub(crate) struct Peer {
    child: Child,
    pub(crate) ready: Value,
}

impl Peer {
    pub(crate) fn start(role: Role) -> Self {
        let name = role.to_possible_value().expect("every role has a name");
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.args(["--serve", name.get_name()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a second process");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("its first line");
        Self { child, ready: serde_json::from_str(&line).expect("a ready line") }
    }

    /// How many people the first event has, as the server says itself.
    pub(crate) async fn registrants(&self) -> u64 {
        let base_url = self.ready["on24"]["base_url"].as_str().expect("an address");
        let url = format!("{}/_emulator/state", base_url.trim_end_matches("/v2"));
        let state: Value =
            reqwest_client().get(url).send().await.expect("an answer").json().await.expect("JSON");
        state["events"][0]["registrants"].as_array().map_or(0, |people| people.len() as u64)
    }
}

fn reqwest_client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Serves until the process that started this one is gone.
pub(crate) async fn serve(role: Role) {
    match role {
        Role::Empty => {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            tokio::spawn(answer_nothing(listener));
            tell(
                &json!({ "on24": { "base_url": format!("http://{address}/v2"), "client_id": 1, "event_id": 1 } }),
            );
            orphaned().await;
        }
        Role::Emulators => {
            let emulators = Emulators::start(Options::default(), Clock::new()).await.expect("emulators");
            tell(&json!(emulators.ready()));
            orphaned().await;
        }
    }
}

fn tell(ready: &Value) {
    let mut out = std::io::stdout();
    writeln!(out, "{ready}").and_then(|()| out.flush()).expect("standard output");
}

/// Standard input ends when the parent does.
async fn orphaned() {
    let waiting = tokio::task::spawn_blocking(|| std::io::stdin().lines().for_each(drop));
    drop(waiting.await);
}

async fn answer_nothing(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        drop(stream.set_nodelay(true));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(nothing));
        tokio::spawn(connection);
    }
}

/// The request is read to its end, as a server that does something must.
async fn nothing(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    request.into_body().collect().await?;
    Ok(Response::new(Full::default()))
}
