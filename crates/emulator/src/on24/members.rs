//! Which accounts a read is of: the client, and those below it.

use super::account::SubClient;
use super::reading::Reading;
use super::refusal::Refusal;

/// Clients whose events a read shows.
pub(super) struct Members(Vec<i64>);

impl Members {
    pub(super) fn contain(&self, client: i64) -> bool {
        self.0.contains(&client)
    }

    /// The client and everybody below it.
    pub(super) fn all(reading: &Reading<'_>) -> Self {
        let mut ids = vec![reading.client()];
        gather(&reading.account.children, &mut ids);
        Self(ids)
    }

    fn alone(reading: &Reading<'_>) -> Self {
        Self(vec![reading.client()])
    }

    /// For the list of events: the client alone, unless sub-accounts are asked for.
    pub(super) fn alone_unless_included(reading: &Reading<'_>) -> Result<Self, Refusal> {
        match (reading.says_yes("includesubaccounts"), reading.get("subaccounts")) {
            (false, None) => Ok(Self::alone(reading)),
            (true, None) => Ok(Self::all(reading)),
            (true, Some(only)) => Self::only(only, reading),
            (false, Some(_)) => Err(Refusal::BadQuery(
                "You have to set includesubaccounts='Y' in order to filter by subaccounts.".to_owned(),
            )),
        }
    }

    /// For the lists of people: everybody, unless sub-accounts are excluded.
    pub(super) fn all_unless_excluded(reading: &Reading<'_>) -> Result<Self, Refusal> {
        match (reading.says_yes("excludesubaccounts"), reading.get("subaccounts")) {
            (true, None) => Ok(Self::alone(reading)),
            (false, None) => Ok(Self::all(reading)),
            (false, Some(only)) => Self::only(only, reading),
            (true, Some(_)) => Err(Refusal::BadQuery(
                "You have to set excludesubaccounts='N' in order to filter by subaccounts.".to_owned(),
            )),
        }
    }

    /// A list of ids with commas; one that is none of the client's sub-accounts fails them all.
    fn only(ids: &str, reading: &Reading<'_>) -> Result<Self, Refusal> {
        let child = |id: &str| {
            let id = id.trim().parse().ok().filter(|id| reading.account.has_child(*id));
            id.ok_or_else(|| Refusal::BadQuery(reading.settings.subaccounts_text.clone()))
        };
        ids.split(',').map(child).collect::<Result<_, _>>().map(Self)
    }
}

fn gather(children: &[SubClient], ids: &mut Vec<i64>) {
    for child in children {
        ids.push(child.id);
        gather(&child.children, ids);
    }
}
