//! What ON24 refuses.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Kind;
use crate::dice::Dice;
use crate::wire::{Wire, World};

pub(crate) const KINDS: &[&Kind] = &[
    &Kind { name: "on24: no such path", answers: &[400, 404, 405], make: path },
    &Kind { name: "on24: no such method", answers: &[404, 405], make: method },
    &Kind { name: "on24: no good token", answers: &[401], make: token },
    &Kind { name: "on24: another client", answers: &[403, 404], make: client },
    &Kind { name: "on24: no such event", answers: &[404], make: event },
    &Kind { name: "on24: a body that is no form", answers: &[400], make: no_form },
    &Kind { name: "on24: a bad field", answers: &[400], make: field },
    &Kind { name: "on24: nobody to change", answers: &[400, 403, 404, 412], make: nobody },
    &Kind { name: "on24: bad dates", answers: &[400], make: dates },
    &Kind { name: "on24: a bad event", answers: &[400], make: bad_event },
];

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn send(world: &World, method: &str, rest: &str, more: &[(&str, &str)], body: &[u8]) -> Wire {
    let on24 = &world.ready.on24;
    let target = format!("/v2/client/{}/{rest}", on24.client_id);
    let token = [
        ("accesstokenkey", on24.access_token_key.as_str()),
        ("accesstokensecret", &on24.access_token_secret),
    ];
    Wire::http(world.on24(), method, &target, &[&token[..], more].concat(), body)
}

fn registrant(world: &World) -> String {
    format!("event/{}/registrant", world.ready.on24.event_id)
}

fn path(dice: &mut Dice, world: &World) -> Wire {
    let letters = dice.word();
    let rest = match dice.below(6) {
        0 => format!("x{letters}"),
        1 => format!("event/{}/x{letters}", world.ready.on24.event_id),
        2 => format!("{}/%ZZ/%00/{letters}", registrant(world)),
        3 => format!("event/{}/registrant/attendee/{letters}", world.ready.on24.event_id),
        4 => "%ff%fe%00/%C0%AF..%2f".to_owned(),
        _ => format!("{}/", "../".repeat(dice.below(50) + 1)),
    };
    send(world, dice.of(&["GET", "POST", "PATCH", "PUT", "DELETE"]), &rest, &[], b"")
}

fn method(dice: &mut Dice, world: &World) -> Wire {
    send(world, dice.of(&["DELETE", "PUT", "BREW", "OPTIONS", "PROPFIND"]), &registrant(world), &[], b"")
}

fn token(dice: &mut Dice, world: &World) -> Wire {
    let on24 = &world.ready.on24;
    let letters = dice.word();
    let (key, secret) = (on24.access_token_key.as_str(), on24.access_token_secret.as_str());
    let headers: Vec<(&str, &str)> = match dice.below(5) {
        0 => vec![],
        1 => vec![("accesstokenkey", key)],
        2 => vec![("accesstokensecret", secret)],
        3 => vec![("accesstokenkey", key), ("accesstokensecret", &letters)],
        _ => vec![("accesstokenkey", ""), ("accesstokensecret", "\t")],
    };
    let target = format!("/v2/client/{}/{}", on24.client_id, registrant(world));
    Wire::http(world.on24(), dice.of(&["GET", "POST", "PATCH"]), &target, &headers, b"")
}

fn client(dice: &mut Dice, world: &World) -> Wire {
    let on24 = &world.ready.on24;
    let other = dice.of(&["0", "-1", "99999999999999999999999999", "x", "%20", "1e3"]).to_owned();
    let target = format!("/v2/client/{other}/{}", registrant(world));
    let token = [
        ("accesstokenkey", on24.access_token_key.as_str()),
        ("accesstokensecret", &on24.access_token_secret),
    ];
    Wire::http(world.on24(), "GET", &target, &token, b"")
}

fn event(dice: &mut Dice, world: &World) -> Wire {
    let other = dice.of(&["0", "-1", "99999999999999999999999999", "x", "%20", "1e3", "%F0%9F%92%A9"]);
    send(
        world,
        dice.of(&["GET", "POST", "PATCH"]),
        &format!("event/{other}/registrant"),
        &[FORM],
        b"email=a%40b.c",
    )
}

fn no_form(dice: &mut Dice, world: &World) -> Wire {
    let body = dice.no_object();
    let kind = dice.of(&[
        "application/json",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "x",
        "",
    ]);
    send(world, dice.of(&["POST", "PATCH"]), &registrant(world), &[("content-type", kind)], &body)
}

fn field(dice: &mut Dice, world: &World) -> Wire {
    let long = "x".repeat(dice.below(5000) + 101);
    let body = match dice.below(6) {
        0 => format!("email=a%40b.c&firstname=A&lastname={long}"),
        1 => "email=&firstname=A&lastname=B".to_owned(),
        2 => "email=%20&firstname=A&lastname=B".to_owned(),
        3 => "=&&&==&%zz=%&email".to_owned(),
        4 => "email=a%40b.c&firstname=A&lastname=B&isdeleted=perhaps".to_owned(),
        _ => "email=a%40b.c&firstname=A&lastname=B&workphone=12".to_owned(),
    };
    let query = if dice.below(4) == 0 { "?honorrequired=maybe" } else { "" };
    send(world, "POST", &format!("{}{query}", registrant(world)), &[FORM], body.as_bytes())
}

fn nobody(dice: &mut Dice, world: &World) -> Wire {
    let email =
        utf8_percent_encode(&format!("{}@nowhere.example", dice.word()), NON_ALPHANUMERIC).to_string();
    let body = format!("email={email}");
    match dice.below(6) {
        0 => send(world, "PATCH", &registrant(world), &[FORM], body.as_bytes()),
        1 => send(world, "POST", &registrant(world), &[FORM], format!("{body}&isdeleted=Y").as_bytes()),
        2 => send(world, "POST", "forget", &[FORM], format!("emails={email}&{body}").as_bytes()),
        3 => send(world, "GET", &format!("registrant/{email}"), &[], b""),
        4 => send(world, "GET", &format!("attendee/{email}"), &[], b""),
        _ => send(world, "PATCH", &format!("registrant/{email}"), &[FORM], b"firstname=A"),
    }
}

fn dates(dice: &mut Dice, world: &World) -> Wire {
    let query = dice.of(&[
        "startdate=tomorrow",
        "startdate=2026-13-45",
        "startdate=2026-07-02&enddate=2026-07-01",
        "startdate=2020-03-08T02:15:00",
        "dateInterval=0",
        "dateInterval=181",
        "dateInterval=x",
        "dateInterval=3&startdate=2026-07-02",
        "dateIntervalOffset=3",
        "dateInterval=3&dateIntervalTimezone=Mars/Base",
        "dateInterval=99999999999999999999",
        "startdate=-9999-01-01T00:00:00",
        "enddate=%00",
    ]);
    send(world, "GET", &format!("event?{query}"), &[], b"")
}

fn bad_event(dice: &mut Dice, world: &World) -> Wire {
    let body = match dice.below(4) {
        0 => String::new(),
        1 => format!("title={}", dice.word()),
        2 => "eventType=99&liveStart=never".to_owned(),
        _ => String::from_utf8_lossy(&dice.bytes(300)).into_owned(),
    };
    let kind = dice.of(&[
        FORM,
        ("content-type", "application/json"),
        ("content-type", "multipart/form-data; boundary=x"),
    ]);
    send(world, "POST", "event", &[kind], body.as_bytes())
}
