//! `reconcile`: registrations beside the provider's list.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::remote::{self, Remote};
use crate::exit::{Failure, print_line};

#[derive(Args)]
pub(crate) struct Flags {
    /// The webinar, by the id of its event in the CRM; all that take place unless told.
    #[arg(long, value_name = "ID")]
    webinar: Option<Uuid>,

    /// Only count the differences, and change nothing.
    #[arg(long)]
    dry_run: bool,

    /// How long to wait for the result, in seconds; 0 only asks for it.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    wait: u64,

    #[command(flatten)]
    remote: remote::Service,
}

/// How often the service is asked whether it is done.
const BETWEEN: Duration = Duration::from_millis(500);

pub(crate) async fn run(flags: Flags) -> Result<(), Failure> {
    let remote = Remote::of(&flags.remote).await?;
    let order = json!({ "webinar": flags.webinar, "dry_run": flags.dry_run });
    let planned: Value = remote.post("reconcile", &order).await?;
    let names: Vec<&str> =
        planned["tasks"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if names.is_empty() {
        return Err(Failure::not_found("no webinar takes place: there is nothing to compare"));
    }
    if flags.wait == 0 {
        let done = format!("{} asked for; the results will stand among the tasks", names.len());
        print_line(if flags.remote.json { planned.to_string() } else { done });
        return Ok(());
    }
    let tasks = ended(&remote, &names, flags.wait).await?;
    for task in &tasks {
        print_line(if flags.remote.json { task.to_string() } else { told(task) });
    }
    verdict(&tasks, flags.dry_run)
}

/// The tasks, once all of them have come to their end.
async fn ended(remote: &Remote, names: &[&str], seconds: u64) -> Result<Vec<Value>, Failure> {
    let patience = crate::world::pause(Duration::from_secs(seconds));
    tokio::pin!(patience);
    loop {
        let all: Vec<Value> = remote.get("tasks").await?;
        let mine = all.into_iter().filter(|task| names.iter().any(|name| task["name"] == *name));
        let (over, open): (Vec<Value>, Vec<Value>) = mine.partition(|task| task["due"].is_null());
        if open.is_empty() {
            return Ok(over);
        }
        tokio::select! {
            () = &mut patience => {
                let next = open.iter().filter_map(|task| task["due"].as_str()).min().unwrap_or("soon");
                return Err(Failure::try_later(format!(
                    "{} of {} are not done; the next goes on {next}. The results will stand among the tasks.",
                    open.len(),
                    names.len()
                )));
            }
            () = crate::world::pause(BETWEEN) => {}
        }
    }
}

/// One comparison as a sentence.
fn told(task: &Value) -> String {
    let compared = &task["reconcile"];
    let webinar = compared["webinar"].as_str().unwrap_or("?");
    let found = &compared["found"];
    if found["event"] != true {
        return format!("{webinar}  ON24 has no event for it");
    }
    let n = |name: &str| found[name].as_u64().unwrap_or(0);
    let whole = if found["complete"] == true { "" } else { ", of a list that was not whole" };
    let done = if compared["dry_run"] == true { "would be asserted again" } else { "are asserted again" };
    format!(
        "{webinar}  {} listed{whole}: {} the same, {} moving, {} of others; {} missing, {} gone, {} changed, {} still there; \
         {} of these {done}, {} as after the last time",
        n("listed"),
        n("same"),
        n("moving"),
        n("foreign"),
        n("missing"),
        n("gone"),
        n("changed"),
        n("there"),
        n("drift"),
        n("lasting"),
    )
}

/// A dry run that finds something says so with its exit code.
fn verdict(tasks: &[Value], dry_run: bool) -> Result<(), Failure> {
    let drift: u64 = tasks.iter().filter_map(|task| task["reconcile"]["found"]["drift"].as_u64()).sum();
    if dry_run && drift > 0 {
        return Err(Failure::findings(format!("{drift} differ")));
    }
    Ok(())
}
