use super::*;

const REFUSED: &str = "Webinar was not created due to errors in the parameters";

/// What an event needs.
const BASE: [(&str, &str); 6] = [
    ("title", "News"),
    ("liveStart", "06/15/2027 09:00 AM"),
    ("liveDuration", "60"),
    ("eventType", "fav"),
    ("languageCd", "en"),
    ("timeZone", "Europe/Berlin"),
];

impl Desk {
    async fn post_event(&self, query: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let path = self.path(&format!("event{query}"));
        self.send(Call::form(Method::POST, &path, &super::form(form))).await
    }

    /// An event of the usual form with these fields in place of its own.
    async fn create(&self, changed: &[(&str, &str)]) -> (u16, Value) {
        let kept = BASE.iter().filter(|(name, _)| changed.iter().all(|(other, _)| other != name));
        let fields: Vec<(&str, &str)> = kept.chain(changed).copied().collect();
        self.post_event("", &fields).await
    }

    async fn put(&self, event: i64, form: &[(&str, &str)]) -> (u16, Value) {
        let path = self.path(&format!("event/{event}"));
        self.send(Call::form(Method::PUT, &path, &super::form(form))).await
    }
}

#[tokio::test]
async fn on24_38_an_event_is_created_with_dates_of_its_own_zone() {
    let desk = Desk::new();
    let (status, body) =
        desk.create(&[("campaignCode", "CRM-1"), ("countryCd", "UK"), ("tagCampaign", "autumn")]).await;
    assert_eq!(status, 200, "{body}");
    let made = &body["wccevent"];
    for (name, value) in [
        ("title", json!("News")),
        ("liveStart", json!("06/15/2027 08:45 AM")),
        ("goodAfter", json!("06/15/2027 09:00 AM")),
        ("liveEnd", json!("06/15/2027 10:00 AM")),
        ("archiveStart", json!("06/15/2027 10:30 AM")),
        ("archiveEnd", json!("06/14/2028 10:30 AM")),
        ("liveDuration", json!(3600)),
        ("archiveDuration", json!(525_600)),
        ("timeZone", json!("Europe/Berlin")),
        ("shortTimeZone", json!(" CEST")),
        ("eventType", json!("webcam")),
        ("countryCd", json!("UK")),
        ("sourceEventId", json!(0)),
        ("tags", json!(["autumn"])),
        ("clientId", json!(desk.on24.account().client_id())),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    assert!(made["PMUrl"].is_string() && made.get("pmurl").is_none());
    let event = desk.read(&format!("event/{}", made["eventId"])).await;
    assert_eq!(event["goodafter"], "2027-06-15T00:00:00-07:00");
    assert_eq!(
        (&event["displaytimezonecd"], &event["eventtype"]),
        (&json!("Europe/Berlin"), &json!("Live Video and Audio"))
    );
    let listed = desk.events("?datefiltermode=creation").await;
    assert_eq!(
        (&listed.last().unwrap()["campaigncode"], &listed.last().unwrap()["eventlocation"]),
        (&json!("CRM-1"), &json!("CRM-1"))
    );
}

#[tokio::test]
async fn on24_38_wrong_forms_are_refused_in_one_text() {
    let desk = Desk::new();
    let (long, fits) = ("x".repeat(251), "ü".repeat(250));
    let tags: Vec<(&str, &str)> = (0..11).map(|_| ("tagCampaign", "tag")).collect();
    let account_tags = [("customAccountTag", "741"); 4];
    let mut wrong: Vec<Vec<(&str, &str)>> = [
        ("liveDuration", "20"),
        ("liveDuration", "135"),
        ("liveDuration", "495"),
        ("liveDuration", "0"),
        ("liveDuration", "60.5"),
        ("title", long.as_str()),
        ("title", " "),
        ("eventType", "webcam"),
        ("timeZone", "Mars/Base"),
        ("languageCd", "xx"),
        ("languageCd", "zh"),
        ("countryCd", "DE"),
        ("tagCampaign", "a_b"),
        ("tagCampaign", "ada@example.com"),
        ("customAccountTag", "1"),
        ("liveStart", "soon"),
        ("liveStart", "03/28/2027 02:30 AM"),
        ("testevent", "yes"),
        ("hybrid", "true"),
    ]
    .iter()
    .map(|pair| vec![*pair])
    .collect();
    wrong.extend([vec![("languageCd", "de"), ("countryCd", "UK")], tags, account_tags.to_vec()]);
    for changed in wrong {
        assert_eq!(desk.create(&changed).await, (400, message(REFUSED)), "{changed:?}");
    }
    for left_out in BASE.iter().map(|(name, _)| name) {
        let fields: Vec<(&str, &str)> = BASE.iter().filter(|(name, _)| name != left_out).copied().collect();
        assert_eq!(desk.post_event("", &fields).await, (400, message(REFUSED)), "{left_out}");
    }
    for changed in [
        [("title", fits.as_str())].as_slice(),
        &[("liveDuration", "15")],
        &[("liveDuration", "120")],
        &[("liveDuration", "480")],
        &[("languageCd", "de")],
        &[("languageCd", "zh"), ("countryCd", "TW")],
        &[("customAccountTag", "741"), ("customAccountTag", "751")],
        &[("TITLE", "Names count in any letter case"), ("title", "News")],
    ] {
        assert_eq!(desk.create(changed).await.0, 200, "{changed:?}");
    }
    assert_eq!(desk.events("?datefiltermode=creation").await.len(), 1 + 8, "what is refused is not created");
}

#[tokio::test]
async fn on24_38_a_copy_keeps_everything_but_its_time() {
    let desk = Desk::new();
    let options = [
        ("eventAbstract", "All of it"),
        ("tagCampaign", "autumn"),
        ("customAccountTag", "741"),
        ("archiveAvailable", "N"),
        ("languageCd", "de"),
    ];
    let source = desk.create(&options).await.1["wccevent"]["eventId"].as_i64().unwrap();
    desk.control("event", &json!({ "event_id": source, "required": ["email"] }));
    let time = [("liveStart", "2027-09-01T10:00:00-07:00"), ("liveDuration", "90")];
    let (status, body) = desk.post_event(&format!("?eventsource={source}"), &time).await;
    assert_eq!(status, 200, "{body}");
    let copy = &body["wccevent"];
    assert_eq!((&copy["title"], &copy["sourceEventId"]), (&json!("Copy of News"), &json!(source)));
    assert_eq!(
        (&copy["languageCd"], &copy["tags"], &copy["liveDuration"]),
        (&json!("de"), &json!(["autumn"]), &json!(5400))
    );
    assert_eq!((&copy["archiveAvailable"], &copy["countryCd"]), (&json!(true), &json!("")));
    assert_eq!(
        copy["customaccounttags"],
        json!([{ "groupid": 101, "groupname": "Region", "tagid": 741, "tagname": "Europe" }])
    );
    let page = desk.read(&format!("event/{}/regfield", copy["eventId"])).await;
    let required =
        page["registrationfields"].as_array().unwrap().iter().filter(|field| field["required"] == "Y");
    assert_eq!(required.count(), 1);
    for form in [[("liveStart", "09/01/2027 10:00 AM")].as_slice(), &[("liveDuration", "90")], &[]] {
        assert_eq!(desk.post_event(&format!("?eventsource={source}"), form).await, (400, message(REFUSED)));
    }
    assert_eq!(desk.post_event("?eventsource=7", &time).await, (400, message(REFUSED)));
}

#[tokio::test]
async fn on24_38_the_choices_of_ours_can_be_switched() {
    let desk = Desk::new();
    let made = async |start: &str| {
        let body = desk.create(&[("liveStart", start)]).await.1;
        desk.read(&format!("event/{}", body["wccevent"]["eventId"])).await["goodafter"].clone()
    };
    assert_eq!(made("06/15/2027 09:00 AM").await, "2027-06-15T00:00:00-07:00");
    desk.set(&json!({ "management": { "start_in_pacific": true } }));
    assert_eq!(made("06/15/2027 09:00 AM").await, "2027-06-15T09:00:00-07:00");
    desk.set(&json!({ "management": { "start_opens_lobby": true } }));
    assert_eq!(made("06/15/2027 09:00 AM").await, "2027-06-15T09:15:00-07:00");
    desk.set(&json!({ "management": { "global_account": true } }));
    let words = "Creating an event in a Global Client Account is not allowed.";
    assert_eq!(desk.create(&[]).await, (403, message(words)));
    let words = "Copying an event into a Global Client Account is not allowed.";
    assert_eq!(desk.post_event(&format!("?eventsource={}", desk.event), &BASE).await, (403, message(words)));
}

#[tokio::test]
async fn on24_39_an_update_changes_what_it_names_and_answers_in_lower_case() {
    let desk = Desk::new();
    let event = desk.create(&[("venue", "Town hall")]).await.1["wccevent"]["eventId"].as_i64().unwrap();
    desk.clock.advance(SignedDuration::from_hours(1));
    let (status, body) = desk
        .put(event, &[("title", "Renamed"), ("campaignCode", "CRM-2"), ("eventAbstract", "ignored")])
        .await;
    assert_eq!(status, 200, "{body}");
    let changed = &body["wccevent"];
    assert_eq!(
        (&changed["title"], &changed["campaignCode"], &changed["goodAfter"]),
        (&json!("Renamed"), &json!("CRM-2"), &json!("06/15/2027 09:00 AM"))
    );
    assert!(changed["pmurl"].is_string() && changed.get("PMUrl").is_none() && changed.get("venue").is_none());
    assert!(changed.get("eventAbstract").is_none());
    let shown = desk.read(&format!("event/{event}")).await;
    assert_eq!(shown["description"], "Renamed");
    assert_ne!(shown["lastmodified"], shown["createtimestamp"]);
    let (_, body) = desk
        .put(
            event,
            &[("liveStart", "07/01/2027 02:00 PM"), ("liveDuration", "45"), ("timeZone", "America/Bogota")],
        )
        .await;
    assert_eq!(
        (&body["wccevent"]["goodAfter"], &body["wccevent"]["liveDuration"]),
        (&json!("07/01/2027 02:00 PM"), &json!(2700))
    );
    assert_eq!(desk.read(&format!("event/{event}")).await["goodafter"], "2027-07-01T12:00:00-07:00");
    for form in
        [[("liveDuration", "20")], [("title", "")], [("languageCd", "zh")], [("enableRegistration", "maybe")]]
    {
        assert_eq!(desk.put(event, &form).await, (400, message(REFUSED)));
    }
    assert_eq!(desk.put(event, &[("enableRegistration", "N"), ("title", &"x".repeat(255))]).await.0, 200);
    assert_eq!(desk.put(1, &[("title", "Nobody's")]).await.0, 404);
}

#[tokio::test]
async fn on24_39_disabled_registration_shuts_newcomers_out_by_switch() {
    let desk = Desk::new();
    desk.register("ada@example.com").await;
    assert_eq!(desk.put(desk.event, &[("enableRegistration", "N")]).await.0, 200);
    desk.register("bea@example.com").await;
    desk.set(&json!({ "management": { "refuse_when_disabled": true, "disabled_text": "Closed!" } }));
    let newcomer = [("firstname", "C"), ("lastname", "D"), ("email", "cyd@example.com")];
    assert_eq!(desk.post("", &newcomer).await, (403, message("Closed!")));
    desk.register("ada@example.com").await;
    assert_eq!(desk.state().len(), 2);
    assert_eq!(desk.put(desk.event, &[("enableRegistration", "Y")]).await.0, 200);
    assert_eq!(desk.post("", &newcomer).await.0, 200);
}

#[tokio::test]
async fn without_an_archive_nobody_watches_later() {
    let desk = Desk::new();
    assert_eq!(desk.put(desk.event, &[("archiveAvailable", "N")]).await.0, 200);
    desk.register_crowd(100).await;
    let (_, sums) = desk.hold(&json!({ "event_id": desk.event, "seed": 7, "ondemand": true }));
    assert_eq!(sums["ondemand_minutes"], 0);
    assert!(sums["live_minutes"].as_u64() > Some(0));
}
