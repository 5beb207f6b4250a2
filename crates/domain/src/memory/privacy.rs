use std::collections::BTreeMap;

use async_trait::async_trait;
use uuid::Uuid;

use super::code::{Reader, Writer};
use super::mix::digest;
use crate::fault::{Code, Fault, FaultKind, Peer};
use crate::id::OrganizationId;
use crate::person::{Address, Details, Digest, EmailKey, SealedDetails, SealedPerson};
use crate::port::{ConcealOrder, KeysOrder, Privacy, RevealOrder};

/// A privacy that hides nothing: what it "seals" stands there in clear, and its keys and digests are mixed without any
/// secret. It keeps the promises of the port towards honest callers, and protects nobody at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainPrivacy;

#[async_trait]
impl Privacy for PlainPrivacy {
    async fn conceal(&self, people: &ConcealOrder) -> Result<Vec<SealedPerson>, Fault> {
        people.people.iter().map(|(row, details)| seal(people.organization, *row, details)).collect()
    }

    async fn reveal(&self, sealed: &RevealOrder) -> Result<Vec<Details>, Fault> {
        let open = |(row, sealed_details): &(Uuid, SealedDetails)| {
            read(sealed.organization, *row, sealed_details)
                .ok_or_else(|| not_valid("details", "privacy.details_invalid"))
        };
        sealed.sealed.iter().map(open).collect()
    }

    async fn keys(&self, addresses: &KeysOrder) -> Result<Vec<Option<EmailKey>>, Fault> {
        Ok(addresses.addresses.iter().map(|address| key(addresses.organization, address)).collect())
    }
}

fn not_valid(field: &'static str, code: &'static str) -> Fault {
    Fault::new(FaultKind::Invalid { field: Code::new(field) }, Peer::Vault, "privacy", Code::new(code))
}

fn key(organization: OrganizationId, address: &Address) -> Option<EmailKey> {
    let canonical = address.canonical()?;
    Some(EmailKey::new(digest(&[b"key", organization.uuid().as_bytes(), canonical.as_bytes()])))
}

fn write(details: &Details) -> Writer {
    let Details { address, first_name, last_name, company, job_title, more } = details;
    let fields = [address.as_typed(), first_name, last_name, company, job_title];
    let more = more.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    fields.into_iter().chain(more).fold(Writer::default(), |writer, text| writer.put(text.as_bytes()))
}

fn seal(organization: OrganizationId, row: Uuid, details: &Details) -> Result<SealedPerson, Fault> {
    let key =
        key(organization, &details.address).ok_or_else(|| not_valid("email", "privacy.address_unusable"))?;
    let of = organization.uuid();
    let everything = write(details).close(&[]);
    Ok(SealedPerson {
        key,
        digest: Digest::new(digest(&[b"digest", of.as_bytes(), &everything])),
        details: SealedDetails::new(write(details).close(&[of.as_bytes(), row.as_bytes()])),
    })
}

fn read(organization: OrganizationId, row: Uuid, sealed: &SealedDetails) -> Option<Details> {
    let mut reader = Reader::open(sealed.as_bytes(), &[organization.uuid().as_bytes(), row.as_bytes()])?;
    let mut details = Details {
        address: Address::new(reader.text()?),
        first_name: reader.text()?,
        last_name: reader.text()?,
        company: reader.text()?,
        job_title: reader.text()?,
        more: BTreeMap::new(),
    };
    while !reader.is_done() {
        details.more.insert(reader.text()?, reader.text()?);
    }
    Some(details)
}
