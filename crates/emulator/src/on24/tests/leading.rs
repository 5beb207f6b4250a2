use super::*;

#[tokio::test]
async fn leads_are_engaged_or_predicted_to_be() {
    let desk = Desk::new();
    desk.register_crowd(60).await;
    desk.clock.advance(SignedDuration::from_hours(7 * 24 + 100));
    let came: Vec<Value> = desk.attendees().await.iter().map(|one| one["email"].clone()).collect();
    let mut leads = Vec::new();
    for page in 0..2 {
        let body = desk.read(&format!("lead?pageoffset={page}")).await;
        assert_eq!((&body["totalleads"], &body["pagecount"]), (&json!(60), &json!(2)));
        leads.extend(body["leads"].as_array().unwrap().clone());
    }
    for lead in &leads {
        assert_eq!(lead.get("engagementlevel").is_some(), came.contains(&lead["email"]), "{lead}");
        assert!(lead.get("engagementlevel").is_none() || lead.get("engagementprediction").is_none());
    }
    desk.forget(&[("email", "guest0@example.com")]).await;
    assert_eq!(desk.read("lead").await["totalleads"], 59, "the forgotten are nobody's leads");
    desk.set(&json!({ "reads": { "power_leads": false } }));
    let words = format!("Power Leads report is not enabled for client {}.", desk.on24.account().client_id());
    assert_eq!(desk.refused("lead").await, (403, words));
}

#[tokio::test]
async fn a_profile_tells_seconds_and_says_what_is_unanswered() {
    let desk = Desk::new();
    desk.register_crowd(200).await;
    desk.clock.advance(SignedDuration::from_hours(7 * 24 + 100));
    let mut unanswered = 0;
    for one in desk.attendees().await {
        let email = one["email"].as_str().unwrap().replace('@', "%40");
        let profile = desk.read(&format!("lead/{email}")).await;
        let recent = &profile["recentactivities"][0];
        assert_eq!(
            (&recent["livetime"], &recent["ondemandtime"]),
            (&one["cumulativeliveminutes"], &one["cumulativearchiveminutes"])
        );
        assert_eq!(recent["liveseconds"].as_u64().unwrap() / 60, recent["livetime"].as_u64().unwrap());
        assert_eq!(recent["attendedlive"] == "Y", one["liveviewed"] != 0);
        let questions = recent["questions"].as_array().cloned().unwrap_or_default();
        unanswered += questions.iter().filter(|one| one["answer"] == "Unanswered").count();
    }
    assert!(unanswered > 0);
    let absent = desk.registrants("?noshow=Y").await[0]["email"].as_str().unwrap().replace('@', "%40");
    let profile = desk.read(&format!("lead/{absent}")).await;
    assert_eq!(
        (&profile["recentactivities"], &profile["businessinterests"]),
        (&json!([]), &json!({ "keywords": [] }))
    );
    assert!(profile["lifetimeactivity"].get("totalengagementseconds").is_none());
}

#[tokio::test]
async fn questions_are_read_at_once_and_for_an_hour_at_most() {
    let desk = Desk::new();
    desk.set(&json!({ "reads": { "documented_lag": true } }));
    desk.register_crowd(100).await;
    desk.clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    let end = desk.clock.now();
    let written = |time: jiff::Timestamp| time.strftime("%Y-%m-%dT%H:%M:%S%%2B00:00").to_string();
    let hour = format!("startdate={}&enddate={}", written(end - SignedDuration::from_hours(1)), written(end));
    let asked = desk.read(&format!("userquestions?{hour}")).await["questions"].as_array().unwrap().clone();
    assert!(
        asked.iter().any(|one| one.get("answer").is_some())
            && asked.iter().all(|one| one["firstname"] == "Ada")
    );
    assert!(desk.read("userquestions").await["questions"].as_array().unwrap().len() < asked.len());
    let others = desk.read(&format!("userquestions?{hour}&emailFilter=other.example")).await;
    assert_eq!(others["questions"], json!([]));
    let soon = written(end + SignedDuration::from_hours(1));
    let recent = desk.read(&format!("userquestions?enddate={soon}")).await;
    assert!(
        recent["questions"].as_array().unwrap().len() < asked.len(),
        "a missing start is five minutes ago"
    );
    let early = written(end - SignedDuration::from_hours(1));
    assert_eq!(desk.refused(&format!("userquestions?enddate={early}")).await.0, 400);
    let long = format!("startdate={}&enddate={}", written(end - SignedDuration::from_mins(61)), written(end));
    for bound in ["2026-07-01", "2026-07-01T10:00:00"] {
        for name in ["startdate", "enddate"] {
            let refused = desk.refused(&format!("userquestions?{name}={bound}")).await;
            assert_eq!(refused, (400, "Error, incorrect date formats.".to_owned()), "{name}={bound}");
        }
    }
    let words = "the startDate and endDate are more than 1 hour apart.";
    assert_eq!(desk.refused(&format!("userquestions?{long}")).await, (400, words.to_owned()));
}

#[tokio::test]
async fn the_registration_page_is_read_with_underscores() {
    let desk = Desk::new();
    let change = json!({ "event_id": desk.event, "required": ["email", "jobtitle"], "options": { "jobtitle": ["Engineer", "Analyst"] } });
    assert_eq!(desk.control("event", &change).0, 200);
    let fields = desk.read_event("regfield").await["registrationfields"].as_array().unwrap().clone();
    let field = |id: &str| fields.iter().find(|field| field["fieldid"] == id).unwrap().clone();
    assert_eq!(
        field("job_title"),
        json!({ "fieldid": "job_title", "fieldcaption": "Title", "fieldtype": "listbox", "validationtype": "none",
                "required": "Y", "options": ["Engineer", "Analyst"] })
    );
    assert_eq!(
        (&field("email")["validationtype"], &field("email")["required"]),
        (&json!("email"), &json!("Y"))
    );
    assert_eq!(
        (&field("firstname")["required"], &field("firstname")["fieldtype"]),
        (&json!("N"), &json!("textbox"))
    );
    assert!(field("country")["options"].as_array().unwrap().len() > 100);
}

#[tokio::test]
async fn reference_lists_are_the_values_that_creating_takes() {
    let desk = Desk::new();
    let zones = desk.read("timezones").await["timezones"].as_array().unwrap().clone();
    assert!(
        zones
            .contains(&json!({ "label": "(GMT -8:00) America/Los_Angeles", "value": "America/Los_Angeles" }))
    );
    let kinds = desk.read("eventtypes").await["eventtypes"].as_array().unwrap().clone();
    assert!(kinds.contains(&json!({ "label": "Live Video and Audio", "value": "fav" })));
    let tags = desk.read("customaccounttag").await["customaccounttags"].as_array().unwrap().clone();
    assert_eq!((tags.len(), &tags[0]["tags"][0]), (2, &json!({ "tagid": 741, "tagname": "Europe" })));
}

#[tokio::test]
async fn mails_are_counted_by_who_wants_them() {
    let desk = Desk::new();
    for (email, wants) in [("a@example.com", "Y"), ("b@example.com", "N"), ("c@example.com", "y")] {
        desk.post("?honorrequired=N", &[("email", email), ("eventemail", wants)]).await;
    }
    let statistics = desk.read_event("emailstatistics").await;
    assert_eq!(
        (&statistics["eventId"], &statistics["emailStatistics"][0]["sent"]),
        (&json!(desk.event), &json!(2))
    );
    assert_eq!(desk.read_event("email").await["emails"].as_array().unwrap().len(), 3);
    assert_eq!(desk.read_event("calendarreminder").await["eventid"], desk.event);
    assert_eq!(desk.read_event("certifications").await["eventId"], desk.event);
    assert_eq!(desk.read_event("presenterchat").await["presenterchats"], json!([]));
    assert_eq!(desk.read_event("presenter").await["eventpresenters"], json!([]));
}

#[tokio::test]
async fn companies_are_engaged_by_their_attendees() {
    let desk = Desk::new();
    assert_eq!(desk.read("engagedaccount").await, json!({ "accounts": [] }));
    for number in 0..60 {
        let domain = if number % 3 == 0 { "small.example" } else { "big.example" };
        let email = format!("guest{number}@{domain}");
        desk.post("?honorrequired=N", &[("email", &email), ("company", &domain[..3])]).await;
    }
    desk.clock.advance(SignedDuration::from_hours(7 * 24 + 100));
    let accounts = desk.read("engagedaccount").await["accounts"].clone();
    assert_eq!((&accounts[0]["name"], &accounts[0]["domains"]), (&json!("big"), &json!(["big.example"])));
    assert_eq!(accounts.as_array().unwrap().len(), 2);
    let of = async |query: &str| {
        desk.read(&format!("tokens{query}")).await["replacementtokens"].as_array().unwrap().len()
    };
    assert_eq!(
        (of("").await, of("?context=All").await, of("?context=email").await, of("?context=x").await),
        (4, 4, 2, 0)
    );
}
