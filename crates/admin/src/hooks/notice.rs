//! What is read of an execution context: which row, and how to find the event again. Nothing else of it travels (rule
//! W1), so a forged, repeated or overtaken notice can have a row read once more, and nothing else.

use serde::Deserialize;
use uuid::Uuid;

/// The deepest nesting that is read. An execution context has at most eight parents, each one deeper, and a row's
/// attributes below the last of them.
const DEEPEST: u32 = 32;

/// The longest names that are kept, in bytes; the platform's own are shorter.
const LONGEST_NAME: usize = 128;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Context {
    primary_entity_name: String,
    primary_entity_id: Uuid,
    message_name: String,
    #[serde(default)]
    operation_id: Option<Uuid>,
}

/// A notice that a row changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The logical name of the row's table.
    pub(crate) entity: String,
    /// Which row; `None`: the message is about no single one.
    pub(crate) row: Option<Uuid>,
    /// What happened; only for the log.
    message: String,
    /// Finds the event in Dynamics' own system jobs.
    pub(crate) operation: Option<Uuid>,
}

impl Notice {
    /// Reads a body; `None`: it is no execution context.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        if depth(body) > DEEPEST {
            return None;
        }
        let context: Context = serde_json::from_slice(body).ok()?;
        let Context { primary_entity_name: entity, message_name: message, .. } = context;
        if entity.len() > LONGEST_NAME || message.len() > LONGEST_NAME {
            return None;
        }
        let row = Some(context.primary_entity_id).filter(|id| !id.is_nil());
        Some(Self { entity, row, message, operation: context.operation_id })
    }

    /// The message, if it is one that the platform sends; what else stands there is not for the log.
    pub(crate) fn message_name(&self) -> &'static str {
        const KNOWN: [&str; 8] = [
            "Create",
            "Update",
            "Delete",
            "SetState",
            "SetStateDynamicEntity",
            "CreateMultiple",
            "UpdateMultiple",
            "DeleteMultiple",
        ];
        KNOWN.into_iter().find(|known| *known == self.message).unwrap_or("other")
    }
}

/// How deep arrays and objects are nested, without building any of them.
fn depth(body: &[u8]) -> u32 {
    let (mut now, mut most, mut text, mut escaped) = (0_u32, 0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            b'{' | b'[' if !text => {
                now = now.saturating_add(1);
                most = most.max(now);
            }
            b'}' | b']' if !text => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is sent, no more is read than a row and names of a bounded length.
    #[test]
    fn no_body_makes_more_of_itself() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/webhook");
        let words =
            ["PrimaryEntityId", "PrimaryEntityName", "MessageName", "OperationId", "contact", "\\u0000"];
        let target = webinar_bridge_contract::fuzz::Target { corpus: &corpus, words: &words };
        target.hammer(|body| match Notice::read(body) {
            None => "no notice",
            Some(notice) => {
                assert!(notice.entity.len() <= LONGEST_NAME && notice.message.len() <= LONGEST_NAME);
                assert!(notice.message_name().len() <= LONGEST_NAME);
                assert_ne!(notice.row, Some(Uuid::nil()));
                if notice.row.is_some() { "a notice of a row" } else { "a notice of no single row" }
            }
        });
    }

    const ROW: &str = "11111111-2222-3333-4444-555555555555";

    fn context(more: &str) -> String {
        format!(
            r#"{{"PrimaryEntityName":"msevtmgt_eventregistration","PrimaryEntityId":"{ROW}",
                "MessageName":"Update","OperationId":"00000000-0000-0000-0000-000000000009"{more}}}"#
        )
    }

    #[test]
    fn four_fields_are_read_and_the_rest_is_passed_over() {
        let more = r#","Depth":1,"InputParameters":[{"key":"Target","value":{"__type":"Entity:http:\/\/x",
            "Attributes":[{"key":"emailaddress1","value":"mallory@example.com"}]}}],"Unknown":{"a":[null]}"#;
        let notice = Notice::read(context(more).as_bytes()).unwrap();
        assert_eq!(notice.entity, "msevtmgt_eventregistration");
        assert_eq!(notice.row, Some(ROW.parse().unwrap()));
        assert_eq!((notice.message_name(), notice.operation), ("Update", Some(Uuid::from_u128(9))));
        assert!(!format!("{notice:?}").contains("mallory"));
    }

    #[test]
    fn a_context_that_was_cut_to_its_names_is_whole_enough() {
        let cut =
            format!(r#"{{"PrimaryEntityName":"contact","PrimaryEntityId":"{ROW}","MessageName":"Update"}}"#);
        assert_eq!(Notice::read(cut.as_bytes()).unwrap().operation, None);
    }

    #[test]
    fn a_message_about_no_single_row_names_none() {
        let many = context("").replace(ROW, "00000000-0000-0000-0000-000000000000");
        assert_eq!(Notice::read(many.as_bytes()).unwrap().row, None);
    }

    #[test]
    fn what_is_no_context_is_not_read() {
        let long = context("").replace("msevtmgt_eventregistration", &"x".repeat(129));
        let nested = context(&format!(r#","X":{}{}"#, "[".repeat(32), "]".repeat(32)));
        let twice = context(&format!(r#","PrimaryEntityId":"{ROW}""#));
        let bodies = [
            "",
            "null",
            "[]",
            "{}",
            "{\"PrimaryEntityName\":\"x\"}",
            &context("")[1..],
            &long,
            &nested,
            &twice,
        ];
        for body in bodies {
            assert_eq!(Notice::read(body.as_bytes()), None, "{body}");
        }
        assert_eq!(Notice::read(&[0xff, 0xfe]), None);
        let fits = context(&format!(r#","X":{}{}"#, "[".repeat(31), "]".repeat(31)));
        assert!(Notice::read(fits.as_bytes()).is_some());
    }

    #[test]
    fn brackets_in_text_are_no_depth() {
        assert_eq!(depth(br#"{"a":"[[[[\"[[","b":[{}]}"#), 3);
        assert_eq!(depth(b"]]]]{"), 1);
    }
}
