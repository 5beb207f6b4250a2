//! What happens to a request that a rule hits.

use std::time::Duration;

use http::StatusCode;
use jiff::{SignedDuration, SpanRelativeTo};

/// The effects in words, for people who wrote another one.
pub(super) const EFFECTS: &str = "status:N (N from 200 to 599), quota, drop_after_accept, hang, reset, \
     delay:TIME (such as 800ms or 2s), late:TIME, garbage, truncate, cut, wrong_type";

/// What happens to the call, and how it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Not applied; answered with this status.
    Status(StatusCode),
    /// Not applied; answered in the vendor's words for "too many calls".
    Quota,
    /// Applied; the connection closes in order, without an answer.
    DropAfterAccept,
    /// Not applied; silence until the client gives up.
    Hang,
    /// Not applied; the connection is reset.
    Reset,
    /// Applied after that much of the machine's time, whether or not the client still waits; then answered as usual.
    Delay(Duration),
    /// Never answered, and applied when so much time has gone by on the emulators' clock.
    Late(SignedDuration),
    /// Applied; answered 200 with a body that is not JSON.
    Garbage,
    /// Applied; the first half of the body is sent as if it were the whole.
    Truncate,
    /// Applied; the connection closes in the middle of the body.
    Cut,
    /// Applied; answered as usual, but said to be HTML.
    WrongType,
}

impl Effect {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("status", number)) => {
                let number = number.parse().ok().filter(|number| (200..600).contains(number))?;
                StatusCode::from_u16(number).ok().map(Self::Status)
            }
            Some(("delay", time)) => duration(time)?.try_into().ok().map(Self::Delay),
            Some(("late", time)) => duration(time).filter(|time| !time.is_negative()).map(Self::Late),
            Some(_) => None,
            None => Self::plain(text),
        }
    }

    fn plain(text: &str) -> Option<Self> {
        Some(match text {
            "quota" => Self::Quota,
            "drop_after_accept" => Self::DropAfterAccept,
            "hang" => Self::Hang,
            "reset" => Self::Reset,
            "garbage" => Self::Garbage,
            "truncate" => Self::Truncate,
            "cut" => Self::Cut,
            "wrong_type" => Self::WrongType,
            _ => return None,
        })
    }

    /// Whether the answer is a refusal of the weather's own, which can be dressed.
    pub(super) fn refuses(self) -> bool {
        matches!(self, Self::Status(_) | Self::Quota)
    }
}

/// A length of time as people (`800ms`) or programs (`PT0.8S`) write it; days have 24 hours.
pub(super) fn duration(text: &str) -> Option<SignedDuration> {
    let span: jiff::Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_is_read() {
        let effects = [
            ("status:503", Effect::Status(StatusCode::SERVICE_UNAVAILABLE)),
            ("quota", Effect::Quota),
            ("drop_after_accept", Effect::DropAfterAccept),
            ("hang", Effect::Hang),
            ("reset", Effect::Reset),
            ("delay:800ms", Effect::Delay(Duration::from_millis(800))),
            ("delay:2s", Effect::Delay(Duration::from_secs(2))),
            ("late:PT90S", Effect::Late(SignedDuration::from_secs(90))),
            ("garbage", Effect::Garbage),
            ("truncate", Effect::Truncate),
            ("cut", Effect::Cut),
            ("wrong_type", Effect::WrongType),
        ];
        for (text, effect) in effects {
            assert_eq!(Effect::parse(text), Some(effect), "{text}");
            assert!(EFFECTS.contains(text.split(':').next().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_is_no_effect_is_none() {
        for text in [
            "snow",
            "status:99",
            "status:600",
            "status:abc",
            "delay:soon",
            "delay:-2s",
            "late:-1s",
            "reset:1",
        ] {
            assert_eq!(Effect::parse(text), None, "{text}");
        }
    }
}
