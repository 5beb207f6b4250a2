//! What a provider's adapter promises of registrants.

use webinar_bridge_domain::fault::{FaultKind, Missing};
use webinar_bridge_domain::person::Details;
use webinar_bridge_domain::port::{PersonOrder, RegisterOrder, Registrant, RegistrantQuery};
use webinar_bridge_domain::registration::Outcome;

use super::common::{PAGES, assert_same_person, fault, same_address};
use crate::subject::{Ability, ProviderSubject};
use crate::world::{
    KeyState, ProviderStage, ProviderWorld, Weather, ada, grace, people, scripts, with_longest_fields,
};

const CORRELATION: &str = "wb:5b0f2a53-7c55-5d0e-9a51-3d2a5c1e7f10";

fn order(stage: &ProviderStage, details: &Details) -> RegisterOrder {
    RegisterOrder {
        organization: stage.organization,
        event: stage.event.clone(),
        details: details.clone(),
        correlation: CORRELATION.to_owned(),
    }
}

fn person(stage: &ProviderStage, details: &Details) -> PersonOrder {
    PersonOrder {
        organization: stage.organization,
        event: stage.event.clone(),
        address: details.address.clone(),
    }
}

fn first_page(stage: &ProviderStage) -> RegistrantQuery {
    RegistrantQuery { organization: stage.organization, event: stage.event.clone(), page: None }
}

/// The whole list; `None` if it does not show writes at once.
async fn listed(s: &dyn ProviderSubject, stage: &ProviderStage) -> Option<Vec<Registrant>> {
    if !s.can(Ability::ListsAtOnce) {
        return None;
    }
    let (mut query, mut all) = (first_page(stage), vec![]);
    for _ in 0..PAGES {
        let page = s.registrar().registrants(&query).await.expect("the list can be read");
        all.extend(page.registrants);
        query.page = page.next;
        if query.page.is_none() {
            return Some(all);
        }
    }
    panic!("the list has no end");
}

/// The live registrants of that address; `None` if lists do not show writes at once.
async fn live(s: &dyn ProviderSubject, stage: &ProviderStage, who: &Details) -> Option<Vec<Registrant>> {
    let mut list = listed(s, stage).await?;
    list.retain(|found| found.live && same_address(&found.details.address, &who.address));
    Some(list)
}

async fn assert_live(s: &dyn ProviderSubject, stage: &ProviderStage, who: &Details) {
    if let Some(found) = live(s, stage, who).await {
        assert_eq!(found.len(), 1, "exactly one live registrant");
        assert_same_person(&found[0].details, who);
    }
}

async fn assert_not_live(s: &dyn ProviderSubject, stage: &ProviderStage, who: &Details) {
    if let Some(found) = live(s, stage, who).await {
        assert!(found.is_empty(), "nobody of that address is live");
    }
}

fn with(registered: Vec<Details>) -> ProviderWorld {
    ProviderWorld { registered, ..ProviderWorld::default() }
}

/// Somebody new is admitted, with the details as they were given and what proves that the row is ours.
pub async fn a_new_person_is_admitted(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(vec![])).await;
    let outcome = s.registrar().register(&order(&stage, &ada())).await.expect("a calm world");
    let Outcome::Admitted(person) = outcome else { panic!("not admitted: {outcome:?}") };
    assert_live(s, &stage, &ada()).await;
    if let Some(found) = live(s, &stage, &ada()).await {
        assert_eq!(found[0].correlation.as_deref(), Some(CORRELATION));
        assert!(person.is_none_or(|told| told == found[0].person), "another id than the list's");
    }
}

/// Registering twice leaves one registrant, with the newer details, under the same id.
pub async fn registering_twice_leaves_one_registrant_with_the_newer_details(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(vec![])).await;
    let first = s.registrar().register(&order(&stage, &ada())).await.expect("a calm world");
    let newer = Details { last_name: "King".into(), company: "Countess".into(), ..ada() };
    let second = s.registrar().register(&order(&stage, &newer)).await.expect("a calm world");
    assert_eq!(first, second, "the id stays");
    assert_live(s, &stage, &newer).await;
}

/// Amending changes the details of somebody who is there.
pub async fn amending_changes_who_is_there(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(vec![ada(), grace()])).await;
    let newer = Details { company: "Countess".into(), ..ada() };
    let outcome = s.registrar().amend(&order(&stage, &newer)).await.expect("a calm world");
    assert!(matches!(outcome, Outcome::Amended(_)), "{outcome:?}");
    assert_live(s, &stage, &newer).await;
    assert_live(s, &stage, &grace()).await;
}

/// Amending somebody unknown is an answer, and makes nobody.
pub async fn amending_the_unknown_makes_nobody(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(vec![grace()])).await;
    let outcome = s.registrar().amend(&order(&stage, &ada())).await;
    assert_eq!(outcome, Ok(Outcome::NotThere));
    assert_not_live(s, &stage, &ada()).await;
}

/// A cancel takes the person off the list, and nobody else.
pub async fn a_cancel_takes_one_person_off(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(vec![ada(), grace()])).await;
    let outcome = s.registrar().cancel(&person(&stage, &ada())).await;
    assert_eq!(outcome, Ok(Outcome::Cancelled));
    assert_not_live(s, &stage, &ada()).await;
    assert_live(s, &stage, &grace()).await;
}

/// Cancelling again, or somebody unknown, is as good as cancelled.
pub async fn a_cancel_of_nobody_is_as_good(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(vec![ada()])).await;
    assert_eq!(s.registrar().cancel(&person(&stage, &grace())).await, Ok(Outcome::NotThere));
    assert_eq!(s.registrar().cancel(&person(&stage, &ada())).await, Ok(Outcome::Cancelled));
    let again = s.registrar().cancel(&person(&stage, &ada())).await;
    assert!(matches!(again, Ok(Outcome::Cancelled | Outcome::NotThere)), "{again:?}");
    assert_not_live(s, &stage, &ada()).await;
}

/// Registering somebody who was cancelled makes them live again, with the details given then.
pub async fn registering_after_a_cancel_makes_live_again(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(vec![ada()])).await;
    s.registrar().cancel(&person(&stage, &ada())).await.expect("a calm world");
    let newer = Details { company: "Countess".into(), ..ada() };
    let outcome = s.registrar().register(&order(&stage, &newer)).await;
    assert!(matches!(outcome, Ok(Outcome::Admitted(_))), "{outcome:?}");
    assert_live(s, &stage, &newer).await;
}

/// A cancel after the start comes too late, which is an answer, and the person stays.
pub async fn a_cancel_after_the_start_is_too_late(s: &mut dyn ProviderSubject) {
    if !s.can(Ability::ClosesAtStart) {
        return;
    }
    let stage = s.arrange(ProviderWorld { started: true, ..with(vec![ada()]) }).await;
    assert_eq!(s.registrar().cancel(&person(&stage, &ada())).await, Ok(Outcome::TooLate));
    assert_live(s, &stage, &ada()).await;
}

/// Somebody can still register after the start.
pub async fn registering_after_the_start_is_welcome(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(ProviderWorld { started: true, ..with(vec![]) }).await;
    let outcome = s.registrar().register(&order(&stage, &ada())).await;
    assert!(matches!(outcome, Ok(Outcome::Admitted(_))), "{outcome:?}");
}

/// A person is known by the canonical address, however it is typed.
pub async fn case_and_blanks_make_no_second_person(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(vec![ada()])).await;
    let typed = Details {
        address: webinar_bridge_domain::person::Address::new(" Ada.Lovelace@Example.COM "),
        ..ada()
    };
    s.registrar().register(&order(&stage, &typed)).await.expect("a calm world");
    assert_live(s, &stage, &ada()).await;
    assert_eq!(s.registrar().cancel(&person(&stage, &typed)).await, Ok(Outcome::Cancelled));
    assert_not_live(s, &stage, &ada()).await;
}

/// A no to a person is an answer, in the provider's words, without the person's address in them.
pub async fn a_refusal_is_an_answer_without_the_address(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(vec![grace()])).await;
    let Some(refused) = stage.refused.clone().filter(|_| s.can(Ability::Refuses)) else { return };
    let outcome = s.registrar().register(&order(&stage, &refused)).await;
    let Ok(Outcome::Refused(words)) = outcome else { panic!("not refused: {outcome:?}") };
    let words = words.to_string().to_lowercase();
    assert!(!words.trim().is_empty(), "a refusal without words");
    assert!(!words.contains(&refused.address.as_typed().to_lowercase()), "the words tell the address");
    assert_not_live(s, &stage, &refused).await;
}

/// A person who is forgotten is there no more; one who never was is not there.
pub async fn the_forgotten_are_gone(s: &mut dyn ProviderSubject) {
    if !s.can(Ability::Forgets) {
        return;
    }
    let stage = s.arrange(with(vec![ada(), grace()])).await;
    assert_eq!(s.registrar().forget(&person(&stage, &ada())).await, Ok(Outcome::Forgotten));
    let again = s.registrar().forget(&person(&stage, &ada())).await;
    assert!(matches!(again, Ok(Outcome::NotThere | Outcome::Forgotten)), "{again:?}");
    assert_not_live(s, &stage, &ada()).await;
    assert_live(s, &stage, &grace()).await;
    let unknown = person(&stage, &people(1)[0]);
    assert_eq!(s.registrar().forget(&unknown).await, Ok(Outcome::NotThere));
}

/// The list has everybody, each once.
pub async fn the_list_has_everybody_once(s: &mut dyn ProviderSubject) {
    let everybody = people(120);
    let stage = s.arrange(with(everybody.clone())).await;
    let Some(list) = listed(s, &stage).await else { return };
    let mut found: Vec<_> = list.iter().map(|one| one.details.address.canonical()).collect();
    let mut expected: Vec<_> = everybody.iter().map(|one| one.address.canonical()).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert!(list.iter().all(|one| one.live));
}

/// Whoever was told so is listed so, however the list spells it; whoever was not, is not.
pub async fn the_list_shows_people_as_they_were_told(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(vec![])).await;
    let mut everybody = scripts();
    everybody.push(with_longest_fields());
    for details in &everybody {
        s.registrar().register(&order(&stage, details)).await.expect("admitted");
    }
    for details in &everybody {
        let Some(listed) = live(s, &stage, details).await else { return };
        let shows = |told: &Details| s.registrar().shows(told, &listed[0].details);
        assert!(shows(details), "the list shows something else than was told");
        assert!(!shows(&Details { last_name: "Otherwise".to_owned(), ..details.clone() }));
        assert!(!shows(&Details { company: "Elsewhere".to_owned(), ..details.clone() }));
        assert!(!shows(&Details { address: grace().address, ..details.clone() }));
    }
}

/// Names of every script, ampersands, quotes and plus addresses arrive as they were given.
pub async fn names_of_every_script_arrive_unchanged(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(vec![])).await;
    for details in scripts() {
        let outcome = s.registrar().register(&order(&stage, &details)).await;
        assert!(matches!(outcome, Ok(Outcome::Admitted(_))), "{outcome:?}");
    }
    for details in scripts() {
        assert_live(s, &stage, &details).await;
    }
    let one = &scripts()[0];
    assert_eq!(s.registrar().cancel(&person(&stage, one)).await, Ok(Outcome::Cancelled));
    assert_not_live(s, &stage, one).await;
}

/// The longest fields arrive whole.
pub async fn the_longest_fields_arrive_whole(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(vec![])).await;
    let outcome = s.registrar().register(&order(&stage, &with_longest_fields())).await;
    assert!(matches!(outcome, Ok(Outcome::Admitted(_))), "{outcome:?}");
    assert_live(s, &stage, &with_longest_fields()).await;
}

/// An event that is not there is missing, whatever is asked of it.
pub async fn an_unknown_event_is_missing(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(with(vec![ada()])).await;
    let nowhere = ProviderStage { event: stage.nowhere.clone(), ..stage };
    let gone = FaultKind::Gone { what: Missing::Webinar };
    let registrar = s.registrar();
    assert_eq!(fault(registrar.register(&order(&nowhere, &ada())).await, &ada()), gone);
    assert_eq!(fault(registrar.amend(&order(&nowhere, &ada())).await, &ada()), gone);
    assert_eq!(fault(registrar.cancel(&person(&nowhere, &ada())).await, &ada()), gone);
    assert_eq!(fault(registrar.registrants(&first_page(&nowhere)).await, &ada()), gone);
}

/// A wrong credential is named by its version.
pub async fn a_wrong_credential_is_named_by_version(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(ProviderWorld { key: KeyState::Wrong, ..with(vec![ada()]) }).await;
    let unauthorised = FaultKind::Unauthorised { version: stage.version };
    let registrar = s.registrar();
    assert_eq!(fault(registrar.register(&order(&stage, &ada())).await, &ada()), unauthorised);
    assert_eq!(fault(registrar.amend(&order(&stage, &ada())).await, &ada()), unauthorised);
    assert_eq!(fault(registrar.cancel(&person(&stage, &ada())).await, &ada()), unauthorised);
    assert_eq!(fault(registrar.registrants(&first_page(&stage)).await, &ada()), unauthorised);
}

/// A dropped answer is ambiguous: the effect may be there, and asking again leaves one registrant.
pub async fn a_dropped_answer_is_ambiguous_and_repeating_it_is_safe(s: &mut dyn ProviderSubject) {
    if !s.can(Ability::Weather) {
        return;
    }
    let stage = s.arrange(with(vec![grace()])).await;
    s.weather(Weather::DropsAnswers).await;
    let first = s.registrar().register(&order(&stage, &ada())).await;
    assert_eq!(fault(first, &ada()), FaultKind::Ambiguous);
    let cancel = s.registrar().cancel(&person(&stage, &grace())).await;
    assert_eq!(fault(cancel, &grace()), FaultKind::Ambiguous);
    s.weather(Weather::Calm).await;
    assert_live(s, &stage, &ada()).await;
    assert_not_live(s, &stage, &grace()).await;
    let again = s.registrar().register(&order(&stage, &ada())).await;
    assert!(matches!(again, Ok(Outcome::Admitted(_))), "{again:?}");
    assert_live(s, &stage, &ada()).await;
}

/// An answer to a write that nobody can read is ambiguous.
pub async fn a_garbled_answer_to_a_write_is_ambiguous(s: &mut dyn ProviderSubject) {
    if !s.can(Ability::Weather) {
        return;
    }
    let stage = s.arrange(with(vec![grace()])).await;
    s.weather(Weather::Garbles).await;
    let registrar = s.registrar();
    assert_eq!(fault(registrar.register(&order(&stage, &ada())).await, &ada()), FaultKind::Ambiguous);
    assert_eq!(fault(registrar.amend(&order(&stage, &grace())).await, &grace()), FaultKind::Ambiguous);
    assert_eq!(fault(registrar.registrants(&first_page(&stage)).await, &ada()), FaultKind::Transient);
}

/// A server error on a write is ambiguous, on a read it passes.
pub async fn a_server_error_is_ambiguous_on_a_write_only(s: &mut dyn ProviderSubject) {
    if !s.can(Ability::Weather) {
        return;
    }
    let stage = s.arrange(with(vec![ada()])).await;
    s.weather(Weather::Fails).await;
    let registrar = s.registrar();
    assert_eq!(fault(registrar.register(&order(&stage, &ada())).await, &ada()), FaultKind::Ambiguous);
    assert_eq!(fault(registrar.amend(&order(&stage, &ada())).await, &ada()), FaultKind::Ambiguous);
    assert_eq!(fault(registrar.cancel(&person(&stage, &ada())).await, &ada()), FaultKind::Ambiguous);
    assert_eq!(fault(registrar.registrants(&first_page(&stage)).await, &ada()), FaultKind::Transient);
}

/// A quota is no refusal: nothing was taken, and it does not say when to come back.
pub async fn a_quota_takes_nothing_and_names_no_time(s: &mut dyn ProviderSubject) {
    if !s.can(Ability::Weather) {
        return;
    }
    let stage = s.arrange(with(vec![grace()])).await;
    s.weather(Weather::Throttles).await;
    let throttled = FaultKind::Throttled { after: None };
    let registrar = s.registrar();
    assert_eq!(fault(registrar.register(&order(&stage, &ada())).await, &ada()), throttled);
    assert_eq!(fault(registrar.cancel(&person(&stage, &grace())).await, &grace()), throttled);
    assert_eq!(fault(registrar.registrants(&first_page(&stage)).await, &ada()), throttled);
    s.weather(Weather::Calm).await;
    assert_not_live(s, &stage, &ada()).await;
    assert_live(s, &stage, &grace()).await;
}
