//! The account's reference lists.

use serde_json::{Value, json};

use super::details::{ACCOUNT_TAGS, AccountTag};
use super::programme::PRESENTER;

/// Somebody on ON24's side, or on the account's.
struct Contact {
    id: i64,
    first_name: &'static str,
    last_name: &'static str,
    email: &'static str,
}

const CONTACTS: [Contact; 2] = [
    Contact { id: 162_301, first_name: "Grace", last_name: "Example", email: "grace@on24.example" },
    Contact { id: 162_302, first_name: "Änne", last_name: "Beispiel", email: "aenne@on24.example" },
];

/// `{key: […]}` with an id of that name, which is a text in most lists. ON24 writes `accountmangerid`, not otherwise.
pub(super) fn contacts(key: &str, id: &str, is_number: bool) -> Value {
    let contacts = CONTACTS.iter().map(|contact| {
        let number = if is_number { json!(contact.id) } else { json!(contact.id.to_string()) };
        json!({ id: number, "firstname": contact.first_name, "lastname": contact.last_name, "email": contact.email,
                "primaryphone": "415-555-0100", "secondaryphone": "415-555-0101" })
    });
    json!({ key: contacts.collect::<Value>() })
}

pub(super) fn technical_contacts() -> Value {
    let contacts = CONTACTS.iter().map(|contact| {
        json!({ "contactid": contact.id, "contactname": format!("{} {}", contact.first_name, contact.last_name) })
    });
    json!({ "technicalcontacts": contacts.collect::<Value>() })
}

pub(super) fn event_profiles() -> Value {
    json!({ "eventprofiles": [
        { "eventprofileid": "918", "eventprofilename": "Standard (918)" },
        { "eventprofileid": "1200", "eventprofilename": "Large (1200)" },
    ] })
}

pub(super) fn account_tags() -> Value {
    let tag = |tag: &AccountTag| json!({ "tagid": tag.id, "tagname": tag.name });
    let groups = ACCOUNT_TAGS.chunk_by(|one, next| one.group == next.group).filter_map(|group| {
        let first = group.first()?;
        let tags: Value = group.iter().map(tag).collect();
        Some(json!({ "groupid": first.group, "groupname": first.group_name, "tags": tags }))
    });
    json!({ "customaccounttags": groups.collect::<Value>() })
}

/// Who spoke at an event, in the practice before it or in the event itself.
pub(super) fn presenter() -> Value {
    json!({ "presenterid": PRESENTER.id, "firstname": PRESENTER.first_name, "lastname": PRESENTER.last_name,
            "email": PRESENTER.email, "accessmode": "Producer" })
}
