//! `$batch`: many requests in one, alone or in change sets.

use std::fmt::Write;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{Method, StatusCode};

use super::error::{Outcome, Refusal};
use super::multipart::{Piece, part, read};
use super::preference::Preferences;
use super::scene::reply;
use super::target::References;
use super::world::{Reply, World, operation};
use crate::wire::{Answer, Call};

/// Answers may together be so large, in bytes; a batch with more of them is taken back and refused.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Answers a batch. One that cannot be read is refused as a whole, before any of it is done.
pub(super) fn answer(world: &mut World, call: &Call) -> Outcome<Answer> {
    if call.method != Method::POST {
        return Err(Refusal::verb(&call.method));
    }
    let pieces = read(call)?;
    let go_on = Preferences::of(call).continue_on_error;
    let boundary = format!("batchresponse_{}", world.identifier());
    let (mut body, mut status) = (String::new(), StatusCode::OK);
    let mark = world.store.mark();
    for piece in pieces {
        let _ = write!(body, "--{boundary}\r\n");
        let (part, outcome) = world.piece(piece);
        body.push_str(&part);
        if body.len() > LARGEST_ANSWER {
            world.store.roll_back(mark);
            let message = "The answers to the batch request are larger together than this server can hold.";
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "0x80060000", message));
        }
        if outcome.as_u16() >= 400 && !go_on {
            status = outcome;
            break;
        }
    }
    let _ = write!(body, "--{boundary}--\r\n");
    let mut answer =
        Answer::empty(status).with(CONTENT_TYPE, &format!("multipart/mixed; boundary={boundary}"));
    answer.body = Bytes::from(body);
    Ok(answer)
}

impl World {
    /// Does one piece; its part of the answer, and the status that decides whether the batch goes on.
    fn piece(&mut self, piece: Piece) -> (String, StatusCode) {
        match piece {
            Piece::One(call) => {
                let answer =
                    self.inner(&call, None).map_or_else(|refusal| refused(&refusal), |reply| reply.answer);
                let answer = self.signed(answer);
                (part(&answer, None), answer.status)
            }
            Piece::Together(calls) => match self.together(&calls) {
                Ok(answers) => {
                    let boundary = format!("changesetresponse_{}", self.identifier());
                    let mut body = format!("Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n");
                    for (content_id, answer) in answers {
                        let _ = write!(body, "--{boundary}\r\n{}", part(&answer, Some(&content_id)));
                    }
                    let _ = write!(body, "--{boundary}--\r\n");
                    (body, StatusCode::OK)
                }
                Err(refusal) => {
                    let answer = self.signed(refused(&refusal));
                    (part(&answer, None), answer.status)
                }
            },
        }
    }

    /// Does a change set, whole or not at all.
    fn together(&mut self, calls: &[(String, Call)]) -> Outcome<Vec<(String, Answer)>> {
        let mark = self.store.mark();
        let mut references = References::new();
        let mut answers = Vec::with_capacity(calls.len());
        for (content_id, call) in calls {
            match self.inner(call, Some(&references)) {
                Ok(reply) => {
                    references.extend(reply.row.map(|row| (content_id.clone(), row)));
                    answers.push((content_id.clone(), self.signed(reply.answer)));
                }
                Err(refusal) => {
                    self.store.roll_back(mark);
                    return Err(refusal);
                }
            }
        }
        Ok(answers)
    }

    fn inner(&mut self, call: &Call, references: Option<&References>) -> Outcome<Reply> {
        *self.batched.entry(operation(call, references)).or_default() += 1;
        self.respond(call, references)
    }

    /// An answer inside of a batch has an id of its own.
    fn signed(&mut self, answer: Answer) -> Answer {
        let id = self.identifier();
        answer
            .with(HeaderName::from_static("odata-version"), "4.0")
            .with(HeaderName::from_static("req_id"), &id.to_string())
    }
}

fn refused(refusal: &Refusal) -> Answer {
    let answer = refusal.answer();
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    reply(refusal.status, &body)
}
