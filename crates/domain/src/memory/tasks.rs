use async_trait::async_trait;

use super::row::Work;
use super::{MemoryStore, next_revision};
use crate::fact::Fact;
use crate::id::{OrganizationId, Stored};
use crate::port::{LeasedTask, StoreError, TaskClaim, TaskEnd, TaskEnded, TaskStore};
use crate::task::{Task, TaskName};
use crate::time::{Timestamp, later};

/// A task with its lease.
pub(super) struct TaskRow {
    stored: Stored<Task>,
    work: Work,
}

impl TaskRow {
    fn free_at(&self) -> Option<Timestamp> {
        self.stored.item.due.map(|due| self.work.free_at(due))
    }
}

#[async_trait]
impl TaskStore for MemoryStore {
    async fn ready(&self) -> Result<Vec<(OrganizationId, Option<Timestamp>)>, StoreError> {
        let state = self.state();
        let active = state.organizations.values().filter(|stored| stored.item.integration.is_active());
        let next = |id: OrganizationId| {
            state
                .tasks
                .iter()
                .filter(|((owner, _), _)| *owner == id)
                .filter_map(|(_, row)| row.free_at())
                .min()
        };
        Ok(active.map(|stored| (stored.item.id, next(stored.item.id))).collect())
    }

    async fn claim(&self, order: &TaskClaim) -> Result<Option<LeasedTask>, StoreError> {
        let mut state = self.state();
        let Some(epoch) = state.active_epoch(order.organization) else { return Ok(None) };
        let mine = state.tasks.iter_mut().filter(|((owner, _), _)| *owner == order.organization);
        let due =
            mine.filter_map(|(key, row)| Some((row.free_at().filter(|at| *at <= order.now)?, key, row)));
        let Some((_, _, row)) = due.min_by_key(|(at, key, _)| (*at, (*key).clone())) else { return Ok(None) };
        let fence = row.work.take(epoch, later(order.now, order.lease));
        Ok(Some(LeasedTask { task: row.stored.item.clone(), revision: row.stored.revision, fence }))
    }

    async fn plan(&self, task: &Task, facts: &[Fact]) -> Result<(), StoreError> {
        let mut state = self.state();
        let key = (task.organization, task.name.clone());
        let row = state.tasks.remove(&key);
        let revision = next_revision(row.as_ref().map(|row| row.stored.revision));
        let work = row.map(|row| row.work).unwrap_or_default();
        state.tasks.insert(key, TaskRow { stored: Stored { item: task.clone(), revision }, work });
        state.tell(facts);
        Ok(())
    }

    async fn find(
        &self,
        organization: &OrganizationId,
        name: &TaskName,
    ) -> Result<Option<Stored<Task>>, StoreError> {
        Ok(self.state().tasks.get(&(*organization, name.clone())).map(|row| row.stored.clone()))
    }

    async fn settle(&self, end: &TaskEnd) -> Result<TaskEnded, StoreError> {
        let mut state = self.state();
        let key = (end.next.organization, end.next.name.clone());
        let Some(row) = state.tasks.get_mut(&key).filter(|row| row.work.is_held_under(end.fence)) else {
            return Ok(TaskEnded::Fenced);
        };
        row.work.release(None);
        if row.stored.revision != end.expected {
            return Ok(TaskEnded::Moved);
        }
        row.stored = Stored { item: end.next.clone(), revision: next_revision(Some(end.expected)) };
        state.tell(&end.facts);
        Ok(TaskEnded::Done)
    }

    async fn list(&self, organization: &OrganizationId) -> Result<Vec<Task>, StoreError> {
        let state = self.state();
        let mine = state.tasks.iter().filter(|((owner, _), _)| owner == organization);
        Ok(mine.map(|(_, row)| row.stored.item.clone()).collect())
    }

    async fn clear(&self, organization: &OrganizationId, before: Timestamp) -> Result<u64, StoreError> {
        let mut state = self.state();
        let all = state.tasks.len();
        state.tasks.retain(|(owner, _), row| {
            let task = &row.stored.item;
            let over = task.due.is_none() && task.ended.is_some_and(|ended| ended < before);
            owner != organization || !over
        });
        Ok(u64::try_from(all - state.tasks.len()).unwrap_or(u64::MAX))
    }
}
