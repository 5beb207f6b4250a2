use serde_json::{Value as Json, json};

use super::bench::{
    A, B, Bench, C, NOBODY, ORIGIN, ROOT, body, encoded, filtered, header, refused, text, values,
};

/// Three contacts with distinct cells, the last two at one account.
fn company() -> Bench {
    let bench = Bench::new();
    bench.make("accounts", "accountid", A, json!({"name": "Contoso & Sons"}));
    bench.make(
        "contacts",
        "contactid",
        A,
        json!({"firstname": "Ann", "lastname": "O'Brien", "donotemail": true}),
    );
    for (id, first, last) in [(B, "Bob", "Stone"), (C, "Čeněk", "stone")] {
        let body = json!({
            "firstname": first, "lastname": last, "emailaddress1": format!("{first}@x.example"),
            "parentcustomerid_account@odata.bind": format!("/accounts({A})"),
        });
        bench.make("contacts", "contactid", id, body);
    }
    bench
}

fn ids(bench: &Bench, filter: &str) -> Vec<Json> {
    bench.column(&filtered("contacts", filter), "contactid")
}

#[test]
fn filters_choose_rows() {
    let bench = company();
    let within = "Microsoft.Dynamics.CRM.In(PropertyName='contactid',PropertyValues=";
    for (filter, expected) in [
        ("lastname eq 'O''Brien'", vec![A]),
        ("lastname eq 'STONE'", vec![B, C]),
        ("lastname ne 'Stone'", vec![A]),
        ("emailaddress1 eq null", vec![A]),
        ("emailaddress1 ne null", vec![B, C]),
        ("firstname gt 'Bob'", vec![C]),
        ("firstname ge 'Bob' and firstname le 'Bob'", vec![B]),
        ("firstname lt 'Bob' or firstname eq 'Čeněk'", vec![A, C]),
        ("not (lastname eq 'stone')", vec![A]),
        ("not contains(lastname,'rien') and statecode eq 0", vec![B, C]),
        ("startswith(firstname,'b')", vec![B]),
        ("endswith(emailaddress1,'X.EXAMPLE')", vec![B, C]),
        ("donotemail eq true", vec![A]),
        (&format!("contactid eq {B}"), vec![B]),
        (&format!("_parentcustomerid_value eq {A}"), vec![B, C]),
        (&format!("_parentcustomerid_value ne {A}"), vec![A]),
        ("parentcustomerid_account/name eq 'contoso & sons'", vec![B, C]),
        ("createdon ge 2020-01-01T00:00:00Z and createdon gt 2020-01-01", vec![A, B, C]),
        ("createdon lt 2020-01-01T00:00:00Z", vec![]),
        ("(statecode eq 1 or statuscode eq 1) and firstname eq 'Ann'", vec![A]),
        (&format!("{within}['{C}','{A}','{NOBODY}'])"), vec![A, C]),
        (&format!("{within}[])"), vec![]),
        (&format!("contactid eq {A} or contactid eq {C}"), vec![A, C]),
        (&format!("contactid eq {A} or firstname eq 'Bob'"), vec![A, B]),
        ("Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=[\"Stone\"])", vec![B, C]),
        ("Microsoft.Dynamics.CRM.In(PropertyName='statecode',PropertyValues=['0'])", vec![A, B, C]),
    ] {
        assert_eq!(ids(&bench, filter), expected, "{filter}");
    }
}

#[test]
fn numbers_and_choices_are_compared_by_value() {
    let bench = Bench::new();
    for (id, minutes) in [(A, 5), (B, 50), (C, 500)] {
        bench.make(
            "msevtmgt_checkins",
            "msevtmgt_checkinid",
            id,
            json!({
                "msevtmgt_viewingdurationinmins": minutes, "msdynmkt_attendancepercentage": 12.5,
                "msevtmgt_checkintype": 100_000_001,
            }),
        );
    }
    let found = |filter: &str| bench.column(&filtered("msevtmgt_checkins", filter), "msevtmgt_checkinid");
    assert_eq!(found("msevtmgt_viewingdurationinmins ge 50"), [B, C]);
    assert_eq!(found("50 gt msevtmgt_viewingdurationinmins"), [A]);
    assert_eq!(found("msdynmkt_attendancepercentage eq 12.5").len(), 3);
    assert_eq!(found("msevtmgt_checkintype eq 100000001 and msevtmgt_viewingdurationinmins lt 6"), [A]);
}

#[test]
fn dynamics_13_filters_that_make_no_sense_are_refused() {
    let bench = company();
    let message =
        refused(&bench.call("GET", &filtered("contacts", "nickname eq 'x'"), &[], ""), 400, "0x80060888");
    assert_eq!(
        message,
        "Could not find a property named 'nickname' on type 'Microsoft.Dynamics.CRM.contact'."
    );
    for filter in [
        "lastname eq 5",
        "statecode eq 'x'",
        "donotemail eq 1",
        "contactid eq 'x'",
        &format!("_parentcustomerid_value eq '{A}'"),
        "contains(statecode,'0')",
        "lastname eq",
        "parentcustomerid eq null",
        "nothing/name eq 'x'",
        "Microsoft.Dynamics.CRM.In(PropertyName='contactid',PropertyValues=['x'])",
    ] {
        refused(&bench.call("GET", &filtered("contacts", filter), &[], ""), 400, "0x80060888");
    }
}

#[test]
fn dynamics_6_encoded_names_and_plus_signs_are_read() {
    let bench = company();
    let url = "contacts?%24select=firstname%2clastname&%24filter=firstname+eq+'Bob'&tag=run+7";
    assert_eq!(bench.column(url, "firstname"), ["Bob"]);
    let alias = format!("contacts?$filter=lastname eq @n&@n={}", encoded("'O''Brien'"));
    assert_eq!(bench.column(&alias, "firstname"), ["Ann"]);
}

#[test]
fn dynamics_13_select_decides_the_columns_and_the_key_is_always_there() {
    let bench = company();
    let row = bench.get(&format!("contacts({B})?$select=firstname, _parentcustomerid_value ,versionnumber"));
    let mut names: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "@odata.context",
        "@odata.etag",
        "_parentcustomerid_value",
        "contactid",
        "firstname",
        "versionnumber",
    ];
    assert_eq!(names, expected);
    assert_eq!(row["_parentcustomerid_value"], A);
    let context = row["@odata.context"].as_str().unwrap();
    assert!(context.starts_with(&format!("{ORIGIN}{ROOT}/$metadata#contacts(")), "{context}");
    assert!(context.ends_with("/$entity"), "{context}");
    let whole = bench.get(&format!("contacts({A})"));
    assert_eq!(whole["emailaddress1"], Json::Null);
    assert_eq!(whole["fullname"], "Ann O'Brien");
    for wrong in ["parentcustomerid", "parentcustomeridname", "parentcustomerid_account", "Firstname", "x"] {
        let url = format!("contacts?$select={wrong}");
        let message = refused(&bench.call("GET", &url, &[], ""), 400, "0x80060888");
        let expected =
            format!("Could not find a property named '{wrong}' on type 'Microsoft.Dynamics.CRM.contact'.");
        assert_eq!(message, expected);
    }
}

#[test]
fn dynamics_27_lists_are_ordered_limited_and_counted() {
    let bench = company();
    let url = "contacts?$select=firstname&$orderby=lastname desc,firstname desc";
    assert_eq!(bench.column(url, "firstname"), ["Čeněk", "Bob", "Ann"]);
    assert_eq!(bench.column("contacts?$orderby=emailaddress1 asc&$top=1", "contactid"), [A]);
    let list = bench.get("contacts?$top=2&$count=true");
    assert_eq!((list["value"].as_array().unwrap().len(), &list["@odata.count"]), (2, &json!(3)));
    assert!(list.get("@odata.nextLink").is_none());
    assert!(bench.get("contacts").get("@odata.count").is_none());
    let count = bench.call("GET", &filtered("contacts/$count", "lastname eq 'stone'"), &[], "");
    assert_eq!(text(&count), "2");
    for wrong in ["$orderby=x", "$orderby=lastname up", "$top=x", "$top=-1", "$count=maybe", "$top=1&$top=2"]
    {
        refused(&bench.call("GET", &format!("contacts?{wrong}"), &[], ""), 400, "0x80060888");
    }
    let message = refused(&bench.call("GET", "contacts?$skip=1", &[], ""), 400, "0x80060888");
    assert_eq!(message, "Skip Clause is not supported in CRM");
}

#[test]
fn lookups_are_followed_two_deep_and_each_row_has_its_etag() {
    let bench = company();
    let event = bench.event();
    for (id, contact) in [(A, Some(B)), (B, None)] {
        let mut body = json!({"msevtmgt_name": "R", "msevtmgt_EventId@odata.bind": format!("/msevtmgt_events({event})")});
        if let Some(contact) = contact {
            body["msevtmgt_ContactId@odata.bind"] = json!(format!("/contacts({contact})"));
        }
        bench.make("msevtmgt_eventregistrations", "msevtmgt_eventregistrationid", id, body);
    }
    let url = "msevtmgt_eventregistrations?$select=msevtmgt_name&$expand=msevtmgt_ContactId($select=firstname;\
               $expand=parentcustomerid_account($select=name)),msevtmgt_EventId($select=msevtmgt_webinarid)";
    let list = bench.get(url);
    let row = &list["value"][0];
    assert_eq!(row["msevtmgt_ContactId"]["firstname"], "Bob");
    assert_eq!(row["msevtmgt_ContactId"]["parentcustomerid_account"]["name"], "Contoso & Sons");
    assert_eq!(row["msevtmgt_EventId"]["msevtmgt_webinarid"], "4000001");
    for part in [row, &row["msevtmgt_ContactId"], &row["msevtmgt_ContactId"]["parentcustomerid_account"]] {
        assert!(part["@odata.etag"].as_str().unwrap().starts_with("W/\""));
    }
    assert_eq!(list["value"][1]["msevtmgt_ContactId"], Json::Null);
    let one = bench.get(&format!("contacts({B})?$expand=parentcustomerid_account,parentcustomerid_contact"));
    assert_eq!(one["parentcustomerid_account"]["accountid"], A);
    assert_eq!(one["parentcustomerid_contact"], Json::Null);
    let wrong = "msevtmgt_eventregistrations?$expand=msevtmgt_contactid($select=firstname)";
    refused(&bench.call("GET", wrong, &[], ""), 400, "0x80060888");
    let wrong = "contacts?$expand=parentcustomerid_account($select=x)";
    refused(&bench.call("GET", wrong, &[], ""), 400, "0x80060888");
}

#[test]
fn dynamics_25_pages_are_turned_by_link_until_there_is_none() {
    let bench = Bench::seeded(7, 0);
    let prefer = [("Prefer", "odata.maxpagesize=3")];
    for order in ["", "&$orderby=lastname%20desc"] {
        let (mut url, mut seen, mut sizes) =
            (format!("contacts?$select=lastname{order}"), Vec::new(), Vec::new());
        loop {
            let page = bench.get_with(&url, &prefer);
            seen.extend(values(&page, "contactid"));
            sizes.push(page["value"].as_array().unwrap().len());
            let Some(next) = page.get("@odata.nextLink").and_then(Json::as_str) else { break };
            assert!(
                next.starts_with(&format!("{ORIGIN}{ROOT}/contacts?$select=lastname{order}&$skiptoken=")),
                "{next}"
            );
            assert!(!next.contains(['<', '"', ' ']));
            next.clone_into(&mut url);
        }
        assert_eq!(sizes, [3, 3, 1]);
        seen.sort_by_key(Json::to_string);
        seen.dedup();
        assert_eq!(seen.len(), 7);
    }
}

#[test]
fn dynamics_25_the_page_size_is_no_part_of_the_link() {
    let bench = Bench::seeded(7, 0);
    let first = bench.get_with("contacts", &[("Prefer", "odata.maxpagesize=3")]);
    let rest = bench.get(first["@odata.nextLink"].as_str().unwrap());
    assert_eq!(rest["value"].as_array().unwrap().len(), 4);
    assert!(rest.get("@odata.nextLink").is_none());
    let answer = bench.call("GET", "contacts", &[("Prefer", "odata.maxpagesize=3")], "");
    assert_eq!(header(&answer, "preference-applied"), "odata.maxpagesize=3");
    refused(&bench.call("GET", "contacts?$skiptoken=nonsense", &[], ""), 400, "0x80040203");
}

#[test]
fn dynamics_22_annotations_come_only_when_asked_for() {
    let bench = company();
    let url = format!("contacts({B})");
    let bare = bench.get(&url);
    assert!(bare.as_object().unwrap().keys().all(|name| !name.contains('@') || name.starts_with("@odata.")));
    let all = bench.get_with(&url, &[("Prefer", "odata.include-annotations=\"*\"")]);
    let lookup = |name: &str| all[format!("_parentcustomerid_value@{name}")].clone();
    assert_eq!(lookup("OData.Community.Display.V1.FormattedValue"), "Contoso & Sons");
    assert_eq!(lookup("Microsoft.Dynamics.CRM.lookuplogicalname"), "account");
    assert_eq!(lookup("Microsoft.Dynamics.CRM.associatednavigationproperty"), "parentcustomerid_account");
    assert_eq!(all["statecode@OData.Community.Display.V1.FormattedValue"], "Active");
    let some = [("Prefer", "odata.include-annotations=\"OData.Community.Display.V1.FormattedValue\"")];
    let events = bench.get_with("msevtmgt_events?$select=msevtmgt_eventformat", &some);
    let row = &events["value"][0];
    assert_eq!(row["msevtmgt_eventformat"], 100_000_002);
    assert_eq!(row["msevtmgt_eventformat@OData.Community.Display.V1.FormattedValue"], "Webinar");
    let some = bench.get_with(&url, &some);
    assert!(some.get("_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname").is_none());
}

#[test]
fn dynamics_10_and_12_etags_are_the_row_version_and_answer_conditions() {
    let bench = company();
    let row = bench.get(&format!("contacts({A})?$select=versionnumber"));
    let etag = row["@odata.etag"].as_str().unwrap();
    assert_eq!(etag, format!("W/\"{}\"", row["versionnumber"]));
    let url = format!("contacts({A})");
    let again = bench.call("GET", &url, &[("If-None-Match", etag)], "");
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    for headers in [
        vec![("If-None-Match", "null")],
        vec![("If-None-Match", etag), ("Prefer", "odata.include-annotations=\"*\"")],
    ] {
        assert_eq!(bench.call("GET", &url, &headers, "").status.as_u16(), 200);
    }
    let expanded = format!("{url}?$expand=parentcustomerid_account");
    assert_eq!(bench.call("GET", &expanded, &[("If-None-Match", etag)], "").status.as_u16(), 200);
    bench.patch(&url, &json!({"jobtitle": "Lead"}));
    let after = bench.etag(&url);
    let number = |etag: &str| etag.trim_matches(|char: char| !char.is_ascii_digit()).parse::<u64>().unwrap();
    assert!(number(&after) > number(&bench.etag(&format!("contacts({C})"))));
    assert_eq!(bench.call("GET", &url, &[("If-None-Match", etag)], "").status.as_u16(), 200);
}

#[test]
fn dynamics_23_a_row_that_is_not_there_is_told_by_name_and_id() {
    let bench = Bench::new();
    let message = refused(&bench.call("GET", &format!("contacts({NOBODY})"), &[], ""), 404, "0x80040217");
    assert_eq!(message, format!("contact With Id = {NOBODY} Does Not Exist"));
    let by_key = bench.call("GET", "contacts(emailaddress1='a@b.example')", &[], "");
    let message = refused(&by_key, 400, "0x80060888");
    assert!(message.starts_with(
        "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.contact'."
    ));
}

#[test]
fn a_column_or_the_target_of_a_lookup_can_be_read_alone() {
    let bench = company();
    assert_eq!(bench.get(&format!("contacts({A})/firstname"))["value"], "Ann");
    assert_eq!(
        bench.get(&format!("contacts({B})/parentcustomerid_account?$select=name"))["name"],
        "Contoso & Sons"
    );
    assert_eq!(bench.call("GET", &format!("contacts({A})/emailaddress1"), &[], "").status.as_u16(), 204);
    let unknown = bench.call("GET", &format!("contacts({A})/nothing"), &[], "");
    assert!(body(&unknown)["error"]["message"].as_str().unwrap().contains("nothing"));
}

#[test]
fn a_property_is_expanded_once() {
    let bench = Bench::new();
    bench.contact(A, "Lee");
    for expand in ["ownerid,ownerid", "parentcustomerid_account($expand=ownerid,ownerid($select=fullname))"] {
        refused(&bench.call("GET", &format!("contacts?$expand={expand}"), &[], ""), 400, "0x80060888");
    }
    let both = bench.get("contacts?$expand=parentcustomerid_account,parentcustomerid_contact");
    assert_eq!(both["value"].as_array().unwrap().len(), 1);
}

#[test]
fn a_credential_cannot_be_found_out_by_a_query() {
    let bench = Bench::new();
    let endpoint = json!({
        "name": "x", "contract": 8, "url": "http://127.0.0.1:9/", "authtype": 4, "authvalue": "abc",
    });
    assert_eq!(bench.post("serviceendpoints", &endpoint).status, 204);
    assert_eq!(bench.column("serviceendpoints?$select=authvalue", "authvalue"), [json!(null)]);
    let xml = |inner: &str| {
        let text = format!("<fetch><entity name='serviceendpoint'>{inner}</entity></fetch>");
        format!("fetchXml={}", encoded(&text))
    };
    for option in [
        "$filter=startswith(authvalue,'a')".to_owned(),
        "$orderby=authvalue".to_owned(),
        xml("<filter><condition attribute='authvalue' operator='like' value='a%'/></filter>"),
        xml("<order attribute='authvalue'/>"),
        format!("sql={}", encoded("SELECT name FROM serviceendpoint WHERE authvalue = 'abc'")),
        format!("sql={}", encoded("SELECT name FROM serviceendpoint ORDER BY authvalue")),
    ] {
        let answer = bench.call("GET", &format!("serviceendpoints?{option}"), &[], "");
        let message = refused(&answer, 400, "0x80060888");
        assert!(message.contains("not valid for read"), "{option}: {message}");
    }
    let through = "sdkmessageprocessingsteps?$filter=eventhandler_serviceendpoint/authvalue eq 'abc'"
        .replace(' ', "%20");
    refused(&bench.call("GET", &through, &[], ""), 400, "0x80060888");
    let key = json!({"table": "serviceendpoint", "name": "k", "columns": ["authvalue"]});
    assert_eq!(bench.controlled("POST", "keys", &key).status, 400);
}
