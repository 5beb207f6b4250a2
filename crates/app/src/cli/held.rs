//! `held`: registrations that wait for somebody.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::remote::{self, Remote};
use crate::exit::{Failure, MEANINGS, print_line};

#[derive(Subcommand)]
pub(crate) enum Action {
    /// List held registrations, the longest held first, with what to do about them.
    #[command(after_help = MEANINGS)]
    List(List),
    /// Send held registrations again, some at a time.
    #[command(after_help = MEANINGS)]
    Release(Release),
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    filter: Filter,

    /// How many at the most.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,

    #[command(flatten)]
    remote: remote::Service,
}

#[derive(Args)]
pub(crate) struct Release {
    /// One of them, by the id that the list shows; may be said several times.
    #[arg(long = "id", value_name = "ID")]
    ids: Vec<String>,

    #[command(flatten)]
    filter: Filter,

    /// Why, for whoever asks later; name nobody in it.
    #[arg(long)]
    reason: String,

    /// Only count them.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    remote: remote::Service,
}

/// Which of them: all that fit everything that is said.
#[derive(Args)]
struct Filter {
    /// Held for this cause: refused, `too_late`, invalid, exhausted, unresolved, poison, brake.
    #[arg(long)]
    cause: Option<String>,

    /// At this webinar, by the id of its event in the CRM.
    #[arg(long, value_name = "ID")]
    webinar: Option<Uuid>,

    /// Held since then or later, as in 2026-07-01T10:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,

    /// Held before then.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

/// How many come with one request.
const PAGE: usize = 500;

pub(crate) async fn run(action: Action) -> Result<(), Failure> {
    match action {
        Action::List(flags) => list(flags).await,
        Action::Release(flags) => release(flags).await,
    }
}

async fn list(flags: List) -> Result<(), Failure> {
    let remote = Remote::of(&flags.remote).await?;
    let mut shown = 0;
    while shown < flags.limit {
        let limit = PAGE.min(flags.limit - shown);
        let path = format!("held?skip={shown}&limit={limit}{}", flags.filter.query());
        let page: Vec<Value> = remote.get(&path).await?;
        for one in &page {
            print_line(if flags.remote.json { one.to_string() } else { told(one) });
        }
        shown += page.len();
        if page.len() < limit {
            break;
        }
    }
    if shown == 0 && !flags.remote.json {
        print_line("nobody is held");
    }
    Ok(())
}

async fn release(flags: Release) -> Result<(), Failure> {
    let remote = Remote::of(&flags.remote).await?;
    let mut order = flags.filter.body();
    order.insert("ids".to_owned(), json!(flags.ids));
    order.insert("reason".to_owned(), json!(flags.reason));
    order.insert("dry_run".to_owned(), json!(flags.dry_run));
    let planned: Value = remote.post("held/releases", &Value::Object(order)).await?;
    let matched = planned["matched"].as_u64().unwrap_or(0);
    let done = match planned["task"].as_str() {
        Some(task) => format!("{matched} will be sent again, as {task}"),
        None => format!("{matched} would be sent again"),
    };
    print_line(if flags.remote.json { planned.to_string() } else { done });
    Ok(())
}

impl Filter {
    fn said(&self) -> Vec<(&'static str, String)> {
        let webinar = self.webinar.map(|id| id.to_string());
        [
            ("cause", self.cause.clone()),
            ("webinar", webinar),
            ("from", self.from.clone()),
            ("to", self.to.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.said() {
            query.append_pair(name, &value);
        }
        let query = query.finish();
        if query.is_empty() { query } else { format!("&{query}") }
    }

    fn body(&self) -> Map<String, Value> {
        self.said().into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect()
    }
}

/// One held registration as a block.
fn told(one: &Value) -> String {
    let text = |name: &str| one[name].as_str().unwrap_or("-");
    let words = one["words"].as_str().map(|words| format!(": {words}")).unwrap_or_default();
    let wants = if one["wanted"] == true { "to be registered" } else { "to be taken off" };
    format!(
        "{}  {} {wants} at {}\n  {}{words}, held since {}; {} calls, from {} to {}\n  {}",
        text("id"),
        text("person"),
        text("webinar"),
        text("cause"),
        text("since"),
        one["attempts"],
        text("first_tried"),
        text("last_tried"),
        text("remedy"),
    )
}
