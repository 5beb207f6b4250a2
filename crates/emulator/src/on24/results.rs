//! What an event's polls, survey, handouts and calls to action came to.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::attendance::Attendance;
use super::engagement::Deed;
use super::event::Event;
use super::pacific::stamp;
use super::programme::{
    CALLS, Choice, HANDOUTS, POLLS, SURVEY, call_id, handout_id, poll_id, poll_question_id, survey_id,
    survey_question_id,
};
use super::reading::Reading;

/// How often each answer of a question was chosen.
struct Count {
    by_answer: Vec<usize>,
    people: usize,
}

impl Count {
    fn of<'a>(question: &Choice, chosen: impl Iterator<Item = &'a Vec<usize>>) -> Self {
        let mut count = Self { by_answer: vec![0; question.answers.len()], people: 0 };
        for answers in chosen.filter(|answers| !answers.is_empty()) {
            count.people += 1;
            for answer in answers {
                count.by_answer[*answer] += 1;
            }
        }
        count
    }

    fn votes(&self) -> usize {
        self.by_answer.iter().sum()
    }

    fn summary(&self, question: &Choice) -> Vec<Value> {
        let answers = question.answers.iter().zip(&self.by_answer).enumerate();
        answers
            .map(|(number, (answer, votes))| {
                json!({ "answercode": Choice::code_of(number), "answer": answer,
                        "percentage": percentage(*votes, self.votes()) })
            })
            .collect()
    }
}

/// With one decimal; a whole number has none.
fn percentage(part: usize, whole: usize) -> Value {
    let tenths = (part * 1000 + whole / 2).checked_div(whole).unwrap_or_default();
    if tenths.is_multiple_of(10) {
        return json!(tenths / 10);
    }
    json!(f64::from(u32::try_from(tenths).unwrap_or_default()) / 10.0)
}

impl Event {
    /// Everything that is shown of everybody's attendance.
    fn attendances<'a>(&'a self, reading: &'a Reading<'_>) -> Vec<Cow<'a, Attendance>> {
        self.attendees(reading).map(|(_, came)| came).collect()
    }

    pub(super) fn polls(&self, reading: &Reading<'_>) -> Value {
        let came = self.attendances(reading);
        let polls = POLLS.iter().enumerate().map(|(number, poll)| {
            let votes = came.iter().flat_map(|came| &came.engagement.votes);
            let count = Count::of(poll, votes.filter(|vote| vote.poll == number).map(|vote| &vote.answers));
            let mut shown = json!({ "pollid": poll_id(self.id, number), "polltype": poll.kind(),
                "pollquestionid": poll_question_id(self.id, number), "pollquestion": poll.question,
                "totalvotes": count.votes() });
            if self.has_started(reading.now) {
                shown["livepushedtimestamp"] = json!(stamp(self.starts));
            }
            shown["summary"] = json!(count.summary(poll));
            shown
        });
        json!({ "eventid": self.id, "polls": polls.collect::<Value>() })
    }

    /// A question that nobody answered, and one that is answered in own words, has no list of answers.
    pub(super) fn surveys(&self, reading: &Reading<'_>) -> Value {
        let came = self.attendances(reading);
        let opinions: Vec<_> = came.iter().filter_map(|came| came.engagement.opinion.as_ref()).collect();
        let questions = SURVEY.iter().enumerate().map(|(number, question)| {
            let chosen = opinions.iter().filter_map(|opinion| opinion.answers.get(number));
            let count = Count::of(question, chosen);
            let in_words = opinions.iter().filter(|opinion| opinion.words.is_some()).count();
            let responses = if question.answers.is_empty() { in_words } else { count.people };
            let mut shown = json!({ "questionid": survey_question_id(self.id, number),
                "questiontype": question.kind(), "question": question.question });
            if let Some(code) = question.code {
                shown["questioncode"] = json!(code);
            }
            shown["responses"] = json!(responses);
            if responses > 0 && !question.answers.is_empty() {
                shown["surveyanswer"] = json!(count.summary(question));
            }
            shown
        });
        json!({ "eventid": self.id, "surveys": [{ "surveyid": survey_id(self.id), "surveycode": "survey1",
                "surveyquestions": questions.collect::<Value>() }] })
    }

    pub(super) fn resources(&self, reading: &Reading<'_>) -> Value {
        let came = self.attendances(reading);
        let (mut viewed, mut untouched) = (Vec::new(), Vec::new());
        for (number, name) in HANDOUTS.iter().enumerate() {
            let (people, times) = uses(came.iter().flat_map(|came| &came.engagement.downloads), number);
            let id = handout_id(self.id, number);
            if people == 0 {
                untouched.push(json!({ "resourceid": id, "resourcename": name }));
            } else {
                viewed.push(json!({ "resourceid": id, "resourcename": name, "uniquedownloads": people,
                                    "totaldownloads": times }));
            }
        }
        json!({ "totalresources": HANDOUTS.len(), "resourcesviewed": viewed, "resourcesnotviewed": untouched })
    }

    pub(super) fn calls_to_action(&self, reading: &Reading<'_>) -> Value {
        let came = self.attendances(reading);
        let calls = CALLS.iter().enumerate().map(|(number, (name, kind, action))| {
            let (people, times) = uses(came.iter().flat_map(|came| &came.engagement.clicks), number);
            json!({ "ctaid": call_id(self.id, number), "ctaname": name, "actiontype": kind, "action": action,
                    "totalclicks": times, "uniqueclicks": people })
        });
        json!({ "eventid": self.id, "calltoactions": calls.collect::<Value>() })
    }
}

/// By how many people, and how often.
fn uses<'a>(deeds: impl Iterator<Item = &'a Deed>, what: usize) -> (usize, u32) {
    deeds
        .filter(|deed| deed.what == what)
        .fold((0, 0), |(people, times), deed| (people + 1, times + deed.times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on24_31_percentages_are_whole_or_have_one_decimal() {
        for (part, whole, shown) in
            [(1, 2, "50"), (1, 3, "33.3"), (2, 3, "66.7"), (1, 8, "12.5"), (0, 0, "0"), (5, 5, "100")]
        {
            assert_eq!(percentage(part, whole).to_string(), shown);
        }
    }
}
