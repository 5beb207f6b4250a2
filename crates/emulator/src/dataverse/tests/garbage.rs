//! Nothing that comes from outside makes it panic: what is mangled is answered with a refusal.

use bytes::Bytes;

use super::bench::{A, Bench, call, encoded, text};
use crate::emulated::Emulated;
use crate::wire::Call;

/// Noise that repeats.
struct Noise(u64);

impl Noise {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    /// The text with some bytes removed, doubled or replaced.
    fn mangle(&mut self, text: &[u8]) -> Vec<u8> {
        let mut bytes = text.to_vec();
        for _ in 0..=self.next(6) {
            if bytes.is_empty() {
                break;
            }
            let place = self.next(bytes.len());
            match self.next(4) {
                0 => drop(bytes.remove(place)),
                1 => bytes.insert(place, bytes[place]),
                2 => bytes[place] = u8::try_from(self.next(256)).unwrap(),
                _ => bytes.truncate(place),
            }
        }
        bytes
    }
}

fn sent(bench: &Bench, mut call: Call) {
    call.headers.insert("authorization", format!("Bearer {}", bench.token).parse().unwrap());
    let operation = bench.dataverse.operation(&call);
    assert!(bench.dataverse.operations().contains(&operation));
    let shown = format!("{} {}?{}", call.method, call.path, call.query);
    let answer = bench.handle(call);
    let status = answer.status.as_u16();
    assert!((200..500).contains(&status), "{shown}: {status} {}", text(&answer));
}

#[test]
fn mangled_urls() {
    let bench = Bench::seeded(3, 2);
    let urls = [
        format!("/api/data/v9.2/contacts({A})?$select=firstname&$expand=parentcustomerid_account($select=name)"),
        "/api/data/v9.2/contacts?$filter=contains(lastname,'x')%20and%20(statecode%20eq%200%20or%20not%20a%20eq%20null)"
            .to_owned(),
        "/api/data/v9.2/contacts?$orderby=lastname%20desc&$top=5&$count=true&$skiptoken=%3Ccookie%20pagenumber=%222%22"
            .to_owned(),
        "/api/data/v9.2/EntityDefinitions(LogicalName='contact')?$expand=Attributes($select=LogicalName)".to_owned(),
        "/api/data/v9.2/accounts?$expand=contact_customer_accounts($filter=contains(lastname,'x');$orderby=lastname;$top=2)"
            .to_owned(),
        "/api/data/v9.2/accounts?$filter=contact_customer_accounts/any(c:c/lastname%20eq%20'x'%20and%20c/statecode%20eq%200)"
            .to_owned(),
        "/api/data/v9.2/contacts?$filter=Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue=7)"
            .to_owned(),
        "/api/data/v9.2/contacts(emailaddress1='o''b%20c',firstname='x')/parentcustomerid_account/$ref".to_owned(),
        format!("/api/data/v9.2/accounts({A})/contact_customer_accounts({A})/$ref?$id=/contacts({A})"),
        "/api/data/v9.2/RetrieveMetadataChanges(Query=@p1)?@p1=%7B%22Criteria%22%3A%7B%22Conditions%22%3A%5B%5D%7D%7D"
            .to_owned(),
        "/api/data/v9.2/EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='lastname')/Microsoft.x".to_owned(),
        "/api/data/v9.2/sdkmessagefilters?$filter=sdkmessageid/name%20eq%20@m&@m='CreateMultiple'".to_owned(),
        "/api/data/v9.2/contacts?$deltatoken=1000005%2111%2f20%2f2026%2008%3a10%3a44".to_owned(),
    ];
    let mut noise = Noise(7);
    for round in 0..2000 {
        let mangled = noise.mangle(urls[round % urls.len()].as_bytes());
        let url = String::from_utf8_lossy(&mangled).into_owned();
        let url = if url.starts_with('/') { url } else { format!("/{url}") };
        let method = ["GET", "POST", "PATCH", "DELETE", "PUT"][noise.next(5)];
        sent(&bench, call(method, &url, &[], "{}"));
    }
}

#[test]
fn mangled_links() {
    let bench = Bench::seeded(9, 0);
    let prefer = [("Prefer", "odata.maxpagesize=2,odata.track-changes")];
    let tracked = bench.get_with("contacts", &prefer)["@odata.nextLink"].as_str().unwrap().to_owned();
    let size = [("Prefer", "odata.maxpagesize=2")];
    let plain = bench.get_with("contacts", &size)["@odata.nextLink"].as_str().unwrap().to_owned();
    let mut noise = Noise(11);
    for link in [tracked, plain] {
        for _ in 0..500 {
            let mangled = String::from_utf8_lossy(&noise.mangle(link.as_bytes())).into_owned();
            sent(&bench, call("GET", &mangled, &prefer, ""));
        }
    }
}

#[test]
fn mangled_bodies() {
    let bench = Bench::new();
    let body = format!(
        r#"{{"contactid":"{A}","lastname":"Lee","donotemail":true,"statecode":1,"parentcustomerid_account@odata.bind":"/accounts({A})"}}"#
    );
    let mut noise = Noise(13);
    for _ in 0..1000 {
        let mut call = call("POST", "contacts", &[], "");
        call.body = Bytes::from(noise.mangle(body.as_bytes()));
        sent(&bench, call);
    }
}

#[test]
fn mangled_messages() {
    let bench = Bench::seeded(1, 0);
    bench.key("contact", "mail_key", &["emailaddress1"]);
    let kind = "Microsoft.Dynamics.CRM.contact";
    let target = format!(r#"{{"@odata.type":"{kind}","contactid":"{A}"}}"#);
    let bodies = [
        ("contacts/Microsoft.Dynamics.CRM.CreateMultiple", format!(r#"{{"Targets":[{target},{target}]}}"#)),
        (
            "contacts/Microsoft.Dynamics.CRM.UpsertMultiple",
            format!(r#"{{"Targets":[{{"@odata.type":"{kind}","@odata.id":"contacts(emailaddress1='a''b')"}}]}}"#),
        ),
        ("Merge", format!(r#"{{"Target":{target},"Subordinate":{target},"UpdateContent":{target}}}"#)),
        (
            "BulkDelete",
            r#"{"QuerySet":[{"EntityName":"contact","Criteria":{"Conditions":[{"AttributeName":"contactid","Operator":"In","Values":[{"Value":"x"}]}]}}]}"#
                .to_owned(),
        ),
        (
            "EntityDefinitions(LogicalName='contact')/Keys",
            r#"{"SchemaName":"k","KeyAttributes":["firstname","lastname"]}"#.to_owned(),
        ),
    ];
    let mut noise = Noise(19);
    for round in 0..1500 {
        let (url, body) = &bodies[round % bodies.len()];
        let mut call = call("POST", url, &[], "");
        call.body = Bytes::from(noise.mangle(body.as_bytes()));
        sent(&bench, call);
    }
    for name in ["settings", "keys", "tracking"] {
        for _ in 0..200 {
            let body = noise.mangle(br#"{"table":"contact","name":"k","columns":["lastname"],"reset":true}"#);
            let mut call = call("POST", &format!("/_emulator/{name}"), &[], "");
            call.body = Bytes::from(body);
            assert!(bench.dataverse.control(name, &call).unwrap().status.as_u16() < 500);
        }
    }
}

#[test]
fn mangled_queries_of_other_languages() {
    let bench = Bench::seeded(3, 0);
    let queries = [
        (
            "fetchXml",
            "<fetch top='2'><entity name='contact'><attribute name='lastname'/><order attribute='lastname'/><filter type='or'><condition attribute='lastname' operator='like' value='%a_'/><condition attribute='createdon' operator='last-x-days' value='2'/></filter><link-entity name='account' from='accountid' to='parentcustomerid' alias='a'><attribute name='name'/></link-entity></entity></fetch>",
        ),
        (
            "sql",
            "SELECT TOP 3 c.lastname, c.firstname FROM contact AS c WHERE (c.lastname LIKE '%a_' OR statecode IN (0, 1)) AND NOT createdon IS NULL ORDER BY lastname DESC",
        ),
    ];
    let mut noise = Noise(23);
    for round in 0..1500 {
        let (name, text) = queries[round % queries.len()];
        let text = String::from_utf8_lossy(&noise.mangle(text.as_bytes())).into_owned();
        sent(&bench, call("GET", &format!("contacts?{name}={}", encoded(&text)), &[], ""));
    }
    for text in ["SELECT a FROM contact WHERE ".to_owned() + &"(".repeat(9000), "<a>".repeat(9000)] {
        for name in ["sql", "fetchXml"] {
            sent(&bench, call("GET", &format!("contacts?{name}={}", encoded(&text)), &[], ""));
        }
    }
}

#[test]
fn mangled_batches() {
    let bench = Bench::new();
    let body = "--b\r\nContent-Type: application/http\r\n\r\nGET contacts?$top=1 HTTP/1.1\r\nPrefer: x\r\n\r\n\r\n--b\r\n\
                Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-ID: \
                1\r\n\r\nPOST contacts HTTP/1.1\r\n\r\n{\"lastname\":\"Lee\"}\r\n--c--\r\n--b--\r\n";
    let mut noise = Noise(17);
    for _ in 0..2000 {
        let mut call = call("POST", "$batch", &[("Content-Type", "multipart/mixed; boundary=b")], "");
        call.body = Bytes::from(noise.mangle(body.as_bytes()));
        sent(&bench, call);
    }
}

#[test]
fn deep_and_long_filters() {
    let bench = Bench::seeded(1, 0);
    let deep = format!("contacts?$filter={}statecode eq 0{}", "(".repeat(9000), ")".repeat(9000));
    let denied = format!("contacts?$filter={}statecode eq 0", "not ".repeat(9000));
    let nested =
        format!("contacts?$expand={}x{}", "parentcustomerid_contact($expand=".repeat(900), ")".repeat(900));
    let some = format!(
        "accounts?$filter={}statecode eq 0{}",
        "contact_customer_accounts/any(c:c/account_primary_contact/any(a:".repeat(900),
        "))".repeat(900)
    );
    for url in [deep, denied, nested, some] {
        let answer = bench.call("GET", &url, &[], "");
        assert_eq!(answer.status.as_u16(), 400);
    }
    let long = vec!["statecode eq 1"; 3000].join(" or ");
    assert_eq!(bench.column(&format!("contacts?$filter={long}"), "contactid").len(), 0);
}
