//! Which of the operations that ON24 documents are served. Those of media, widgets and content are not.

use super::*;

const SERVED: &str = "
    GET .
    GET attendee
    GET attendee/a@b.example
    GET attendee/a@b.example/allevents
    GET customaccounttag
    GET event
    POST event
    GET event/7
    PUT event/7
    DELETE event/7
    GET event/7/attendee
    GET event/7/attendeesession
    GET event/7/cta
    POST event/7/forgetall
    GET event/7/groupchat
    GET event/7/poll
    GET event/7/regfield
    GET event/7/registrant
    POST event/7/registrant
    PATCH event/7/registrant
    GET event/7/resource
    GET event/7/survey
    GET accountmanager
    GET eventmanager
    GET eventprofile
    GET eventtypes
    POST forget
    POST forgetall
    GET languages
    GET lead
    GET lead/a@b.example
    GET registrant
    GET registrant/a@b.example
    PATCH registrant/a@b.example
    GET registrant/a@b.example/allevents
    GET salesrep
    GET signalrep
    GET technicalrep
    GET timezones
    GET engagedaccount
    GET event/7/calendarreminder
    GET event/7/certifications
    GET event/7/email
    GET event/7/emailstatistics
    GET event/7/presenter
    GET event/7/presenterchat
    GET presenter
    GET surveylibrary
    GET tokens
    GET userquestions
    GET users";

const NOT_SERVED: &str = "
    GET ehub/7/content
    PUT event/7/calendarreminder
    GET event/7/contentactivity
    PUT event/7/email/7
    POST event/7/relatedcontent
    GET event/7/slides
    POST event/7/slides
    POST event/7/speakerbio
    DELETE event/7/speakerbio
    POST event/7/surveyquestions
    POST event/7/textwithbanner
    DELETE event/7/vtt
    GET mediamanager
    POST mediamanager/document
    POST mediamanager/uploadvideo
    GET mediamanager/7";

fn operations_of(list: &str) -> Vec<&'static str> {
    let desk = Desk::new();
    let calls = list.lines().filter_map(|line| line.trim().split_once(' '));
    let calls = calls.map(|(method, path)| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Call::bare(method, &desk.path(path.trim_matches('.')))
    });
    calls.map(|call| desk.on24.operation(&call)).collect()
}

#[test]
fn every_documented_operation_is_served_or_known_not_to_be() {
    let mut served = operations_of(SERVED);
    served.push("other");
    served.sort_unstable();
    let mut names = route::operations().to_vec();
    names.sort_unstable();
    assert_eq!(served, names, "each operation is one documented method and path");
    let others = operations_of(NOT_SERVED);
    assert!(others.iter().all(|operation| *operation == "other"));
    assert_eq!(served.len() - 1 + others.len(), 67);
}
