//! Doorkeeper: the doors at which CRMs say that rows changed, and what is heard there.

use super::Base;
use crate::endpoint::{Endpoint, EndpointId, KeyDigest};
use crate::id::{OrganizationId, Stored};
use crate::port::{CrmRow, EndpointChange, Hint, Saved, StoreError};

/// Opens, changes and closes doors, and listens at them.
#[derive(Clone)]
pub struct Doorkeeper {
    base: Base,
}

/// What became of something that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A hint is on disk.
    Stored,
    /// It is about nothing that is followed.
    Elsewhere,
    /// The organization is not at work: its rows are found when it is.
    AtRest,
}

impl Doorkeeper {
    pub(crate) const fn new(base: Base) -> Self {
        Self { base }
    }

    /// An organization's endpoint.
    pub async fn endpoint(&self, organization: OrganizationId) -> Result<Option<Endpoint>, StoreError> {
        Ok(self.base.ports.endpoints.of(&organization).await?.map(|stored| stored.item))
    }

    /// Opens a door for an organization, or gives the one that it has another key; the former one stays valid beside it.
    pub async fn open(
        &self,
        organization: OrganizationId,
        key: KeyDigest,
    ) -> Result<Option<Endpoint>, StoreError> {
        let now = self.base.now();
        let id = EndpointId::draw(self.base.ports.entropy.as_ref());
        let next = |known: Option<Endpoint>| match known {
            Some(known) => Some(known.rotated(key, now)),
            None => Some(Endpoint::new(id, organization, key, now)),
        };
        self.change(organization, next).await
    }

    /// Opens a door under a name that was agreed elsewhere; another key takes over as by [`open`](Self::open). `None`:
    /// the name is another organization's.
    pub async fn declare(
        &self,
        organization: OrganizationId,
        id: EndpointId,
        key: KeyDigest,
    ) -> Result<Option<Endpoint>, StoreError> {
        let now = self.base.now();
        let next = |known: Option<Endpoint>| match known {
            Some(known) => Some(Endpoint { id, ..known.rotated(key, now) }),
            None => Some(Endpoint::new(id, organization, key, now)),
        };
        self.change(organization, next).await
    }

    /// Takes the former key of an organization's endpoint back; `None`: it has no endpoint.
    pub async fn settle(&self, organization: OrganizationId) -> Result<Option<Endpoint>, StoreError> {
        self.change(organization, |known| known.map(Endpoint::settled)).await
    }

    /// Closes an organization's door; `false`: it has none.
    pub async fn close(&self, organization: OrganizationId) -> Result<bool, StoreError> {
        self.base.ports.endpoints.close(&organization).await
    }

    /// The door of that name, if the key opens it. What is asked of the store, and what is compared, is the same for a door
    /// that there is not.
    pub async fn admits(
        &self,
        id: EndpointId,
        key: &KeyDigest,
    ) -> Result<Option<Stored<Endpoint>>, StoreError> {
        let found = self.base.ports.endpoints.find(&id).await?;
        let nobody = OrganizationId::from(uuid::Uuid::nil());
        let wall = Endpoint::new(id, nobody, KeyDigest::new([0; 32]), self.base.now());
        let opens = found.as_ref().map_or(&wall, |stored| &stored.item).opens_to(key);
        Ok(found.filter(|_| opens))
    }

    /// Takes in that a row changed. On disk when it returns (rule D1).
    pub async fn hear(&self, door: &Stored<Endpoint>, row: Option<CrmRow>) -> Result<Heard, StoreError> {
        let organization = door.item.organization;
        let found = self.base.ports.organizations.load(&organization).await?;
        if !found.is_some_and(|stored| stored.item.integration.is_active()) {
            return Ok(Heard::AtRest);
        }
        let Some(row) = row else { return Ok(Heard::Elsewhere) };
        self.base.ports.intake.hint(&[Hint { organization, row }]).await?;
        if let Some(next) = door.item.heard(self.base.now()) {
            // Somebody else's note is as good.
            let change = EndpointChange { expected: Some(door.revision), next };
            self.base.ports.endpoints.save(&change).await?;
        }
        self.base.ports.bell.ring();
        Ok(Heard::Stored)
    }

    /// Stores what becomes of an organization's endpoint. `None`: nothing, or its name is another organization's.
    async fn change(
        &self,
        organization: OrganizationId,
        next: impl Fn(Option<Endpoint>) -> Option<Endpoint>,
    ) -> Result<Option<Endpoint>, StoreError> {
        loop {
            let known = self.base.ports.endpoints.of(&organization).await?;
            let expected = known.as_ref().map(|stored| stored.revision);
            let Some(next) = next(known.map(|stored| stored.item)) else { return Ok(None) };
            let change = EndpointChange { expected, next };
            match self.base.ports.endpoints.save(&change).await? {
                Saved::Done(_) => return Ok(Some(change.next)),
                Saved::Moved(Some(other)) if other.item.organization != organization => return Ok(None),
                Saved::Moved(_) => {}
            }
        }
    }
}
