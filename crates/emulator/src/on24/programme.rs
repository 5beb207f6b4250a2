//! What every webinar offers beside the talk: polls, a survey, handouts, calls to action.

/// A question with answers to choose from.
pub(super) struct Choice {
    pub(super) question: &'static str,
    pub(super) answers: &'static [&'static str],
    /// Whether more than one answer may be chosen.
    pub(super) many: bool,
    /// The code of the question in the account's library, where it comes from there.
    pub(super) code: Option<i64>,
}

impl Choice {
    /// `choice1`, `choice2`, …
    pub(super) fn code_of(answer: usize) -> String {
        format!("choice{}", answer + 1)
    }

    pub(super) fn kind(&self) -> &'static str {
        match (self.answers.is_empty(), self.many) {
            (true, _) => "singletext",
            (false, true) => "multioption",
            (false, false) => "singleoption",
        }
    }
}

pub(super) const POLLS: [Choice; 2] = [
    Choice {
        question: "What is your greatest challenge?",
        answers: &["Time & people", "Budget", "Data"],
        many: false,
        code: None,
    },
    Choice {
        question: "When do you plan to begin?",
        answers: &["This year", "Next year", "Not at all"],
        many: true,
        code: None,
    },
];

/// The last one is answered in one's own words.
pub(super) const SURVEY: [Choice; 3] = [
    Choice {
        question: "How useful was this hour?",
        answers: &["Very useful", "Useful", "Not useful"],
        many: false,
        code: Some(110),
    },
    Choice {
        question: "What would you like to hear more about?",
        answers: &["Prices & plans", "Security", "Integrations"],
        many: true,
        code: None,
    },
    Choice { question: "What did you miss?", answers: &[], many: false, code: Some(315) },
];

pub(super) const OWN_WORDS: [&str; 3] =
    ["Nothing – thank you!", "More time for questions", "Größere Schrift"];

/// The last one is never fetched.
pub(super) const HANDOUTS: [&str; 3] = ["Slides & notes", "Price list", "Terms of use"];
pub(super) const FETCHED: usize = 2;

/// Name, type, and where it leads.
pub(super) const CALLS: [(&str, &str, &str); 2] = [
    ("Start your trial", "url", "https://www.product.example/trial"),
    ("See our library", "gateway", "https://gateway.on24.example/library"),
];

pub(super) const QUESTIONS: [&str; 2] =
    ["Will the slides be sent round?", "Does this work for teams in several countries?"];
pub(super) const ANSWER: &str = "Yes, tomorrow.";

/// Who speaks at every webinar.
pub(super) struct Presenter {
    pub(super) id: i64,
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) email: &'static str,
    pub(super) title: &'static str,
    pub(super) company: &'static str,
}

pub(super) const PRESENTER: Presenter = Presenter {
    id: 2_223_110,
    first_name: "Ada",
    last_name: "Example",
    email: "ada.host@on24.example",
    title: "Host",
    company: "Example & Co.",
};

impl Presenter {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

/// The ids of an event's parts lie in ranges that no other event uses.
pub(super) fn poll_id(event: i64, poll: usize) -> i64 {
    event * 10 + number(poll)
}

pub(super) fn poll_question_id(event: i64, poll: usize) -> i64 {
    poll_id(event, poll) + 5
}

pub(super) fn survey_id(event: i64) -> String {
    format!("{event}_survey1")
}

pub(super) fn survey_question_id(event: i64, question: usize) -> i64 {
    event * 10 + 20 + number(question)
}

pub(super) fn handout_id(event: i64, handout: usize) -> i64 {
    event * 10 + 40 + number(handout)
}

pub(super) fn call_id(event: i64, call: usize) -> i64 {
    event * 10 + 60 + number(call)
}

pub(super) fn chat_id(event: i64) -> i64 {
    event * 10 + 80
}

pub(super) fn certificate_id(event: i64) -> i64 {
    event * 10 + 90
}

pub(super) fn question_id(person: i64, number_of_question: usize) -> i64 {
    person % 1_000_000 * 10 + number(number_of_question)
}

fn number(position: usize) -> i64 {
    i64::try_from(position).unwrap_or_default()
}
