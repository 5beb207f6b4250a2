//! What is not HTTP, or hardly.

use crate::Kind;
use crate::dice::Dice;
use crate::wire::{Wire, World};

pub(crate) const KINDS: &[&Kind] = &[
    &Kind { name: "no request line", answers: &[400], make: no_request_line },
    &Kind { name: "a bad header", answers: &[400], make: bad_header },
    &Kind { name: "a head of too many lines", answers: &[431, 400, 414], make: many_headers },
    &Kind { name: "a target too long", answers: &[414, 400, 431], make: long_target },
    &Kind { name: "a length that is none", answers: &[400], make: bad_length },
    &Kind { name: "chunks that are none", answers: &[400], make: bad_chunks },
    &Kind { name: "an unknown control endpoint", answers: &[400, 404, 405], make: control },
];

fn somewhere<'a>(dice: &mut Dice, world: &'a World) -> &'a str {
    dice.of(&[world.on24(), world.dataverse(), world.entra(), world.vault()])
}

fn no_request_line(dice: &mut Dice, world: &World) -> Wire {
    let to = somewhere(dice, world);
    let line: &[u8] = dice.of(&[
        b"GET\r\n\r\n".as_slice(),
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"G\x01T / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n",
        b"{\"json\":true}\r\n\r\n",
        b"GET /\x7f\x80 HTTP/1.1 HTTP/1.1\r\n\r\n",
    ]);
    Wire::raw(to, line.to_vec())
}

fn bad_header(dice: &mut Dice, world: &World) -> Wire {
    let to = somewhere(dice, world);
    let header = dice.of(&["no colon", ": no name", "na me: x", "x: a\u{1}b", "x\u{e9}: y"]);
    Wire::raw(to, format!("GET /{} HTTP/1.1\r\nhost: {to}\r\n{header}\r\n\r\n", dice.word()).into_bytes())
}

fn many_headers(dice: &mut Dice, world: &World) -> Wire {
    let to = somewhere(dice, world);
    let mut head = format!("GET /{} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n", dice.word());
    head.push_str(&"x-line: y\r\n".repeat(dice.below(500) + 110));
    head.push_str("\r\n");
    Wire::raw(to, head.into_bytes())
}

fn long_target(dice: &mut Dice, world: &World) -> Wire {
    let to = somewhere(dice, world);
    Wire::http(to, "GET", &format!("/{}", dice.of(&["a", "%41", "/", "?a="]).repeat(70_000)), &[], b"")
}

fn bad_length(dice: &mut Dice, world: &World) -> Wire {
    let to = somewhere(dice, world);
    let length = dice.of(&["-1", "many", "1\r\ncontent-length: 2", "99999999999999999999999", "0x10"]);
    let head =
        format!("POST /{} HTTP/1.1\r\nhost: {to}\r\ncontent-length: {length}\r\n\r\nbody", dice.word());
    Wire::raw(to, head.into_bytes())
}

fn bad_chunks(dice: &mut Dice, world: &World) -> Wire {
    let to = somewhere(dice, world);
    let chunk = dice.of(&[
        "zz\r\nbody\r\n",
        "-5\r\nhello\r\n",
        "ffffffffffffffffff\r\nx\r\n",
        "5\r\nhelloworld\r\n0\r\n\r\n",
    ]);
    let path = dice.word();
    let head = format!("POST /{path} HTTP/1.1\r\nhost: {to}\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
    Wire::raw(to, head.into_bytes())
}

fn control(dice: &mut Dice, world: &World) -> Wire {
    let to = somewhere(dice, world);
    let (letters, body) = (dice.word(), dice.no_object());
    match dice.below(5) {
        0 => Wire::http(to, "GET", &format!("/_emulator/{letters}"), &[], b""),
        1 => Wire::http(to, "DELETE", "/_emulator/state", &[], b""),
        2 => Wire::http(to, "POST", "/_emulator/clock", &[], &body),
        3 => Wire::http(to, "POST", "/_emulator/weather", &[], &body),
        _ => Wire::http(to, "PUT", "/_emulator/weather", &[], &body),
    }
}
