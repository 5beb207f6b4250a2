use super::*;

const BEYOND: &str = "Invalid pageOffset, range must be between 0 and ";

async fn page(desk: &Desk, rest: &str, total: &str, list: &str) -> (u64, u64, u64, usize) {
    let body = desk.read(rest).await;
    let number = |name: &str| body[name].as_u64().unwrap();
    (number(total), number("pagecount"), number("currentpage"), body[list].as_array().unwrap().len())
}

#[tokio::test]
async fn on24_25_pages_are_counted_from_zero_and_end_with_a_refusal() {
    let desk = Desk::new();
    desk.register_crowd(25).await;
    let registrants = async |query: &str| {
        page(&desk, &format!("registrant?{query}"), "totalregistrants", "registrants").await
    };
    assert_eq!(registrants("").await, (25, 1, 0, 25));
    assert_eq!(registrants("itemsperpage=10").await, (25, 3, 0, 10));
    assert_eq!(registrants("ItemsPerPage=10&pageOffset=2").await, (25, 3, 2, 5));
    assert_eq!(registrants("itemsperpage=x").await, (25, 1, 0, 25));
    for offset in ["3", "-1", "x", "99999999999999999999"] {
        let refused = desk.refused(&format!("registrant?itemsperpage=10&pageoffset={offset}")).await;
        assert_eq!(refused, (400, format!("{BEYOND}2.")), "{offset}");
    }
    let first = desk.read("registrant?itemsperpage=10").await;
    let second = desk.read("registrant?itemsperpage=10&pageoffset=1").await;
    assert_ne!(first["registrants"][0]["eventuserid"], second["registrants"][0]["eventuserid"]);
}

#[tokio::test]
async fn on24_25_every_paged_list_has_pages_and_its_cap() {
    let desk = Desk::new();
    desk.register_crowd(120).await;
    desk.clock.advance(SignedDuration::from_hours(7 * 24 + 100));
    let sessions = format!("event/{}/attendeesession", desk.event);
    let came = desk.read("attendee").await["totalattendees"].as_u64().unwrap();
    for (rest, total, list, cap) in [
        ("registrant", "totalregistrants", "registrants", 100),
        ("attendee", "totalattendees", "attendees", 100),
        ("lead", "totalleads", "leads", 50),
        (sessions.as_str(), "totalattendeesessions", "attendeesession", 100),
    ] {
        let usual = page(&desk, rest, total, list).await;
        let whole = usize::try_from(usual.0).unwrap();
        assert_eq!(usual, (usual.0, usual.0.div_ceil(cap as u64), 0, whole.min(cap)), "{rest}");
        let many = page(&desk, &format!("{rest}?itemsperpage=1000"), total, list).await;
        assert_eq!(many, usual, "{rest}: more rows than the cap");
        let few = page(&desk, &format!("{rest}?itemsperpage=7&pageoffset=1"), total, list).await;
        assert_eq!(few, (usual.0, usual.0.div_ceil(7), 1, 7), "{rest}");
        let refused = desk.refused(&format!("{rest}?pageoffset=50")).await;
        assert_eq!(refused, (400, format!("{BEYOND}{}.", usual.1 - 1)), "{rest}");
    }
    desk.set(&json!({ "reads": { "clamp_items_per_page": false } }));
    let many = page(&desk, "attendee?itemsperpage=1000", "totalattendees", "attendees").await;
    assert_eq!(many, (came, 1, 0, usize::try_from(came).unwrap()));
    let email = desk.attendees().await[0]["email"].as_str().unwrap().replace('@', "%40");
    for rest in ["registrant", "attendee"] {
        let list = format!("{rest}s");
        let path = format!("{rest}/{email}/allevents");
        assert_eq!(page(&desk, &path, &format!("total{list}"), &list).await, (1, 1, 0, 1));
        assert_eq!(desk.refused(&format!("{path}?pageoffset=1")).await, (400, format!("{BEYOND}0.")));
    }
}

#[tokio::test]
async fn on24_25_a_list_without_rows_has_a_first_page() {
    let desk = Desk::new();
    assert_eq!(page(&desk, "registrant", "totalregistrants", "registrants").await, (0, 0, 0, 0));
    assert_eq!(desk.refused("registrant?pageoffset=1").await, (400, format!("{BEYOND}0.")));
    desk.set(&json!({ "reads": { "empty_page_count": 1, "omit_empty_lists": true } }));
    let empty = desk.read("registrant").await;
    let client = desk.on24.account().client_id();
    assert_eq!(empty, json!({ "clientid": client, "totalregistrants": 0, "pagecount": 1, "currentpage": 0 }));
    let empty = desk.read_event("attendee").await;
    assert_eq!(empty, json!({ "eventid": desk.event, "totalattendees": 0 }));
}

#[tokio::test]
async fn on24_26_the_list_of_events_has_an_envelope_of_its_own() {
    let desk = Desk::new();
    for number in 0..12 {
        let starts = desk.clock.now() - SignedDuration::from_hours(number + 2);
        desk.on24.add_event(Webinar::new(&format!("No. {number}"), starts, 60));
    }
    let names = |body: &Value| -> Vec<String> { body.as_object().unwrap().keys().cloned().collect() };
    let whole = desk.read("event").await;
    assert_eq!(names(&whole), ["totalevents", "events"]);
    assert_eq!(whole["totalevents"], 12);
    let cut = desk.read("event?itemsperpage=5&pageoffset=2").await;
    assert_eq!((names(&cut), &cut["totalevents"]), (names(&whole), &json!(12)));
    assert_eq!(cut["events"].as_array().unwrap().len(), 2);
    assert_eq!(desk.refused("event?itemsperpage=5&pageoffset=3").await, (400, format!("{BEYOND}2.")));
    desk.set(&json!({ "reads": { "page_events": false } }));
    assert_eq!(desk.read("event?itemsperpage=5&pageoffset=2").await, whole);
    assert_eq!(desk.read("event?itemsperpage=5&pageoffset=3").await, whole);

    let paged = desk.read("event?includesubaccounts=Y&itemsperpage=5&pageoffset=1").await;
    assert_eq!(names(&paged), ["pagecount", "totalevents", "currentpage", "events"]);
    assert_eq!((&paged["pagecount"], &paged["currentpage"]), (&json!(3), &json!(1)));
    for left_out in ["createdby", "customeventfields", "localecountrycd", "scheduledeventduration"] {
        assert!(paged["events"][0].get(left_out).is_none(), "{left_out}");
    }
    assert!(
        whole["events"][0]["createdby"].is_string() && whole["events"][0]["scheduledeventduration"] == 60
    );
}

#[tokio::test]
async fn on24_27_lists_show_their_last_days_unless_told_otherwise() {
    let desk = Desk::new();
    desk.register_crowd(3).await;
    desk.clock.advance(SignedDuration::from_hours(24 * 29));
    assert_eq!(desk.read("registrant").await["totalregistrants"], 3);
    assert!(desk.read("attendee").await["totalattendees"].as_u64() > Some(0));
    assert_eq!(desk.read("lead").await["totalleads"], 3);
    desk.clock.advance(SignedDuration::from_hours(24 * 2));
    assert_eq!(desk.read("registrant").await["totalregistrants"], 0);
    assert!(desk.read("lead").await["totalleads"].as_u64() > Some(0), "the active are leads");
    desk.clock.advance(SignedDuration::from_hours(24 * 30));
    assert_eq!(desk.read("attendee").await["totalattendees"], 0);
    assert_eq!(desk.read("lead").await["totalleads"], 0);
    let since = (desk.clock.now() - SignedDuration::from_hours(24 * 80)).strftime("%Y-%m-%d").to_string();
    assert_eq!(desk.read(&format!("registrant?startdate={since}")).await["totalregistrants"], 3);
    assert!(desk.read(&format!("attendee?startdate={since}")).await["totalattendees"].as_u64() > Some(0));
    assert_eq!(desk.registrants("").await.len(), 3, "those of an event have no such days");
    assert!(!desk.attendees().await.is_empty());
}

#[tokio::test]
async fn on24_27_too_long_spans_are_refused() {
    let desk = Desk::new();
    let usual = ReadSettings::default().event_span_text;
    assert_eq!(desk.events("?startdate=2026-01-15&enddate=2026-07-15").await.len(), 0);
    let long = "event?startdate=2026-01-15&enddate=2026-07-16";
    assert_eq!(desk.refused(long).await, (400, usual));
    desk.set(&json!({ "reads": { "event_span_text": "Too long!" } }));
    assert_eq!(desk.refused(long).await, (400, "Too long!".to_owned()));
    assert_eq!(desk.read("lead?startdate=2025-01-15&enddate=2026-01-15").await["totalleads"], 0);
    let words = "startDate and endDate can't be more than 365 days appart.".to_owned();
    assert_eq!(desk.refused("lead?startdate=2025-01-15&enddate=2026-01-16").await, (400, words));
    assert_eq!(desk.read("registrant?startdate=2020-01-15&enddate=2026-01-15").await["totalregistrants"], 0);
}
