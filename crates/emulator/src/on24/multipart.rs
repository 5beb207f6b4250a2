//! Bodies of the type `multipart/form-data`.

use std::borrow::Cow;

/// No boundary is longer (RFC 2046, 5.1.1); a long one would make looking for it slow.
const LONGEST_BOUNDARY: usize = 70;

/// The fields of such a body, without its files. What is not in the format ends them.
pub(super) fn fields<'a>(
    kind: &str,
    body: &'a [u8],
) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
    let boundary =
        parameter(kind, "boundary").filter(|boundary| (1..=LONGEST_BOUNDARY).contains(&boundary.len()));
    let first = boundary.as_ref().and_then(|boundary| cut(body, format!("--{boundary}").as_bytes()));
    let mark = format!("\r\n--{}", boundary.unwrap_or_default());
    let mut rest = first.map_or(&[][..], |(_, rest)| rest);
    let parts = std::iter::from_fn(move || {
        let (part, next) = cut(rest.strip_prefix(b"\r\n")?, mark.as_bytes())?;
        rest = next;
        Some(part)
    });
    parts.filter_map(field)
}

/// The name and the value of a part that is no file.
fn field(part: &[u8]) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let (head, value) = cut(part, b"\r\n\r\n")?;
    let head = std::str::from_utf8(head).ok()?;
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let name = parameter(disposition, "name")?;
    parameter(disposition, "filename").is_none().then(|| (name.into(), String::from_utf8_lossy(value)))
}

/// A parameter behind the first semicolon of a header's value, quoted or not.
fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (key, after) = rest.split_once('=')?;
        let (found, next) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => {
                let (found, next) = quoted.split_once('"')?;
                (found, next.split_once(';').map_or("", |(_, next)| next))
            }
            None => after.split_once(';').unwrap_or((after, "")),
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(found.trim());
        }
        rest = next;
    }
}

/// What stands before and behind the first place of the mark.
fn cut<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = text.windows(mark.len()).position(|window| window == mark)?;
    Some((text.get(..place)?, text.get(place + mark.len()..)?))
}
