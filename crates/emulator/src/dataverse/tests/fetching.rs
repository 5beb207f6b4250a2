//! `FetchXML`.

use serde_json::{Value as Json, json};

use super::bench::{A, B, Bench, C, encoded, refused, values};
use crate::wire::Answer;

fn company() -> Bench {
    let bench = Bench::new();
    bench.make("accounts", "accountid", A, json!({"name": "One & Sons"}));
    for (id, first, last, bound) in
        [(A, "Ann", "Lee", true), (B, "Bob", "Leigh", true), (C, "Cy", "Ray", false)]
    {
        let mut body = json!({"firstname": first, "lastname": last});
        if bound {
            body["parentcustomerid_account@odata.bind"] = json!(format!("accounts({A})"));
        }
        bench.make("contacts", "contactid", id, body);
    }
    bench
}

fn send(bench: &Bench, xml: &str, prefer: &str) -> Answer {
    bench.call("GET", &format!("contacts?fetchXml={}", encoded(xml)), &[("Prefer", prefer)], "")
}

fn entity(inner: &str) -> String {
    format!("<fetch><entity name='contact'><attribute name='firstname'/>{inner}</entity></fetch>")
}

fn found(bench: &Bench, inner: &str) -> Vec<Json> {
    let url = format!("contacts?fetchXml={}", encoded(&entity(inner)));
    bench.column(&url, "firstname")
}

fn condition(operator: &str, value: &str) -> String {
    format!("<filter><condition attribute='lastname' operator='{operator}' value='{value}'/></filter>")
}

#[test]
fn conditions_choose_rows() {
    let bench = company();
    for (operator, value, expected) in [
        ("eq", "lee", vec!["Ann"]),
        ("ne", "Lee", vec!["Bob", "Cy"]),
        ("gt", "Leigh", vec!["Cy"]),
        ("like", "%l_e%", vec!["Ann"]),
        ("not-like", "Le%", vec!["Cy"]),
        ("begins-with", "Le", vec!["Ann", "Bob"]),
        ("ends-with", "y", vec!["Cy"]),
    ] {
        assert_eq!(found(&bench, &condition(operator, value)), expected, "{operator} {value}");
    }
    for (inner, expected) in [
        (
            "<condition attribute='lastname' operator='in'><value>Lee</value><value>Ray</value></condition>",
            vec!["Ann", "Cy"],
        ),
        ("<condition attribute='parentcustomerid' operator='null'/>", vec!["Cy"]),
        ("<condition attribute='parentcustomerid' operator='not-null'/>", vec!["Ann", "Bob"]),
        ("<condition attribute='createdon' operator='last-x-days' value='2'/>", vec!["Ann", "Bob", "Cy"]),
        ("<condition attribute='createdon' operator='olderthan-x-days' value='2'/>", vec![]),
        (
            "<condition attribute='createdon' operator='today'/><condition attribute='statecode' operator='eq' value='1'/>",
            vec![],
        ),
        (
            "<filter type='or'><condition attribute='lastname' operator='eq' value='Lee'/><condition attribute='firstname' \
          operator='eq' value='Cy'/></filter>",
            vec!["Ann", "Cy"],
        ),
    ] {
        assert_eq!(found(&bench, &format!("<filter type='and'>{inner}</filter>")), expected, "{inner}");
    }
    let by_id =
        format!("<filter><condition attribute='parentcustomerid' operator='eq' value='{{{A}}}'/></filter>");
    assert_eq!(found(&bench, &by_id), ["Ann", "Bob"]);
}

#[test]
fn rows_come_in_an_order_and_up_to_a_number() {
    let bench = company();
    let xml = "<fetch top='2'><entity name='contact'><attribute name='firstname'/><order attribute='lastname' \
               descending='true'/></entity></fetch>";
    let list = bench.get(&format!("contacts?fetchXml={}", encoded(xml)));
    assert_eq!(values(&list, "firstname"), ["Cy", "Bob"]);
    let row = list["value"][0].as_object().unwrap();
    assert!(row.contains_key("contactid") && !row.contains_key("lastname"));
    let all = "<fetch><entity name='contact'><all-attributes/></entity></fetch>";
    assert_eq!(bench.column(&format!("contacts?fetchXml={}", encoded(all)), "lastname").len(), 3);
}

#[test]
fn pages_are_turned_by_cookie_or_by_number() {
    let bench = company();
    let prefer = "odata.include-annotations=\"Microsoft.Dynamics.CRM.*\"";
    let page = |attributes: &str| {
        let xml = format!(
            "<fetch count='2' {attributes}><entity name='contact'><attribute name='firstname'/><order \
             attribute='firstname'/></entity></fetch>"
        );
        super::bench::body(&send(&bench, &xml, prefer))
    };
    let first = page("");
    assert_eq!(
        (values(&first, "firstname"), &first["@Microsoft.Dynamics.CRM.morerecords"]),
        (vec![json!("Ann"), json!("Bob")], &json!(true))
    );
    let cookie = first["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"].as_str().unwrap();
    let (_, inner) = cookie.split_once("pagingcookie=\"").unwrap();
    let twice = inner.split_once('"').unwrap().0;
    let once = percent_encoding::percent_decode_str(twice).decode_utf8().unwrap().into_owned();
    let inner = percent_encoding::percent_decode_str(&once).decode_utf8().unwrap().into_owned();
    assert!(
        inner.starts_with("<cookie page=\"1\"><contactid last=\"{") && cookie.contains("pagenumber=\"2\"")
    );
    let escaped = inner.replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    for attributes in [format!("page='2' paging-cookie=\"{escaped}\""), "page='2'".to_owned()] {
        let second = page(&attributes);
        assert_eq!(
            (values(&second, "firstname"), &second["@Microsoft.Dynamics.CRM.morerecords"]),
            (vec![json!("Cy")], &json!(false))
        );
        assert!(second.get("@Microsoft.Dynamics.CRM.fetchxmlpagingcookie").is_none());
    }
    assert_eq!(page("returntotalrecordcount='true'")["@Microsoft.Dynamics.CRM.totalrecordcount"], 3);
}

#[test]
fn lookups_are_followed_once() {
    let bench = company();
    let link = |kind: &str, filter: &str| {
        format!(
            "<link-entity name='account' from='accountid' to='parentcustomerid' link-type='{kind}' alias='firm'>\
             <attribute name='name'/>{filter}</link-entity>"
        )
    };
    let url = |inner: &str| format!("contacts?fetchXml={}", encoded(&entity(inner)));
    let outer = bench.get(&url(&link("outer", "")));
    assert_eq!(values(&outer, "firm.name"), [json!("One & Sons"), json!("One & Sons"), Json::Null]);
    assert_eq!(found(&bench, &link("inner", "")), ["Ann", "Bob"]);
    let named = "<filter><condition attribute='name' operator='eq' value='One &amp; Sons'/></filter>";
    assert_eq!(found(&bench, &link("inner", named)), ["Ann", "Bob"]);
    assert_eq!(found(&bench, &link("inner", &named.replace("Sons", "Daughters"))), Vec::<Json>::new());
}

#[test]
fn what_is_not_known_is_refused() {
    let bench = company();
    for (xml, code) in [
        ("<fetch", "0x80040201"),
        ("<entity name='contact'/>", "0x80040201"),
        ("<fetch><entity name='account'/></fetch>", "0x80040201"),
        ("<fetch aggregate='true'><entity name='contact'/></fetch>", "0x80040201"),
        ("<fetch page='0'><entity name='contact'/></fetch>", "0x80040201"),
        (&entity("<link-entity name='account' from='name' to='parentcustomerid'/>"), "0x80040201"),
        (&entity("<filter><nothing/></filter>"), "0x80040201"),
        (&entity(&condition("nothing", "x")), "0x80060888"),
        (&entity("<order attribute='nickname'/>"), "0x80041103"),
    ] {
        refused(&send(&bench, xml, ""), 400, code);
    }
    let message = refused(&send(&bench, &entity("<attribute name='nickname'/>"), ""), 400, "0x80041103");
    assert_eq!(
        message,
        "'contact' entity doesn't contain attribute with Name = 'nickname' and NameMapping = 'Logical'."
    );
}

#[test]
fn what_would_change_the_meaning_is_refused_and_not_passed_over() {
    let bench = company();
    let link = |attributes: &str, inner: &str| {
        entity(&format!(
            "<link-entity name='account' from='accountid' to='parentcustomerid' {attributes}>{inner}</link-entity>"
        ))
    };
    let named = "<filter><condition attribute='name' operator='eq' value='x'/></filter>";
    for xml in [
        "<fetch distinct='true'><entity name='contact'/></fetch>".to_owned(),
        "<fetch datasource='retained'><entity name='contact'/></fetch>".to_owned(),
        entity("<unheard-of/>"),
        entity("<filter type='xor'/>"),
        entity("<filter><condition attribute='lastname' operator='eq' valueof='firstname'/></filter>"),
        entity("<filter><condition entityname='a' attribute='lastname' operator='eq' value='x'/></filter>"),
        entity("<attribute name='lastname' alias='x'/>"),
        link("link-type='outer'", named),
        link("link-type='not any'", ""),
        link("", "<order attribute='name'/>"),
        link("", "<attribute name='name' alias='x'/>"),
        link("intersect='true'", ""),
    ] {
        refused(&send(&bench, &xml, ""), 400, "0x80040201");
    }
    let set = condition("like", "[a-k]%");
    refused(&send(&bench, &entity(&set), ""), 400, "0x80060888");
    let plain = "<fetch version='1.0' output-format='xml-platform' mapping='logical' distinct='false' no-lock='true'>\
                 <entity name='contact'><attribute name='firstname'/></entity></fetch>";
    assert_eq!(send(&bench, plain, "").status, 200);
}
