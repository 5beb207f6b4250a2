use proptest::prelude::*;
use webinar_bridge_domain::fault::Peer;

use super::*;

const WRITE: Exchange = Exchange::write(Peer::Crm, "write");

const GOOD: &str = "--batchresponse_1\r\n\
    Content-Type: application/http\r\n\
    Content-Transfer-Encoding: binary\r\n\
    \r\n\
    HTTP/1.1 204 No Content\r\n\
    OData-Version: 4.0\r\n\
    OData-EntityId: https://o.example/api/data/v9.2/x(1)\r\n\
    \r\n\
    \r\n\
    --batchresponse_1\r\n\
    Content-Type: application/http\r\n\
    Content-Transfer-Encoding: binary\r\n\
    \r\n\
    HTTP/1.1 404 Not Found\r\n\
    Content-Type: application/json; odata.metadata=minimal\r\n\
    Retry-After: 7\r\n\
    \r\n\
    {\"error\":{\"code\":\"0x80040217\",\"message\":\"x With Id = 1 Does Not Exist\"}}\r\n\
    --batchresponse_1--\r\n";

fn whole(status: u16, label: Option<&str>, body: &str) -> Answer {
    let mut headers = HeaderMap::new();
    headers.extend(label.map(|label| (HeaderName::from_static("content-type"), label.parse().unwrap())));
    Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: body.to_owned().into() }
}

fn statuses(answer: &Answer) -> Option<Vec<Option<u16>>> {
    let parts = parts(answer)?;
    Some(parts.into_iter().map(|part| part.map(|part| part.status.as_u16())).collect())
}

#[test]
fn an_answer_is_read_in_every_dress() {
    let lf = GOOD.replace("\r\n", "\n");
    let nested = GOOD.replace("batchresponse_1", "changesetresponse_2");
    let nested = format!(
        "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_2\r\n\r\n{nested}\
         --batchresponse_1--\r\n"
    );
    let padded = format!(
        "a preamble\r\n\r\n{}an epilogue",
        GOOD.replace("batchresponse_1\r\n", "batchresponse_1  \r\n")
    );
    let table = [
        (Some("multipart/mixed; boundary=batchresponse_1"), GOOD),
        (Some("multipart/mixed; boundary=\"batchresponse_1\""), GOOD),
        (Some("Multipart/Mixed;charset=utf-8; Boundary=batchresponse_1"), GOOD),
        (Some("multipart/mixed; boundary=batchresponse_1"), lf.as_str()),
        (Some("multipart/mixed; boundary=batchresponse_1"), nested.as_str()),
        (Some("multipart/mixed; boundary=batchresponse_1"), padded.as_str()),
        (Some("text/plain"), GOOD),
        (None, GOOD),
        (None, lf.as_str()),
    ];
    for (label, body) in table {
        assert_eq!(statuses(&whole(200, label, body)), Some(vec![Some(204), Some(404)]), "{label:?}\n{body}");
    }
}

#[test]
fn a_part_keeps_its_headers_and_body() {
    let read = parts(&whole(200, None, GOOD)).unwrap();
    let second = read[1].as_ref().unwrap();
    assert_eq!(second.header("retry-after"), Some("7"));
    assert_eq!(refusal::code(second), Some(refusal::NO_SUCH_ROW));
    assert!(read[0].as_ref().unwrap().body.is_empty());
}

#[test]
fn what_is_not_multipart_is_not_taken_for_it() {
    for (label, body) in [
        (Some("application/json"), r#"{"error":{"code":"0x80060000"}}"#),
        (Some("multipart/mixed; boundary=other"), GOOD),
        (Some("multipart/mixed"), "<html>--</html>"),
        (Some("text/html"), "<html></html>"),
        (None, ""),
        (None, "\r\n\r\n"),
    ] {
        assert_eq!(statuses(&whole(200, label, body)), None, "{label:?} {body}");
    }
}

#[test]
fn a_part_that_is_cut_off_is_judged_by_what_is_left() {
    let label = Some("multipart/mixed; boundary=batchresponse_1");
    let (first, second) = GOOD.split_at(GOOD.find("HTTP/1.1 404").unwrap());
    for (body, expected) in [
        (GOOD.trim_end_matches("--\r\n"), vec![Some(204), Some(404)]),
        (first, vec![Some(204), None]),
        (&GOOD[..first.len() + 10], vec![Some(204), None]),
        (&GOOD[..first.len() + 13], vec![Some(204), Some(404)]),
        (&GOOD[..80], vec![None]),
    ] {
        assert_eq!(statuses(&whole(200, label, body)), Some(expected), "{body}");
    }
    assert!(second.starts_with("HTTP/1.1 404"));
}

#[test]
fn writes_without_a_part_are_told_apart() {
    let answer = || whole(204, None, "");
    let faults = |outer: u16| {
        let parts = matched(vec![Some(answer()), None], 4, &whole(outer, None, ""), &WRITE).unwrap();
        parts.into_iter().map(|part| part.err().map(|fault| fault.kind)).collect::<Vec<_>>()
    };
    let (unclear, not_begun) = (Some(FaultKind::Ambiguous), Some(FaultKind::Transient));
    assert_eq!(faults(200), [None, unclear.clone(), unclear.clone(), unclear.clone()]);
    assert_eq!(faults(400), [None, unclear, not_begun.clone(), not_begun]);
}

#[test]
fn parts_that_fit_no_write_are_worth_nothing() {
    let answer = || Some(whole(204, None, ""));
    let ok = whole(200, None, "");
    for parts in [vec![], vec![answer(), answer(), answer()]] {
        assert_eq!(matched(parts, 2, &ok, &WRITE).unwrap_err().kind, FaultKind::Ambiguous);
    }
}

#[test]
fn parts_in_parts_in_parts_end_somewhere() {
    let deep = (0..50).fold(GOOD.to_owned(), |inner, level| {
        format!(
            "--b{level}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n{inner}\r\n--b{level}--\r\n",
            level - 1
        )
    });
    assert_eq!(statuses(&whole(200, None, &deep)), Some(vec![None]));
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange(noise in proptest::collection::vec(any::<u8>(), 0..400), at in 0_usize..400) {
        let mut bytes = GOOD.as_bytes().to_vec();
        let at = at.min(bytes.len());
        bytes.splice(at..at, noise);
        let strange = Answer { body: bytes.into(), ..whole(200, Some("multipart/mixed; boundary=batchresponse_1"), "") };
        if let Some(parts) = parts(&strange) {
            prop_assert!(parts.len() <= 400);
        }
    }
}
