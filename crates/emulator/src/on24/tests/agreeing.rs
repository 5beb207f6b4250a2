//! The same attendance, asked for at different places, has the same numbers.

use std::collections::BTreeMap;

use super::*;

struct Over {
    desk: Desk,
    came: Vec<Value>,
}

impl Over {
    async fn new() -> Self {
        let desk = Desk::new();
        desk.register_crowd(250).await;
        desk.hold(&json!({ "event_id": desk.event, "seed": 7, "ondemand": true }));
        let came = desk.attendees().await;
        Self { desk, came }
    }

    fn sum(&self, name: &str) -> u64 {
        self.came.iter().map(|one| one[name].as_u64().unwrap()).sum()
    }

    fn all(&self, list: &str) -> Vec<&Value> {
        self.came.iter().filter_map(|one| one[list].as_array()).flatten().collect()
    }
}

#[tokio::test]
async fn minutes_are_those_of_the_sessions() {
    let over = Over::new().await;
    let mut seconds: BTreeMap<(i64, String), u64> = BTreeMap::new();
    let mut launches: BTreeMap<i64, u64> = BTreeMap::new();
    for page in 0..9 {
        let rest = over.desk.event_path(&format!("attendeesession?pageoffset={page}"));
        let (status, body) = over.desk.get(&rest).await;
        if status != 200 {
            break;
        }
        for session in body["attendeesession"].as_array().unwrap() {
            let time = |name: &str| session[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
            let id = session["id"].as_i64().unwrap();
            let length = (time("endtime") - time("starttime")).get_seconds().unsigned_abs();
            *seconds.entry((id, session["usage"].as_str().unwrap().to_owned())).or_default() += length;
            *launches.entry(id).or_default() += 1;
        }
    }
    for one in &over.came {
        let id = one["eventuserid"].as_i64().unwrap();
        let of = |usage: &str| seconds.get(&(id, usage.to_owned())).copied().unwrap_or_default() / 60;
        assert_eq!(one["cumulativeliveminutes"], of("Live"));
        assert_eq!(one["cumulativearchiveminutes"], of("Archived"));
        assert_eq!(one["attendeesessions"], launches[&id]);
        assert_eq!(
            one["liveviewed"].as_u64().unwrap() + one["archiveviewed"].as_u64().unwrap(),
            launches[&id]
        );
        assert!(one["liveminutes"].as_u64() <= one["cumulativeliveminutes"].as_u64());
        assert!(one["livemediaplayerminutes"].as_u64() <= one["cumulativeliveminutes"].as_u64());
    }
}

#[tokio::test]
async fn the_event_s_counters_are_sums_over_its_people() {
    let over = Over::new().await;
    let event = over.desk.read(&format!("event/{}", over.desk.event)).await;
    let counted = |name: &str| event["eventanalytics"][name].as_u64().unwrap();
    assert_eq!(counted("totalregistrants"), 250);
    assert_eq!(counted("totalattendees"), over.came.len() as u64);
    assert_eq!(counted("noshowcount"), 250 - over.came.len() as u64);
    for (counter, name) in [
        ("totalcumulativeliveminutes", "cumulativeliveminutes"),
        ("totalcumulativearchiveminutes", "cumulativearchiveminutes"),
        ("totallivemediaplayerminutes", "livemediaplayerminutes"),
        ("numberofquestionsasked", "askedquestions"),
        ("numberofpollresponses", "answeredpolls"),
        ("numberofsurveyresponses", "answeredsurveys"),
        ("uniqueattendeeresourcedownloads", "resourcesdownloaded"),
    ] {
        assert_eq!(counted(counter), over.sum(name), "{counter}");
        assert!(over.sum(name) > 0, "{counter}");
    }
    let count = |list: &str, wanted: fn(&Value) -> bool| {
        over.all(list).into_iter().filter(|one| wanted(one)).count() as u64
    };
    assert_eq!(counted("numberofquestionsanswered"), count("questions", |one| one.get("answer").is_some()));
    assert_eq!(counted("numberofmeetingconversions"), count("meetingconversions", |_| true));
    assert_eq!(counted("numberofdrifts"), count("drift", |_| true));
    assert_eq!(counted("numberoftestssubmitted"), count("testwidgets", |_| true));
    assert_eq!(counted("numberoftestspassed"), count("testwidgets", |one| one["testwidgetresult"] == "P"));
    let clicks: u64 = over
        .all("calltoactions")
        .iter()
        .map(|one| one["clicks"].as_str().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(counted("numberofctaclicks"), clicks);
    let live = over.came.iter().filter(|one| one["liveviewed"] != 0).count() as u64;
    assert_eq!(counted("liveattendees"), live);
    assert_eq!(counted("averageliveminutes"), over.sum("cumulativeliveminutes") / live, "by person");
    assert_eq!(
        counted("averagecumulativeliveminutes"),
        over.sum("cumulativeliveminutes") / over.sum("liveviewed"),
        "by launch"
    );
    let codes = event["partnerrefstats"].as_array().unwrap();
    assert_eq!(codes.as_slice(), [json!({ "code": "-", "count": 250 })]);
}

#[tokio::test]
async fn polls_and_surveys_count_the_attendees_answers() {
    let over = Over::new().await;
    for poll in over.desk.read_event("poll").await["polls"].as_array().unwrap() {
        let answered: Vec<&Value> =
            over.all("polls").into_iter().filter(|one| one["pollid"] == poll["pollid"]).collect();
        let votes: Vec<&Value> =
            answered.iter().flat_map(|one| one["pollanswers"].as_array().unwrap()).collect();
        assert!(answered.iter().all(|one| one["pollquestion"] == poll["pollquestion"]));
        assert_eq!(poll["totalvotes"], votes.len());
        for choice in poll["summary"].as_array().unwrap() {
            let chosen = votes.iter().filter(|vote| **vote == &choice["answer"]).count();
            let exact = f64::from(u32::try_from(chosen).unwrap()) * 100.0
                / f64::from(u32::try_from(votes.len()).unwrap());
            assert!((choice["percentage"].as_f64().unwrap() - exact).abs() < 0.051, "{choice} {exact}");
        }
    }
    let survey = &over.desk.read_event("survey").await["surveys"][0];
    let given: Vec<Value> = over
        .all("surveys")
        .iter()
        .flat_map(|one| one["surveyquestions"].as_array().unwrap().clone())
        .collect();
    for question in survey["surveyquestions"].as_array().unwrap() {
        let answered = given.iter().filter(|one| one["surveyquestionid"] == question["questionid"]).count();
        assert_eq!(question["responses"], answered, "{question}");
        assert_eq!(question.get("surveyanswer").is_some(), question["questiontype"] != "singletext");
    }
    let fresh = Desk::new();
    let survey = fresh.read_event("survey").await;
    assert!(
        survey["surveys"][0]["surveyquestions"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one.get("surveyanswer").is_none())
    );
}

#[tokio::test]
async fn handouts_calls_and_chats_count_the_attendees() {
    let over = Over::new().await;
    let resources = over.desk.read_event("resource").await;
    let viewed = resources["resourcesviewed"].as_array().unwrap();
    assert_eq!(
        resources["totalresources"],
        viewed.len() + resources["resourcesnotviewed"].as_array().unwrap().len()
    );
    for handout in viewed {
        let people = over
            .all("resources")
            .into_iter()
            .filter(|one| one["resourceid"] == handout["resourceid"])
            .count();
        assert_eq!(handout["uniquedownloads"], people);
        assert!(handout["totaldownloads"].as_u64() >= handout["uniquedownloads"].as_u64());
    }
    for call in over.desk.read_event("cta").await["calltoactions"].as_array().unwrap() {
        let id = call["ctaid"].to_string();
        let clicked: Vec<&Value> =
            over.all("calltoactions").into_iter().filter(|one| one["ctaid"] == id.as_str()).collect();
        assert_eq!(call["uniqueclicks"], clicked.len());
        let clicks: u64 =
            clicked.iter().map(|one| one["clicks"].as_str().unwrap().parse::<u64>().unwrap()).sum();
        assert_eq!(call["totalclicks"], clicks);
    }
    let chat = over.desk.read_event("groupchat").await;
    let messages = chat["groupchats"][0]["chatmessages"].as_array().unwrap();
    let event = over.desk.read(&format!("event/{}", over.desk.event)).await;
    assert_eq!(event["eventanalytics"]["numberofgroupchatmessagessubmitted"], messages.len());
    assert!(messages.iter().all(|one| one["eventuserid"].is_i64()), "the presenter greets when it begins");
}
