use super::*;

/// Enough for every script, and for each field that people have at its limit.
const EVERYBODY: std::ops::Range<u32> = 0..160;

#[tokio::test]
async fn on24_40_nobody_is_refused_and_every_script_comes_back_unchanged() {
    let desk = Desk::new();
    for index in EVERYBODY {
        let person = crate::person(42, index);
        let fields = [
            ("firstname", person.first_name.as_str()),
            ("lastname", &person.last_name),
            ("email", &person.email),
            ("company", &person.company),
            ("jobtitle", &person.job_title),
        ];
        for query in ["", "?honorrequired=N&honorvalidation=N"] {
            let (status, body) = desk.post(query, &fields).await;
            assert_eq!(status, 200, "{index}: {body}");
        }
        let path = percent_encoding::utf8_percent_encode(&person.email, percent_encoding::NON_ALPHANUMERIC);
        let (_, found) = desk.get(&desk.path(&format!("registrant/{path}"))).await;
        for (name, value) in fields {
            assert_eq!(found["registrant"][name], value);
        }
    }
}

#[tokio::test]
async fn on24_12_a_json_body_has_no_fields() {
    let desk = Desk::new();
    let body = json!({ "firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.com" }).to_string();
    let path = desk.event_path("registrant");
    let refused = message(&Settings::default().required_text);
    assert_eq!(desk.send(Call::json(Method::POST, &path, &body)).await, (400, refused));
    let refused = message("The email parameter is missing.");
    assert_eq!(desk.send(Call::json(Method::PATCH, &path, &body)).await, (400, refused));
}

#[tokio::test]
async fn on24_12_by_switch_the_members_of_a_json_body_are_fields() {
    let desk = Desk::new();
    desk.set(&json!({ "json_bodies": true }));
    let body = json!({ "firstName": "Ada", "lastname": "Lovelace", "email": "ada@example.com", "zip": 12345,
                       "std1": null, "std2": ["x"] });
    let (status, echo) =
        desk.send(Call::json(Method::POST, &desk.event_path("registrant"), &body.to_string())).await;
    assert_eq!((status, &echo["firstname"], &echo["zip"]), (200, &json!("Ada"), &json!("12345")));
    assert!(echo.get("std1").is_none() && echo.get("std2").is_none());
    let broken = Call::json(Method::POST, &desk.event_path("registrant"), "[{\"email\":");
    assert_eq!(desk.send(broken).await.0, 400);
}

fn multipart(method: Method, path: &str, kind: &str, body: &str) -> Call {
    Call { body: body.to_owned().into(), ..Call::bare(method, path).with("content-type", kind) }
}

fn part(disposition: &str, value: &str) -> String {
    format!("--XyZ\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n")
}

#[tokio::test]
async fn on24_12_names_count_in_any_letter_case_in_both_kinds_of_forms() {
    let desk = Desk::new();
    let path = desk.event_path("registrant?HonorRequired=Y");
    let body = [
        part("name=\"FIRSTNAME\"", "Zoë & Søn"),
        part("name=lastName", "two\r\nlines"),
        part("NAME=\"Email\"", "a+b@example.com"),
        part("name=\"std1\"; filename=\"x.txt\"", "a file is no field"),
        part("name=\"std2\"", ""),
        "--XyZ--\r\n".to_owned(),
    ];
    let kind = "Multipart/Form-Data; charset=utf-8; boundary=\"XyZ\"";
    let (status, echo) = desk.send(multipart(Method::POST, &path, kind, &body.concat())).await;
    let id = echo["eventuserid"].clone();
    let whole = json!({ "firstname": "Zoë & Søn", "lastname": "two\r\nlines", "email": "a+b@example.com",
                        "eventid": desk.event, "eventuserid": id });
    assert_eq!((status, echo), (200, whole));

    let urlencoded = "FirstName=Zo%C3%AB+%26+S%C3%B8n&LASTNAME=L&EmAiL=a%2Bb%40example.com&COMPANY=A%26B";
    let call = Call::bare(Method::POST, &path)
        .with("content-type", "Application/X-WWW-Form-Urlencoded;charset=UTF-8");
    let (status, echo) = desk.send(Call { body: urlencoded.into(), ..call }).await;
    assert_eq!((status, &echo["firstname"], &echo["company"]), (200, &json!("Zoë & Søn"), &json!("A&B")));
    assert_eq!((echo["eventuserid"].clone(), desk.state().len()), (id, 1));
}

#[tokio::test]
async fn what_is_not_in_the_format_of_a_form_has_no_more_fields() {
    let desk = Desk::new();
    let path = desk.event_path("registrant?honorrequired=N");
    let named = part("name=email", "ada@example.com");
    let cases = [
        ("multipart/form-data", named.clone(), false),
        ("multipart/form-data; boundary=", named.clone(), false),
        ("multipart/form-data; boundary=XyZ", String::new(), false),
        ("multipart/form-data; boundary=XyZ", named.clone(), false),
        ("multipart/form-data; boundary=Other", format!("{named}--XyZ--"), false),
        ("multipart/form-data; boundary=XyZ", format!("{named}--XyZ"), true),
        ("multipart/form-data; boundary=\"XyZ", format!("{named}--XyZ--"), false),
        (
            "multipart/form-data; boundary=XyZ",
            "--XyZ\r\nemail: a\r\n\r\na@b.example\r\n--XyZ--".to_owned(),
            false,
        ),
        (
            "multipart/form-data; boundary=XyZ",
            "--XyZ\r\nContent-Disposition: form-data\r\n--XyZ--".to_owned(),
            false,
        ),
        ("text/plain", "email=ada@example.com".to_owned(), false),
        ("", "email=ada@example.com".to_owned(), false),
    ];
    for (kind, body, has_email) in cases {
        let (status, echo) = desk.send(multipart(Method::POST, &path, kind, &body)).await;
        assert_eq!((status, echo.get("email").is_some()), (200, has_email), "{kind} {body}");
    }
    for (length, has_email) in [(70, true), (71, false)] {
        let boundary = "b".repeat(length);
        let body = format!("{named}--XyZ--").replace("XyZ", &boundary);
        let kind = format!("multipart/form-data; boundary={boundary}");
        let (_, echo) = desk.send(multipart(Method::POST, &path, &kind, &body)).await;
        assert_eq!(echo.get("email").is_some(), has_email, "{length}");
    }
    let many = "x=1&".repeat(2000) + "email=late%40example.com";
    let (status, echo) = desk.send(Call::form(Method::POST, &path, &many)).await;
    assert_eq!((status, echo.get("email")), (200, None), "fields beyond the thousandth are not looked at");
    let bytes = [b"email=".as_slice(), &[0xff, 0xfe]].concat();
    let call = Call { body: bytes.into(), ..Call::form(Method::POST, &path, "") };
    assert_eq!(desk.send(call).await.1["email"], "\u{fffd}\u{fffd}");
}

#[tokio::test]
async fn on24_40_addresses_come_back_from_paths_in_every_spelling() {
    let desk = Desk::new();
    let long = format!("{}+b@{}.example", "a".repeat(40), "d".repeat(49));
    assert_eq!(long.chars().count(), 100);
    let ada = "a%2Bb%40x.io";
    for (email, path) in [
        ("a+b@x.io", ada.to_owned()),
        ("O'Hara&Sons@Ünï.example", "o'hara%26sons%40%C3%BCn%C3%AF.EXAMPLE".to_owned()),
        ("slash/and%percent@x.io", "slash%2Fand%25percent%40x.io".to_owned()),
        (long.as_str(), long.to_uppercase().replace('+', "%2b").replace('@', "%40")),
    ] {
        let id = desk.register(email).await;
        let (status, found) = desk.get(&desk.path(&format!("registrant/{path}"))).await;
        assert_eq!((status, &found["registrant"]["email"]), (200, &json!(email)), "{path}");
        let call = Call::form(
            Method::PATCH,
            &desk.path(&format!("registrant/{path}")),
            "company=%C3%84+%26+%26amp%3B",
        );
        assert_eq!(desk.send(call).await, (200, json!({ "updatedregistrants": [id] })), "{path}");
        let (_, found) = desk.get(&desk.path(&format!("registrant/{path}"))).await;
        assert_eq!(found["registrant"]["company"], "Ä & &amp;");
    }
    let call = Call::form(Method::PATCH, &desk.path("registrant/%FF%FE"), "company=x");
    assert_eq!(desk.send(call).await.0, 404);
}
