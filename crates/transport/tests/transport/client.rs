//! The client against peers that do what no sane server does.

use std::time::Duration;

use webinar_bridge_domain::fault::FaultKind::{self, Ambiguous, Invalid, Transient};
use webinar_bridge_transport::{
    Answer, ClientError, ClientSettings, Exchange, ExchangeKind, HttpClient, Method, Url,
};
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::peer::{self, Peer, client, client_with, exchange};

/// 100 000 bytes, as gzip.
const BOMB: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 49, 1, 0, 0, 0, 194, 160, 74, 235, 159, 206, 26, 30, 64, 1, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 175, 6, 133, 194, 77, 197,
    160, 134, 1, 0,
];

async fn fault_kinds(client: &HttpClient, url: &Url) -> [(FaultKind, String); 3] {
    let mut kinds = Vec::new();
    for kind in [ExchangeKind::Read, ExchangeKind::PageRead, ExchangeKind::Write] {
        let fault =
            client.send(client.request(Method::POST, url.clone()), &exchange(kind)).await.unwrap_err();
        kinds.push((fault.kind, fault.code.to_string()));
    }
    kinds.try_into().unwrap()
}

fn all(read: &FaultKind, write: &FaultKind, code: &str) -> [(FaultKind, String); 3] {
    [read, read, write].map(|kind| (kind.clone(), code.to_owned()))
}

async fn answer_of(url: Url) -> Answer {
    let client = client();
    client.send(client.request(Method::GET, url), &exchange(ExchangeKind::Read)).await.unwrap()
}

#[tokio::test]
async fn a_connection_that_fails_is_transient_even_for_a_write() {
    let (client, nobody) = (client(), Peer::nobody());
    assert_eq!(fault_kinds(&client, &nobody).await, all(&Transient, &Transient, "transport.connect"));
    let no_tls = Peer::answering(vec![b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(); 3]);
    let url = no_tls.url().as_str().replace("http:", "https:").parse().unwrap();
    assert_eq!(fault_kinds(&client, &url).await, all(&Transient, &Transient, "transport.connect"));
}

#[tokio::test]
async fn what_breaks_off_after_sending_is_ambiguous_for_a_write() {
    let table: [(&[u8], &str); 5] = [
        (b"", "transport.reset"),
        (b"SSH-2.0-garbage\r\n\r\n", "transport.reset"),
        (b"HTTP/1.1 2", "transport.reset"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort", "transport.body_garbled"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 7\r\n\r\nnot zip",
            "transport.body_garbled",
        ),
    ];
    for (bytes, code) in table {
        let peer = Peer::answering(vec![bytes.to_vec(); 3]);
        let kinds = fault_kinds(&client(), &peer.url()).await;
        assert_eq!(kinds, all(&Transient, &Ambiguous, code), "{}", String::from_utf8_lossy(bytes));
        assert_eq!(peer.calls(), 3, "each call is sent once: {}", String::from_utf8_lossy(bytes));
    }
}

#[tokio::test]
async fn patience_ends() {
    let settings = ClientSettings {
        call: Duration::from_millis(50),
        page: Duration::from_millis(50),
        ..Default::default()
    };
    let peer = Peer::silent();
    let kinds = fault_kinds(&client_with(&settings), &peer.url()).await;
    assert_eq!(kinds, all(&Transient, &Ambiguous, "transport.timeout"));
}

#[tokio::test]
async fn a_page_may_take_longer_than_a_call() {
    let server = MockServer::start().await;
    let late = ResponseTemplate::new(200).set_delay(Duration::from_millis(200));
    Mock::given(any()).respond_with(late).mount(&server).await;
    let settings = ClientSettings {
        call: Duration::from_millis(20),
        page: Duration::from_mins(1),
        ..Default::default()
    };
    let client = client_with(&settings);
    let url: Url = server.uri().parse().unwrap();
    let (page, call) = (exchange(ExchangeKind::PageRead), exchange(ExchangeKind::Read));
    let request = || client.request(Method::GET, url.clone());
    assert!(client.send(request(), &page).await.is_ok());
    assert_eq!(client.send(request(), &call).await.unwrap_err().code.as_str(), "transport.timeout");
}

#[tokio::test]
async fn a_kept_connection_that_dies_does_not_send_twice() {
    let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec();
    let peer = Peer::keeping(vec![ok.clone(), Vec::new(), ok]);
    let (client, write) = (client(), exchange(ExchangeKind::Write));
    client.send(client.request(Method::POST, peer.url()), &write).await.unwrap();
    let fault = client.send(client.request(Method::POST, peer.url()), &write).await.unwrap_err();
    assert_eq!((fault.kind, fault.code.as_str()), (Ambiguous, "transport.reset"));
    assert_eq!(peer.calls(), 2);
}

#[tokio::test]
async fn a_body_has_a_limit_once_decompressed() {
    let settings = ClientSettings { body_limit: 99_999, page_limit: 99_999, ..Default::default() };
    let small = client_with(&settings);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", BOMB.len());
    let zipped = [head.as_bytes(), BOMB].concat();
    let peer = Peer::answering(vec![zipped.clone(); 3]);
    assert_eq!(
        fault_kinds(&small, &peer.url()).await,
        all(&Transient, &Ambiguous, "transport.body_too_large")
    );
    let peer = Peer::answering(vec![zipped]);
    assert_eq!(answer_of(peer.url()).await.body, vec![b'0'; 100_000]);
}

#[tokio::test]
async fn an_endless_body_is_given_up() {
    let settings = ClientSettings { body_limit: 1 << 20, page_limit: 1 << 20, ..Default::default() };
    let peer = Peer::endless();
    let kinds = fault_kinds(&client_with(&settings), &peer.url()).await;
    assert_eq!(kinds, all(&Transient, &Ambiguous, "transport.body_too_large"));
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let server = MockServer::start().await;
    let away = ResponseTemplate::new(307).insert_header("location", "/elsewhere");
    Mock::given(path("/")).respond_with(away).mount(&server).await;
    Mock::given(path("/elsewhere")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&server).await;
    let answer = answer_of(server.uri().parse().unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (307, Some("/elsewhere")));
}

#[tokio::test]
async fn cookies_are_not_kept() {
    let server = MockServer::start().await;
    let cookie = ResponseTemplate::new(200).insert_header("set-cookie", "ARRAffinity=1");
    Mock::given(method("GET")).respond_with(cookie).mount(&server).await;
    let client = client();
    for _ in 0..2 {
        let request = client.request(Method::GET, server.uri().parse().unwrap());
        client.send(request, &exchange(ExchangeKind::Read)).await.unwrap();
    }
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| !request.headers.contains_key("cookie")));
    assert!(requests[0].headers["user-agent"].to_str().unwrap().starts_with("webinar-bridge/"));
}

#[tokio::test]
async fn every_status_is_an_answer() {
    let server = MockServer::start().await;
    for status in [204, 401, 403, 404, 412, 429, 500, 503] {
        let there = Mock::given(path(format!("/{status}")));
        there.respond_with(ResponseTemplate::new(status).set_body_string("words")).mount(&server).await;
        let answer = answer_of(format!("{}/{status}", server.uri()).parse().unwrap()).await;
        assert_eq!(answer.status.as_u16(), status);
    }
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_not_sent() {
    let (client, write) = (client(), exchange(ExchangeKind::Write));
    let request = client.request(Method::POST, Peer::nobody()).header("accesstokenkey", "line\nbreak");
    let fault = client.send(request, &write).await.unwrap_err();
    assert!(matches!(fault.kind, Invalid { .. }), "{fault:?}");
    assert!(!format!("{fault:?} {fault}").contains("break"));
}

#[tokio::test]
async fn a_fault_says_who_and_what_but_not_where() {
    let client = client();
    let mut url = Peer::nobody();
    url.set_path("/ada@example.com");
    let fault = client
        .send(
            client.request(Method::GET, url),
            &Exchange { operation: "greet", ..exchange(ExchangeKind::Read) },
        )
        .await
        .unwrap_err();
    let text = format!("{fault} {fault:?}");
    assert!(
        text.starts_with("provider greet: did not answer, nothing happened (transport.connect)"),
        "{text}"
    );
    assert!(!text.contains("ada") && !text.contains("127.0.0.1"), "{text}");
}

#[test]
fn a_root_that_is_no_certificate_is_named() {
    peer::provider();
    for wrong in [b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".to_vec(), b"no pem".to_vec()]
    {
        let settings = ClientSettings { extra_roots: vec![wrong], ..Default::default() };
        assert!(matches!(HttpClient::new(&settings), Err(ClientError::BadRoot(0))));
    }
}
