use super::*;

#[tokio::test]
async fn on24_28_every_dated_list_refuses_wrong_dates() {
    let desk = Desk::new();
    let formats = "Error, incorrect date formats.";
    let own = "Invalid Date format for params startdate and enddate. Incorrect timezone value provided.";
    let on_event = |rest: &str| format!("event/{}/{rest}", desk.event);
    for (rest, words) in [
        ("event".to_owned(), formats),
        ("registrant".to_owned(), formats),
        ("attendee".to_owned(), formats),
        ("lead".to_owned(), formats),
        (on_event("attendee"), formats),
        (on_event("attendeesession"), formats),
        (on_event("registrant"), own),
    ] {
        for query in ["startdate=soon", "startdate=2020-03-08T02:15:00", "enddate=2026-13-01"] {
            assert_eq!(
                desk.refused(&format!("{rest}?{query}")).await,
                (400, words.to_owned()),
                "{rest} {query}"
            );
        }
        let backwards = desk.refused(&format!("{rest}?startdate=2026-07-02&enddate=2026-07-01")).await;
        assert_eq!(backwards, (400, "Error, end date is before start date.".to_owned()), "{rest}");
        let mixed = desk.refused(&format!("{rest}?dateInterval=3&enddate=2026-07-01")).await;
        let words = "Start/End date filters cannot be sent with Interval filters.";
        assert_eq!(mixed, (400, words.to_owned()), "{rest}");
    }
}

#[tokio::test]
async fn on24_28_dates_narrow_people_by_when_they_registered() {
    let desk = Desk::new();
    desk.register("first@example.com").await;
    desk.clock.advance(SignedDuration::from_hours(48));
    let between = desk.clock.now();
    desk.clock.advance(SignedDuration::from_hours(48));
    desk.register("second@example.com").await;
    let written = between.strftime("%Y-%m-%dT%H:%M:%S%%2B00:00").to_string();
    assert_eq!(desk.registrants(&format!("?startdate={written}")).await[0]["email"], "second@example.com");
    assert_eq!(desk.registrants(&format!("?enddate={written}")).await[0]["email"], "first@example.com");
    assert_eq!(desk.registrants("?dateInterval=1").await.len(), 1);
    assert_eq!(desk.registrants("?dateInterval=10").await.len(), 2);
    assert_eq!(desk.registrants("?dateInterval=1&dateIntervalOffset=30").await.len(), 0);
}

#[tokio::test]
async fn on24_29_every_time_of_every_answer_is_pacific() {
    let desk = Desk::in_centre(Centre { seed: 42, region: Region::Europe, ..Centre::default() });
    desk.register_crowd(200).await;
    desk.clock.advance(SignedDuration::from_hours(7 * 24 + 120));
    let mut times = Vec::new();
    for rest in ["registrant", "attendee", "attendeesession", "poll", "groupchat", "presenter"] {
        gather(&desk.read_event(rest).await, &mut times);
    }
    gather(&desk.read(&format!("event/{}", desk.event)).await, &mut times);
    assert!(times.len() > 1000, "{}", times.len());
    for time in times {
        let (local, offset) = time.split_at(19);
        let instant: jiff::Timestamp = time.parse().unwrap();
        assert_eq!(pacific::stamp(instant), time);
        assert!(["-08:00", "-07:00"].contains(&offset) && !local.contains('.'), "{time}");
    }
}

/// Every text that begins like a time.
fn gather(value: &Value, times: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|value| gather(value, times)),
        Value::Array(items) => items.iter().for_each(|item| gather(item, times)),
        Value::String(text) if text.len() > 18 && text.starts_with("20") && text.as_bytes()[10] == b'T' => {
            times.push(text.clone());
        }
        _ => {}
    }
}
