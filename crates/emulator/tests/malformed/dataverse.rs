//! What Dataverse refuses.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Kind;
use crate::dice::Dice;
use crate::wire::{Wire, World};

pub(crate) const KINDS: &[&Kind] = &[
    &Kind { name: "dataverse: no such path", answers: &[400, 404, 405], make: path },
    &Kind { name: "dataverse: no such method", answers: &[400, 404, 405], make: method },
    &Kind { name: "dataverse: no good token", answers: &[401], make: token },
    &Kind { name: "dataverse: a bad key", answers: &[400, 404], make: key },
    &Kind { name: "dataverse: a bad filter", answers: &[400], make: filter },
    &Kind { name: "dataverse: a bad option", answers: &[400], make: option },
    &Kind { name: "dataverse: a body that is no row", answers: &[400], make: no_row },
    &Kind { name: "dataverse: a bad column", answers: &[400, 404], make: column },
    &Kind { name: "dataverse: a bad batch", answers: &[400], make: batch },
    &Kind { name: "dataverse: a bad action", answers: &[400, 404, 405], make: action },
    &Kind { name: "dataverse: bad metadata", answers: &[400, 404, 405], make: metadata },
];

const JSON: (&str, &str) = ("content-type", "application/json");

fn send(world: &World, method: &str, rest: &str, more: &[(&str, &str)], body: &[u8]) -> Wire {
    let bearer = format!("Bearer {}", world.crm_token);
    let headers = [&[("authorization", bearer.as_str())], more].concat();
    Wire::http(world.dataverse(), method, &format!("/api/data/v9.2/{rest}"), &headers, body)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn path(dice: &mut Dice, world: &World) -> Wire {
    let letters = dice.word();
    let rest = match dice.below(6) {
        0 => format!("x{letters}"),
        1 => "Contacts".to_owned(),
        2 => format!("contacts/x{letters}/y"),
        3 => "%ff%00".to_owned(),
        4 => format!("contacts(00000000-0000-0000-0000-000000000001)/x{letters}"),
        _ => format!("contacts/{}", "(".repeat(dice.below(20_000) + 1)),
    };
    send(world, dice.of(&["GET", "POST", "PATCH", "DELETE"]), &rest, &[JSON], b"{}")
}

fn method(dice: &mut Dice, world: &World) -> Wire {
    send(world, dice.of(&["BREW", "PROPFIND", "TRACE", "PUT"]), "contacts", &[JSON], b"{}")
}

fn token(dice: &mut Dice, world: &World) -> Wire {
    let header = match dice.below(6) {
        0 => "Bearer".to_owned(),
        1 => format!("Bearer {}", dice.word()),
        2 => format!("Basic {}", world.crm_token),
        3 => format!("Bearer {}", world.vault_token),
        4 => format!("Bearer {}x", world.crm_token),
        _ => "Bearer e30.e30.e30".to_owned(),
    };
    let target = "/api/data/v9.2/contacts";
    Wire::http(world.dataverse(), dice.of(&["GET", "POST"]), target, &[("authorization", &header)], b"")
}

fn key(dice: &mut Dice, world: &World) -> Wire {
    let key = dice.of(&[
        "",
        "x",
        "1",
        "'a'",
        "00000000-0000-0000-0000-00000000000",
        "a=1,a=2",
        "emailaddress9='x'",
        "null",
        ")(",
        "''''",
    ]);
    let method = dice.of(&["GET", "PATCH", "DELETE"]);
    send(world, method, &format!("contacts({})", encoded(key)), &[JSON], b"{\"jobtitle\":\"x\"}")
}

const PIECES: &[&str] = &[
    "(",
    ")",
    " eq ",
    " and ",
    " or ",
    " not ",
    "contains(",
    "startswith(",
    ",",
    "'",
    "''",
    "jobtitle",
    "statecode",
    "null",
    "17",
    "-1",
    "1e400",
    "true",
    "2026-01-01",
    "'x'",
    "\u{1F600}",
    "%",
    "$it",
    "/",
    "Microsoft.Dynamics.CRM.In(",
];

fn filter(dice: &mut Dice, world: &World) -> Wire {
    let filter = match dice.below(8) {
        0 => format!("{} and (", dice.soup(PIECES)),
        1 => "(".repeat(dice.below(15_000) + 1),
        2 => "not ".repeat(dice.below(4_000) + 1),
        3 => "jobtitle eq 'open".to_owned(),
        4 => format!("x{} eq 1", dice.word()),
        5 => "jobtitle eq".to_owned(),
        6 => format!("{}jobtitle eq 'x'{}", "(".repeat(5_000), ")".repeat(5_001)),
        _ => "statecode eq 'text'".to_owned(),
    };
    send(world, "GET", &format!("contacts?$filter={}", encoded(&filter)), &[], b"")
}

fn option(dice: &mut Dice, world: &World) -> Wire {
    let letters = dice.word();
    let option = match dice.below(9) {
        0 => format!("$select=x{letters}"),
        1 => format!("$orderby=x{letters}"),
        2 => "$orderby=jobtitle sideways".replace(' ', "%20"),
        3 => dice.of(&["$top=-1", "$top=x", "$top=99999999999999999999", "$top="]).to_owned(),
        4 => "$skip=5".to_owned(),
        5 => format!("$expand=x{letters}"),
        6 => format!("$expand={}", "parentcustomerid_account($expand=".repeat(500)),
        7 => dice.of(&["$skiptoken=x", "$skiptoken=%3Ccookie", "$deltatoken=never"]).to_owned(),
        _ => format!("$x{letters}=1"),
    };
    send(world, "GET", &format!("contacts?{option}"), &[], b"")
}

fn no_row(dice: &mut Dice, world: &World) -> Wire {
    let body = dice.no_object();
    let (method, rest) = dice.of(&[
        ("POST", "contacts"),
        ("PATCH", "contacts(00000000-0000-0000-0000-0000000000aa)"),
        ("PUT", "contacts(00000000-0000-0000-0000-0000000000aa)/jobtitle"),
    ]);
    let body = if body.is_empty() { b"{".to_vec() } else { body };
    send(world, method, rest, &[JSON], &body)
}

fn column(dice: &mut Dice, world: &World) -> Wire {
    let long = format!("{{\"jobtitle\":\"{}\"}}", "x".repeat(dice.below(4000) + 4001));
    let body = match dice.below(8) {
        0 => format!("{{\"x{}\":1}}", dice.word()),
        1 => long,
        2 => "{\"jobtitle\":17}".to_owned(),
        3 => "{\"statecode\":77}".to_owned(),
        4 => "{\"_parentcustomerid_value\":\"00000000-0000-0000-0000-0000000000aa\"}".to_owned(),
        5 => "{\"parentcustomerid_account@odata.bind\":\"/accounts(x)\"}".to_owned(),
        6 => "{\"parentcustomerid_account@odata.bind\":\"/accounts(00000000-0000-0000-0000-0000000000aa)\"}"
            .to_owned(),
        _ => "{\"contactid\":\"x\"}".to_owned(),
    };
    send(world, "POST", "contacts", &[JSON], body.as_bytes())
}

fn batch(dice: &mut Dice, world: &World) -> Wire {
    let kind = dice.of(&[
        "multipart/mixed",
        "multipart/mixed; boundary=",
        "application/json",
        "multipart/mixed; boundary=b",
        "multipart/mixed; boundary=\"b",
    ]);
    let body: Vec<u8> = match dice.below(6) {
        0 => dice.bytes(500),
        1 => b"--b\r\n".to_vec(),
        2 => b"--b\r\nContent-Type: application/http\r\n\r\nGET\r\n--b--".to_vec(),
        3 => b"--b\r\nContent-Type: text/plain\r\n\r\nGET contacts HTTP/1.1\r\n\r\n--b--".to_vec(),
        4 => b"--b\r\nContent-Type: application/http\r\n\r\nPOST $batch HTTP/1.1\r\n\r\n--b--".to_vec(),
        _ => "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n".repeat(300).into_bytes(),
    };
    send(world, "POST", "$batch", &[("content-type", kind)], &body)
}

fn action(dice: &mut Dice, world: &World) -> Wire {
    let name = dice.of(&["CreateMultiple", "UpdateMultiple", "UpsertMultiple", "Nonsense"]);
    let body = match dice.below(5) {
        0 => dice.no_object(),
        1 => b"{}".to_vec(),
        2 => b"{\"Targets\":17}".to_vec(),
        3 => b"{\"Targets\":[17]}".to_vec(),
        _ => b"{\"Targets\":[{\"jobtitle\":\"x\"}]}".to_vec(),
    };
    send(world, "POST", &format!("contacts/Microsoft.Dynamics.CRM.{name}"), &[JSON], &body)
}

fn metadata(dice: &mut Dice, world: &World) -> Wire {
    let letters = dice.word();
    let rest = match dice.below(4) {
        0 => format!("EntityDefinitions(LogicalName='x{letters}')"),
        1 => format!("EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='x{letters}')"),
        2 => format!("EntityDefinitions({letters})"),
        _ => format!("EntityDefinitions(LogicalName='contact')/x{letters}"),
    };
    send(world, "GET", &rest, &[], b"")
}
