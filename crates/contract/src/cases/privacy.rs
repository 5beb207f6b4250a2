//! What a privacy promises.

use uuid::Uuid;
use webinar_bridge_domain::fault::FaultKind;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::person::{Address, Details, SealedDetails, SealedPerson};
use webinar_bridge_domain::port::{ConcealOrder, KeysOrder, RevealOrder};

use super::common::fault;
use crate::subject::{Ability, PrivacySubject};
use crate::world::{ada, grace, scripts, with_longest_fields};

fn organization(n: u128) -> OrganizationId {
    Uuid::from_u128(n).into()
}

fn row(n: u128) -> Uuid {
    Uuid::from_u128(0x70_0000 + n)
}

async fn concealed(s: &dyn PrivacySubject, of: u128, people: Vec<(Uuid, Details)>) -> Vec<SealedPerson> {
    let count = people.len();
    let order = ConcealOrder { organization: organization(of), people };
    let sealed = s.privacy().conceal(&order).await.expect("people with addresses");
    assert_eq!(sealed.len(), count);
    sealed
}

async fn one(s: &dyn PrivacySubject, of: u128, row: Uuid, details: Details) -> SealedPerson {
    concealed(s, of, vec![(row, details)]).await.remove(0)
}

fn reveal(of: u128, sealed: Vec<(Uuid, SealedDetails)>) -> RevealOrder {
    RevealOrder { organization: organization(of), sealed }
}

/// Details come back as they were, in order, of every script and length.
pub async fn details_come_back_as_they_were(s: &mut dyn PrivacySubject) {
    let mut people = scripts();
    people.push(with_longest_fields());
    people.push(Details { more: [("std1".to_owned(), "poetical & <b>".to_owned())].into(), ..ada() });
    let rows: Vec<_> = (0..).map(row).zip(people.iter().cloned()).collect();
    let sealed = concealed(s, 1, rows.clone()).await;
    let order = rows.iter().map(|(row, _)| *row).zip(sealed.into_iter().map(|one| one.details)).collect();
    let opened = s.privacy().reveal(&reveal(1, order)).await.expect("their own rows");
    assert!(opened == people, "details came back changed");
}

/// Nobody to seal, and nobody to open, is fine.
pub async fn nobody_is_sealed_and_opened(s: &mut dyn PrivacySubject) {
    assert!(concealed(s, 1, vec![]).await.is_empty());
    assert_eq!(s.privacy().reveal(&reveal(1, vec![])).await.map(|all| all.len()), Ok(0));
}

/// Details of one row or organization do not open as another's.
pub async fn details_of_another_do_not_open(s: &mut dyn PrivacySubject) {
    let sealed = one(s, 1, row(1), ada()).await.details;
    one(s, 2, row(1), grace()).await;
    for order in [reveal(1, vec![(row(2), sealed.clone())]), reveal(2, vec![(row(1), sealed)])] {
        let kind = fault(s.privacy().reveal(&order).await.map(|_| ()), &ada());
        assert!(matches!(kind, FaultKind::Invalid { .. }), "{kind:?}");
    }
}

/// Details with a bit changed, cut, or made up do not open.
pub async fn changed_details_do_not_open(s: &mut dyn PrivacySubject) {
    let sealed = one(s, 1, row(1), ada()).await.details;
    let whole = sealed.as_bytes();
    let mut broken = vec![whole[..whole.len() - 1].to_vec(), vec![], vec![0xff; 300], [whole, &[0]].concat()];
    for place in 0..whole.len() {
        let mut bytes = whole.to_vec();
        bytes[place] ^= 1 << (place % 8);
        broken.push(bytes);
    }
    for bytes in broken {
        let order = reveal(1, vec![(row(1), SealedDetails::new(bytes))]);
        let kind = fault(s.privacy().reveal(&order).await.map(|_| ()), &ada());
        assert!(matches!(kind, FaultKind::Invalid { .. }), "{kind:?}");
    }
}

/// A person has one key in an organization, however the address is typed and whatever else is known; other people,
/// and other organizations, have others.
pub async fn a_person_has_one_key_in_an_organization(s: &mut dyn PrivacySubject) {
    let typed =
        Details { address: Address::new("  ADA.Lovelace@example.COM"), company: "Countess".into(), ..ada() };
    let people = vec![(row(1), ada()), (row(2), typed), (row(3), grace())];
    let here = concealed(s, 1, people).await;
    assert_eq!(here[0].key, here[1].key);
    assert_ne!(here[0].key, here[2].key);
    assert_ne!(here[0].key, one(s, 2, row(1), ada()).await.key, "two organizations know a person by one key");
}

/// Equal details have equal digests, in any row; any other field makes another digest.
pub async fn a_digest_tells_whether_details_differ(s: &mut dyn PrivacySubject) {
    let first = one(s, 1, row(1), ada()).await.digest;
    assert_eq!(one(s, 1, row(2), ada()).await.digest, first);
    assert_ne!(one(s, 2, row(1), ada()).await.digest, first, "digests of two organizations can be compared");
    let more = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
    for other in [
        Details { first_name: "Augusta".into(), ..ada() },
        Details { last_name: "King".into(), ..ada() },
        Details { company: String::new(), ..ada() },
        Details { job_title: "Countess".into(), ..ada() },
        Details { more: more("std1", "x"), ..ada() },
        Details { first_name: "AdaL".into(), last_name: "ovelace".into(), ..ada() },
        Details { address: Address::new("ada@example.com"), ..ada() },
    ] {
        assert_ne!(one(s, 1, row(1), other).await.digest, first, "a changed field has the same digest");
    }
    let std1 = one(s, 1, row(1), Details { more: more("std1", "x"), ..ada() }).await.digest;
    let std2 = one(s, 1, row(1), Details { more: more("std2", "x"), ..ada() }).await.digest;
    assert_ne!(std1, std2);
}

/// The keys that find people are those they are sealed under; an address without a canonical form has none.
pub async fn keys_find_whom_they_were_made_for(s: &mut dyn PrivacySubject) {
    let sealed = one(s, 1, row(1), ada()).await;
    let addresses = ["Ada.Lovelace@EXAMPLE.com", "nobody", "", "grace.hopper@example.com"].map(Address::new);
    let order = KeysOrder { organization: organization(1), addresses: addresses.into() };
    let keys = s.privacy().keys(&order).await.expect("a calm world");
    assert_eq!(keys.len(), 4);
    assert_eq!(keys[0], Some(sealed.key));
    assert_eq!((keys[1], keys[2]), (None, None));
    assert_eq!(keys[3], Some(one(s, 1, row(2), grace()).await.key));
}

/// Somebody without a usable address cannot be sealed.
pub async fn nobody_without_an_address_is_sealed(s: &mut dyn PrivacySubject) {
    let nobody = Details { address: Address::new("nobody"), ..ada() };
    let order = ConcealOrder { organization: organization(1), people: vec![(row(1), nobody)] };
    let kind = fault(s.privacy().conceal(&order).await.map(|_| ()), &ada());
    assert!(matches!(kind, FaultKind::Invalid { .. }), "{kind:?}");
}

/// What is sealed does not show who it is.
pub async fn sealed_details_show_nobody(s: &mut dyn PrivacySubject) {
    if !s.can(Ability::Conceals) {
        return;
    }
    let sealed = one(s, 1, row(1), ada()).await;
    for clear in ["Lovelace", "ada.lovelace", "Analytical"] {
        let shows = sealed.details.as_bytes().windows(clear.len()).any(|window| window == clear.as_bytes());
        assert!(!shows, "a clear name stands in the sealed details");
    }
    assert_ne!(one(s, 1, row(1), ada()).await.details, sealed.details, "equal details look equal");
}
