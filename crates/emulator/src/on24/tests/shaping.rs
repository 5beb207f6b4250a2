use super::*;

/// An event that is over, at which many people were.
async fn over() -> Desk {
    let desk = Desk::new();
    desk.register_crowd(300).await;
    desk.post(
        "",
        &[("firstname", "A"), ("lastname", "B"), ("email", "last@example.com"), ("exteventusercd", "7")],
    )
    .await;
    desk.clock.advance(SignedDuration::from_hours(7 * 24 + 100));
    desk
}

fn lists<'a>(people: &'a [Value], name: &str) -> Vec<&'a Value> {
    people.iter().filter_map(|one| one[name].as_array()).flatten().collect()
}

#[tokio::test]
async fn on24_30_missing_values_are_absent_null_or_empty() {
    let desk = Desk::new();
    desk.register("ada@example.com").await;
    let city = async || desk.registrants("").await[0].get("city").cloned();
    let campaign = async || {
        let event = desk.read(&format!("event/{}", desk.event)).await;
        (event.get("promotionalsummary").cloned(), event.get("tags").cloned())
    };
    assert_eq!((city().await, campaign().await), (None, (None, None)));
    desk.set(&json!({ "reads": { "missing_values": "null" } }));
    assert_eq!(city().await, Some(Value::Null));
    assert_eq!(campaign().await, (Some(Value::Null), Some(Value::Null)));
    desk.set(&json!({ "reads": { "missing_values": "empty" } }));
    assert_eq!((city().await, campaign().await), (Some(json!("")), (Some(json!("")), Some(json!("")))));
    assert_eq!(desk.control("settings", &json!({ "reads": { "missing_values": "gone" } })).0, 400);
    desk.set(&json!({ "reads": { "missing_values": "absent" } }));
    assert_eq!(city().await, None);
}

#[tokio::test]
async fn on24_31_the_same_thing_has_another_type_elsewhere() {
    let desk = over().await;
    let came = desk.attendees().await;
    let clicks = lists(&came, "calltoactions");
    assert!(
        !clicks.is_empty() && clicks.iter().all(|one| one["ctaid"].is_string() && one["clicks"].is_string())
    );
    let calls = desk.read_event("cta").await;
    assert!(calls["calltoactions"].as_array().unwrap().iter().all(|call| call["ctaid"].is_i64()));
    let (drifts, prices) = (lists(&came, "drift"), lists(&came, "getpricing"));
    assert!(!drifts.is_empty() && drifts.iter().all(|widget| widget["widgetid"].is_string()));
    assert!(!prices.is_empty() && prices.iter().all(|widget| widget["widgetid"].is_i64()));
    let answered: Vec<Value> =
        lists(&came, "surveys").iter().map(|survey| survey["surveyquestions"].clone()).collect();
    let codes: Vec<&Value> = answered
        .iter()
        .flat_map(|of| of.as_array().unwrap())
        .filter_map(|one| one.get("questioncode"))
        .collect();
    assert!(!codes.is_empty() && codes.iter().all(|code| code.is_string()));
    let surveys = desk.read_event("survey").await;
    assert_eq!(surveys["surveys"][0]["surveyid"], format!("{}_survey1", desk.event));
    assert!(surveys["surveys"][0]["surveyquestions"][0]["questioncode"].is_i64());
    let registrant = &desk.registrants("?email=last@example.com").await[0];
    assert_eq!((&registrant["exteventusercd"], &registrant["marketingemail"]), (&json!("7"), &json!("N")));
    let event = desk.read(&format!("event/{}", desk.event)).await;
    assert!(event["isactive"].is_boolean() && event["iseliteexpired"] == "N");
    let questions = lists(&came, "questions");
    assert!(!questions.is_empty() && questions.iter().all(|one| one["foldername"].is_string()));
    assert!(came.iter().all(|one| one["engagementscore"].is_f64()));
    let managers = desk.read("eventmanager").await["eventmanagers"][0]["adminid"].clone();
    let accounts = desk.read("accountmanager").await["accountmanagers"][0]["accountmangerid"].clone();
    assert!(managers.is_string() && accounts.is_i64());
    assert!(desk.read("eventprofile").await["eventprofiles"][0]["eventprofileid"].is_string());
}

#[tokio::test]
async fn on24_32_shapes_differ_by_where_they_are_read() {
    let desk = over().await;
    let came = desk.attendees().await;
    assert!(came.iter().all(|one| one.get("firstname").is_none() && one.get("company").is_none()));
    let email = came[0]["email"].as_str().unwrap().replace('@', "%40");
    let bare = desk.read(&format!("attendee/{email}")).await;
    assert_eq!((&bare["email"], &bare["eventid"]), (&came[0]["email"], &json!(desk.event)));
    let wrapped = desk.read(&format!("registrant/{email}")).await;
    assert_eq!(wrapped.as_object().unwrap().keys().collect::<Vec<_>>(), ["registrant"]);
    assert_eq!(wrapped["registrant"]["email"], came[0]["email"]);
    assert!(wrapped["registrant"].get("createtimestamp").is_none());
    let sessions = desk.read_event("attendeesession").await;
    let sessions = sessions["attendeesession"].as_array().unwrap();
    for session in sessions {
        let parts: Vec<u64> =
            session["duration"].as_str().unwrap().split(':').map(|part| part.parse().unwrap()).collect();
        let time = |name: &str| session[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        let seconds = (time("endtime") - time("starttime")).get_seconds();
        assert_eq!(seconds.unsigned_abs(), parts[0] * 3600 + parts[1] * 60 + parts[2]);
        assert!(["Live", "Archived"].contains(&session["usage"].as_str().unwrap()));
    }
    let of = async |kind: &str| {
        let list = desk.read_event(&format!("attendeesession?sessiontype={kind}&itemsperpage=1")).await;
        list["totalattendeesessions"].as_u64().unwrap()
    };
    assert_eq!(of("Live").await + of("ondemand").await, of("all").await);
    assert_eq!((of("blocked").await, of("live").await > 0), (0, true));
    desk.patch("", &[("email", came[0]["email"].as_str().unwrap()), ("isblocked", "Y")]).await;
    assert_eq!(of("blocked").await, came[0]["attendeesessions"].as_u64().unwrap());
}

#[tokio::test]
async fn on24_33_odd_numbers_occur() {
    let desk = over().await;
    let came = desk.attendees().await;
    assert!(came.iter().any(|one| one["liveviewed"] == 1 && one["liveminutes"] == 0));
    assert!(came.iter().any(|one| one["archiveviewed"] == 1 && one["archiveminutes"] == 0));
    let later = came.iter().filter(|one| one["liveviewed"] == 0);
    assert!(later.clone().count() > 0 && later.clone().all(|one| one.get("firstliveactivity").is_none()));
    let still = |one: &&Value| {
        one["firstliveactivity"] == one["lastliveactivity"] && one["liveminutes"].as_u64() > Some(30)
    };
    assert!(came.iter().any(|one| still(&one)));

    let desk = Desk::new();
    desk.register_crowd(2).await;
    let (_, sums) = desk.hold(&json!({ "event_id": desk.event, "seed": 7, "guests": 8 }));
    assert!(sums["attendees"].as_u64() >= Some(8));
    let event = desk.read(&format!("event/{}", desk.event)).await;
    let analytics = &event["eventanalytics"];
    assert!(analytics["noshowcount"].as_i64() < Some(0), "{analytics}");
    assert_eq!(analytics["totalregistrants"], 2);
    let known: Vec<Value> = desk.registrants("").await.iter().map(|one| one["eventuserid"].clone()).collect();
    let came = desk.attendees().await;
    let guest = came.iter().find(|one| !known.contains(&one["eventuserid"])).unwrap();
    let email = guest["email"].as_str().unwrap();
    let path = email.replace('+', "%2B").replace('@', "%40");
    assert_eq!(desk.read(&format!("attendee/{path}")).await["eventuserid"], guest["eventuserid"]);
    assert_eq!(desk.get(&desk.path(&format!("registrant/{path}"))).await.0, 404);
    let fresh = desk.register(email).await;
    assert_ne!(guest["eventuserid"], fresh, "who registers later is somebody new");
    assert_eq!(
        desk.hold(&json!({ "event_id": desk.event, "seed": 7, "guests": 8 })).1["attendees"]
            .as_u64()
            .unwrap()
            - sums["attendees"].as_u64().unwrap(),
        u64::from(desk.attendees().await.len() as u64 > sums["attendees"].as_u64().unwrap())
    );
}

#[tokio::test]
async fn on24_34_in_real_time_the_warehouse_is_left_out() {
    let desk = over().await;
    let usual = desk.read("attendee").await["attendees"].as_array().unwrap().clone();
    let now = desk.read("attendee?realtimeonly=Y").await["attendees"].as_array().unwrap().clone();
    let missing = [
        "engagementscore",
        "firstliveactivity",
        "lastliveactivity",
        "firstarchiveactivity",
        "lastarchiveactivity",
        "askedquestions",
        "resourcesdownloaded",
        "answeredpolls",
        "answeredsurveys",
        "cumulativeliveminutes",
        "cumulativearchiveminutes",
    ];
    assert!(!now.is_empty() && now.len() == usual.len());
    for (one, known) in now.iter().zip(&usual) {
        let mut known = known.as_object().unwrap().clone();
        known.retain(|name, _| !missing.contains(&name.as_str()));
        assert_eq!(one, &Value::Object(known));
    }
    desk.set(&json!({ "reads": { "documented_lag": true } }));
    desk.register("late@example.com").await;
    let fresh = Desk::new();
    fresh.set(&json!({ "reads": { "documented_lag": true } }));
    fresh.register_crowd(40).await;
    fresh.clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    let today = fresh.clock.now() + SignedDuration::from_hours(96);
    let today = today.strftime("%Y-%m-%d").to_string();
    assert_eq!(fresh.read(&format!("attendee?enddate={today}")).await["totalattendees"], 0);
    let at_once = fresh.read(&format!("attendee?enddate={today}&realtimeonly=Y")).await;
    assert!(at_once["totalattendees"].as_u64() > Some(0), "what is known at once needs no warehouse");
}
