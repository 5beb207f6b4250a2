use super::*;

#[tokio::test]
async fn on24_24_the_list_comes_whole_and_ignores_what_it_does_not_know() {
    let desk = Desk::new();
    desk.register_crowd(130).await;
    let people = desk.registrants("?pageoffset=3&itemsperpage=10&page=2&startdate=").await;
    assert_eq!(people.len(), 130);
    let person = &people[0];
    assert_eq!((&person["eventid"], &person["sourceeventid"]), (&json!(desk.event), &json!(desk.event)));
    assert_eq!((&person["marketingemail"], &person["eventemail"]), (&json!("N"), &json!("N")));
    assert!(person.get("company").is_none() && person.get("clientid").is_none());
    desk.hold(&json!({ "event_id": desk.event, "seed": 7 }));
    let (_, all) = desk.get(&desk.event_path("attendee")).await;
    let (status, same) = desk.get(&desk.event_path("attendee?pageoffset=9&itemsperpage=1&rows=3")).await;
    assert_eq!((status, &same), (200, &all));
    assert!(all.get("pagecount").is_none());
    let (_, event) = desk.get(&desk.path(&format!("event/{}?verbose=Y", desk.event))).await;
    assert_eq!(event["eventid"], desk.event);
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let desk = Desk::new();
    desk.register_crowd(3).await;
    let fields =
        [("firstname", "A"), ("lastname", "B"), ("email", "p+q@example.com"), ("partnerref", "mail")];
    desk.post("", &fields).await;
    assert_eq!(desk.registrants("?EMAIL=P%2Bq@example.com").await[0]["email"], "p+q@example.com");
    assert!(desk.registrants("?email=nobody@example.com").await.is_empty());
    assert_eq!(desk.registrants("?partnerref=mail").await.len(), 1);
    desk.post("?honorrequired=N", &[]).await;
    assert_eq!(
        (desk.registrants("").await.len(), desk.registrants("?excludeanonymous=Y").await.len()),
        (5, 4)
    );
}

#[tokio::test]
async fn unknown_people_are_404_in_their_own_words() {
    let desk = Desk::new();
    desk.register("a+b@example.com").await;
    let (status, found) = desk.get(&desk.path("registrant/A%2Bb%40example.com")).await;
    assert_eq!((status, &found["registrant"]["email"]), (200, &json!("a+b@example.com")));
    for (path, words) in [
        ("registrant/no%40example.com", "No registrant was found for that email address"),
        (
            "registrant/a%2Bb%40example.com?eventid=1",
            "No registrant was found for that email address and eventId combination",
        ),
        ("registrant/no%40example.com/allevents", "The registrant no@example.com doesn't exist."),
        ("attendee/a%2Bb%40example.com", "The attendant a+b@example.com doesn't exist."),
        ("attendee/a%2Bb%40example.com/allevents", "The attendant a+b@example.com doesn't exist."),
        ("lead/no%40example.com", "No lead data was found for that email address"),
    ] {
        assert_eq!(desk.get(&desk.path(path)).await, (404, message(words)), "{path}");
    }
}

#[tokio::test]
async fn an_event_tells_its_times_and_sums() {
    let desk = Desk::new();
    desk.register("ada@example.com").await;
    let (status, event) = desk.get(&desk.path(&format!("event/{}", desk.event))).await;
    assert_eq!(status, 200);
    let time = |name: &str| event[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let starts = time("goodafter");
    assert_eq!((starts - time("livestart")).get_seconds(), 15 * 60);
    assert_eq!((time("liveend") - starts).get_seconds(), 3600);
    assert_eq!((time("archivestart") - starts).get_seconds(), 5400);
    assert_eq!((time("archiveend") - time("archivestart")).get_seconds(), 365 * 86400);
    let week = starts.duration_since(desk.clock.now());
    assert!((SignedDuration::from_hours(167)..SignedDuration::from_hours(169)).contains(&week));
    assert_eq!(
        (&event["description"], &event["scheduledeventduration"]),
        (&json!("Rust & registrations"), &json!(60))
    );
    assert_eq!(
        (&event["clientid"], &event["isactive"]),
        (&json!(desk.on24.account().client_id()), &json!(true))
    );
    let analytics = &event["eventanalytics"];
    assert_eq!(
        (&analytics["totalregistrants"], &analytics["totalattendees"], &analytics["noshowcount"]),
        (&json!(1), &json!(0), &json!(1))
    );
}

#[tokio::test]
async fn on24_27_the_list_of_events_is_that_of_the_last_ninety_days() {
    let desk = Desk::new();
    assert_eq!(desk.events("").await.len(), 0, "the last ninety days do not reach into the future");
    assert_eq!(desk.events("?dateInterval=1").await.len(), 0);
    // A token that is not used for two months is disabled.
    desk.clock.advance(SignedDuration::from_hours(24 * 50));
    assert_eq!(desk.events("").await.len(), 1);
    desk.clock.advance(SignedDuration::from_hours(24 * (7 + 89 - 50)));
    assert_eq!(desk.events("").await.len(), 1);
    desk.clock.advance(SignedDuration::from_hours(24 * 2));
    assert_eq!(desk.events("").await.len(), 0);
}

#[tokio::test]
async fn languages_are_listed() {
    let desk = Desk::new();
    let (status, body) = desk.get(&desk.path("languages")).await;
    assert_eq!(status, 200);
    let languages = body["languagecodes"].as_array().unwrap();
    assert!(languages.iter().all(|language| language["languagecd"].is_string()));
    assert!(languages.contains(&json!({ "label": "English (UK)", "countrycd": "UK", "languagecd": "en" })));
    assert!(languages.contains(&json!({ "label": "Portuguese", "languagecd": "pt" })));
}

#[test]
fn the_account_has_the_documented_formats() {
    let desk = Desk::new();
    let account = desk.on24.account();
    assert!(account.client_id() > 0);
    assert_eq!(account.token_key().len(), 32);
    assert!(account.token_key().chars().all(|c| c.is_ascii_digit() || ('A'..='F').contains(&c)));
    assert_eq!(account.token_secret().len(), 128);
    assert_eq!(
        On24::new(Clock::new(), Centre { seed: 42, ..Centre::default() }).account().token_key(),
        account.token_key()
    );
    assert_ne!(
        On24::new(Clock::new(), Centre { seed: 43, ..Centre::default() }).account().token_key(),
        account.token_key()
    );
}
