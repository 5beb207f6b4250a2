use super::*;

fn emails(people: &[Value]) -> Vec<&str> {
    people.iter().map(|person| person["email"].as_str().unwrap_or_default()).collect()
}

#[tokio::test]
async fn on24_35_people_are_filtered_by_their_last_activity() {
    let desk = Desk::new();
    desk.register("early@example.com").await;
    desk.register("stays@example.com").await;
    desk.clock.advance(SignedDuration::from_hours(48));
    let since = desk.clock.now().strftime("%Y-%m-%dT%H:%M:%S%%2B00:00").to_string();
    desk.post("?honorrequired=N", &[("email", "early@example.com"), ("company", "Engines")]).await;
    assert!(desk.registrants(&format!("?startdate={since}")).await.is_empty());
    let moved = desk.registrants(&format!("?startdate={since}&dateFilterMode=LASTACTIVITY")).await;
    assert_eq!(emails(&moved), ["early@example.com"]);
    let path = format!("registrant?startdate={since}&datefiltermode=lastActivity");
    assert_eq!(desk.read(&path).await["totalregistrants"], 1);
    desk.forget(&[("email", "stays@example.com")]).await;
    let path = format!("registrant?startdate={since}&datefiltermode=lastActivity&userstatus=any");
    assert_eq!(desk.read(&path).await["totalregistrants"], 2);

    desk.register_crowd(100).await;
    desk.clock.advance(SignedDuration::from_hours(7 * 24 + 120));
    let came = desk.attendees().await;
    let last = |one: &Value| {
        let times = ["firstliveactivity", "firstarchiveactivity"].iter().filter_map(|name| one.get(name));
        times.map(|time| time.as_str().unwrap().parse::<jiff::Timestamp>().unwrap()).max().unwrap()
    };
    let later: Vec<&Value> = came.iter().filter(|one| one["archiveviewed"] != 0).collect();
    let since = later.iter().map(|one| last(one)).min().unwrap();
    let written = since.strftime("%Y-%m-%dT%H:%M:%S%%2B00:00").to_string();
    let active = desk.read_event(&format!("attendee?startdate={written}&datefiltermode=lastactivity")).await;
    assert_eq!(active["totalattendees"], later.len());
}

#[tokio::test]
async fn on24_35_events_are_filtered_by_eight_dates() {
    let desk = Desk::new();
    let event = desk.read(&format!("event/{}", desk.event)).await;
    for (mode, name) in [
        ("goodafter", "goodafter"),
        ("Updated", "lastupdated"),
        ("MODIFIED", "lastmodified"),
        ("creation", "createtimestamp"),
        ("liveStart", "livestart"),
        ("liveend", "liveend"),
        ("archivestart", "archivestart"),
        ("archiveEnd", "archiveend"),
        ("", "goodafter"),
    ] {
        let at: jiff::Timestamp = event[name].as_str().unwrap().parse().unwrap();
        let written = |time: jiff::Timestamp| time.strftime("%Y-%m-%dT%H:%M:%S%%2B00:00").to_string();
        let day = SignedDuration::from_secs(2);
        let around =
            format!("?datefiltermode={mode}&startdate={}&enddate={}", written(at - day), written(at + day));
        assert_eq!(desk.events(&around).await.len(), 1, "{mode}");
        let before = format!(
            "?datefiltermode={mode}&startdate={}&enddate={}",
            written(at - day - day),
            written(at - day)
        );
        assert_eq!(desk.events(&before).await.len(), 0, "{mode}");
    }
}

#[tokio::test]
async fn on24_35_events_come_in_order_and_by_their_kind() {
    let desk = Desk::new();
    let titles = |events: &[Value]| -> Vec<String> {
        events.iter().map(|event| event["description"].as_str().unwrap().to_owned()).collect()
    };
    for (title, hours) in [("Second", 5), ("First", 9), ("Third", 1)] {
        desk.on24.add_event(Webinar::new(title, desk.clock.now() - SignedDuration::from_hours(hours), 60));
    }
    assert_eq!(titles(&desk.events("").await), ["First", "Second", "Third"]);
    assert_eq!(titles(&desk.events("?filterorder=DESC").await), ["Third", "Second", "First"]);
    assert_eq!(desk.events("?contenttype=Webcast").await.len(), 3);
    assert_eq!(desk.events("?contenttype=video").await.len(), 0);
    let third = desk.events("").await[2]["eventid"].as_i64().unwrap();
    desk.on24.set_event_active(third, false);
    assert_eq!(desk.events("").await.len(), 2);
    assert_eq!(desk.events("?includeinactive=Y").await[2]["isactive"], false);
}

#[tokio::test]
async fn on24_36_the_status_decides_who_is_shown() {
    let desk = Desk::new();
    for name in ["active", "deleted", "forgotten"] {
        desk.register(&format!("{name}@example.com")).await;
    }
    desk.post("", &[("email", "deleted@example.com"), ("isDeleted", "Y")]).await;
    desk.forget(&[("email", "forgotten@example.com")]).await;
    let shown = async |rest: &str| -> Vec<String> {
        let people = desk.read(rest).await["registrants"].as_array().unwrap().clone();
        let mut shown: Vec<String> =
            people.iter().map(|person| person["userstatus"].as_str().unwrap().to_owned()).collect();
        shown.sort();
        shown
    };
    let of_event = format!("event/{}/registrant", desk.event);
    let everybody = ["active", "deleted", "forgotten"].as_slice();
    for (query, those) in [
        ("?userstatus=any", everybody),
        ("?userstatus=Deleted", &["deleted"]),
        ("?userstatus=forgotten", &["forgotten"]),
        ("?userstatus=all", &["active", "deleted"]),
        ("?userstatus=any&filterforgotten=Y", &["forgotten"]),
        ("?userstatus=any&filterforgotten=N", &["active", "deleted"]),
    ] {
        assert_eq!(shown(&format!("{of_event}{query}")).await, those, "{query}");
        assert_eq!(shown(&format!("registrant{query}")).await, those, "{query}");
    }
    assert_eq!(shown(&of_event).await, everybody, "an event shows any");
    assert_eq!(shown("registrant").await, ["active", "deleted"], "a client shows all, which is less");
    desk.set(&json!({ "reads": { "regular_users_unless_asked": true } }));
    assert_eq!(shown(&of_event).await, ["active"]);
    assert_eq!(shown("registrant").await, ["active"]);
    assert_eq!(shown("registrant?userstatus=any").await, everybody);
}

#[tokio::test]
async fn on24_36_attendees_of_any_status_are_shown_by_default() {
    let desk = Desk::new();
    desk.register_crowd(60).await;
    desk.clock.advance(SignedDuration::from_hours(7 * 24 + 100));
    let came = desk.attendees().await;
    desk.forget(&[("email", came[0]["email"].as_str().unwrap())]).await;
    assert_eq!(desk.read("attendee").await["totalattendees"], came.len());
    assert_eq!(desk.read("attendee?userstatus=forgotten").await["totalattendees"], 1);
    assert_eq!(desk.read("attendee?filterforgotten=N").await["totalattendees"], came.len() - 1);
    let live = came.iter().filter(|one| one["liveviewed"] != 0).count();
    assert_eq!(desk.read("attendee?excludelive=Y").await["totalattendees"], came.len() - live);
    desk.register("late@example.com").await;
    assert_eq!(desk.read("registrant?userstatus=any").await["totalregistrants"], 61);
    assert_eq!(desk.read("registrant?userstatus=any&excludelive=Y").await["totalregistrants"], 60);
}

#[tokio::test]
async fn on24_37_a_tag_hides_an_event_from_reads_of_the_client() {
    let desk = Desk::new();
    desk.register_crowd(30).await;
    desk.clock.advance(SignedDuration::from_hours(7 * 24 + 100));
    let email = desk.attendees().await[0]["email"].as_str().unwrap().replace('@', "%40");
    let hide = |tags: Value| {
        assert_eq!(desk.control("event", &json!({ "event_id": desk.event, "tags": tags })).0, 200);
    };
    let seen = async || {
        let total = async |rest: &str, name: &str| desk.read(rest).await[name].as_u64().unwrap() > 0;
        let mut seen = vec![
            total("event", "totalevents").await,
            total("registrant", "totalregistrants").await,
            total("attendee", "totalattendees").await,
            total("lead", "totalleads").await,
        ];
        for rest in ["registrant", "attendee"] {
            seen.push(desk.get(&desk.path(&format!("{rest}/{email}"))).await.0 == 200);
            seen.push(desk.get(&desk.path(&format!("{rest}/{email}/allevents"))).await.0 == 200);
        }
        seen
    };
    assert_eq!(seen().await, [true; 8]);
    hide(json!(["autumn", "ApiExclude"]));
    assert_eq!(seen().await, [false; 8]);
    assert_eq!(desk.registrants("").await.len(), 30);
    assert!(!desk.attendees().await.is_empty());
    assert_eq!(desk.read(&format!("event/{}", desk.event)).await["tags"], json!(["autumn", "ApiExclude"]));
    hide(json!([]));
    assert_eq!(seen().await, [true; 8]);
}

#[tokio::test]
async fn on24_37_sub_accounts_are_left_out_of_events_and_included_in_people() {
    let desk = Desk::new();
    let own = desk.on24.account().client_id();
    desk.register("own@example.com").await;
    let (first, first_event) = desk.child_event(0, "first@example.com").await;
    let (second, _) = desk.child_event(1, "second@example.com").await;
    let nested = desk.read("").await["subclients"][1]["subclients"][0]["id"].as_i64().unwrap();
    assert_eq!(desk.control("event", &json!({ "event_id": first_event, "client_id": nested })).0, 200);

    assert_eq!(desk.events("").await.len(), 0, "the own one is still to come");
    assert_eq!(desk.events("?includesubaccounts=N").await.len(), 0);
    let owners =
        |list: &[Value]| list.iter().map(|one| one["clientid"].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(owners(&desk.events("?includesubaccounts=Y").await), [nested, second]);
    let only = format!("?includesubaccounts=Y&subaccounts={second}");
    assert_eq!(owners(&desk.events(&only).await), [second]);

    let people = async |query: &str| {
        let people =
            desk.read(&format!("registrant{query}")).await["registrants"].as_array().unwrap().clone();
        owners(&people)
    };
    assert_eq!(people("").await, [own, nested, second]);
    assert_eq!(people("?excludesubaccounts=Y").await, [own]);
    assert_eq!(people(&format!("?subaccounts={nested},{second}")).await, [nested, second]);
    assert_eq!(people(&format!("?subaccounts={first}")).await, Vec::<i64>::new());
    assert_eq!(desk.read("registrant/second%40example.com/allevents").await["totalregistrants"], 1);
    let without = "registrant/second%40example.com/allevents?excludesubaccounts=Y";
    assert_eq!(desk.get(&desk.path(without)).await.0, 404);
    assert_eq!(desk.read("attendee?excludesubaccounts=Y").await["totalattendees"], 0);
}

#[tokio::test]
async fn on24_37_sub_accounts_that_contradict_or_do_not_exist_are_refused() {
    let desk = Desk::new();
    let (child, _) = desk.child_event(0, "first@example.com").await;
    let words = "You have to set includesubaccounts='Y' in order to filter by subaccounts.";
    assert_eq!(desk.refused(&format!("event?subaccounts={child}")).await, (400, words.to_owned()));
    let words = "You have to set excludesubaccounts='N' in order to filter by subaccounts.";
    for rest in ["registrant", "attendee", "registrant/first%40example.com/allevents"] {
        let refused = desk.refused(&format!("{rest}?excludesubaccounts=y&subaccounts={child}")).await;
        assert_eq!(refused, (400, words.to_owned()), "{rest}");
    }
    let own = desk.on24.account().client_id();
    for ids in [format!("{child},{own}"), format!("{child},7"), "x".to_owned(), ",".to_owned()] {
        let refused = desk.refused(&format!("registrant?subaccounts={ids}")).await;
        assert_eq!(refused, (400, ReadSettings::default().subaccounts_text), "{ids}");
    }
    desk.set(&json!({ "reads": { "subaccounts_text": "No such child." } }));
    let refused = desk.refused(&format!("event?includesubaccounts=Y&subaccounts={child},7")).await;
    assert_eq!(refused, (400, "No such child.".to_owned()));
}
