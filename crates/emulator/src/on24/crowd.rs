//! The people of an event, who can be looked at while others go on registering.

use std::ops::{Index, IndexMut};
use std::sync::Arc;

use super::registrant::Registrant;

/// People by their place. Whoever is being looked at elsewhere is copied when he or she changes.
#[derive(Default)]
pub(super) struct Crowd(Vec<Arc<Registrant>>);

impl Crowd {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn push(&mut self, person: Registrant) {
        self.0.push(Arc::new(person));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Registrant> {
        self.0.iter().map(Arc::as_ref)
    }

    /// The people themselves, to be kept.
    pub(super) fn shared(&self) -> impl Iterator<Item = &Arc<Registrant>> {
        self.0.iter()
    }

    pub(super) fn get(&self, position: usize) -> Option<&Registrant> {
        self.0.get(position).map(Arc::as_ref)
    }

    pub(super) fn get_mut(&mut self, position: usize) -> Option<&mut Registrant> {
        self.0.get_mut(position).map(Arc::make_mut)
    }
}

impl Index<usize> for Crowd {
    type Output = Registrant;

    fn index(&self, position: usize) -> &Registrant {
        &self.0[position]
    }
}

impl IndexMut<usize> for Crowd {
    fn index_mut(&mut self, position: usize) -> &mut Registrant {
        Arc::make_mut(&mut self.0[position])
    }
}
