use super::*;

#[tokio::test]
async fn the_list_comes_whole_and_ignores_what_it_does_not_know() {
    let desk = Desk::new();
    desk.register_crowd(130).await;
    let people = desk.registrants("?pageoffset=3&itemsperpage=10&page=2&startdate=").await;
    assert_eq!(people.len(), 130);
    let person = &people[0];
    assert_eq!((&person["eventid"], &person["sourceeventid"]), (&json!(desk.event), &json!(desk.event)));
    assert_eq!((&person["marketingemail"], &person["eventemail"]), (&json!("N"), &json!("N")));
    assert!(person.get("company").is_none() && person.get("clientid").is_none());
    for name in ["createtimestamp", "lastactivity"] {
        let time = person[name].as_str().unwrap();
        assert!(time.len() == 25 && (time.ends_with("-07:00") || time.ends_with("-08:00")), "{time}");
    }
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
}

#[tokio::test]
async fn unknown_people_are_404_in_their_own_words() {
    let desk = Desk::new();
    desk.register("a+b@example.com").await;
    let (status, found) = desk.get(&desk.path("registrant/A%2Bb%40example.com")).await;
    assert_eq!((status, &found["registrant"]["email"]), (200, &json!("a+b@example.com")));
    let nobody = (404, message("The registrant no@example.com doesn't exist."));
    assert_eq!(desk.get(&desk.path("registrant/no%40example.com")).await, nobody);
    assert_eq!(desk.get(&desk.path("registrant/a%2Bb%40example.com?eventid=1")).await.0, 404);
    let nobody = (404, message("The attendant a+b@example.com doesn't exist."));
    assert_eq!(desk.get(&desk.path("attendee/a%2Bb%40example.com")).await, nobody);
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
async fn the_list_of_events_follows_dates_modes_and_activity() {
    let desk = Desk::new();
    let listed = async |query: &str| {
        let (status, body) = desk.get(&desk.path(&format!("event{query}"))).await;
        assert_eq!(status, 200, "{query}");
        assert_eq!(body["totalevents"], body["events"].as_array().unwrap().len());
        body["totalevents"].as_u64().unwrap()
    };
    assert_eq!(listed("").await, 0, "the last ninety days do not reach into the future");
    assert_eq!(listed("?dateInterval=1").await, 0);
    assert_eq!(listed("?dateInterval=1&dateFilterMode=Creation").await, 1);
    let until = (desk.clock.now() + SignedDuration::from_hours(240)).strftime("%Y-%m-%d").to_string();
    assert_eq!(listed(&format!("?endDate={until}&contenttype=webcast")).await, 1);
    assert_eq!(listed(&format!("?endDate={until}&contenttype=video")).await, 0);
    desk.on24.set_event_active(desk.event, false);
    assert_eq!(listed(&format!("?endDate={until}")).await, 0);
    assert_eq!(listed(&format!("?endDate={until}&includeinactive=Y")).await, 1);
    assert_eq!(
        desk.get(&desk.path("event?startdate=soon")).await,
        (400, message("Error, incorrect date formats."))
    );
}

#[tokio::test]
async fn languages_are_listed() {
    let desk = Desk::new();
    let (status, body) = desk.get(&desk.path("languages")).await;
    assert_eq!(status, 200);
    assert!(
        body["languagecodes"].as_array().unwrap().iter().all(|language| language["languagecd"].is_string())
    );
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
