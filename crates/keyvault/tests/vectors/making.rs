//! Makes the vectors, by the reference implementation.

use uuid::Uuid;
use webinar_bridge_domain::credential::Purpose;

use super::support::reference::{Parts, Place, Spoil};
use super::support::seeded;
use super::{Negative, PlaceText, Positive, Vectors, base64url};

/// `length` bytes that look like chance and are not.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    seeded(seed).fill(&mut bytes);
    bytes
}

fn place(seed: u64) -> Place {
    let purposes = [Purpose::Provider, Purpose::Crm, Purpose::DataKey];
    let id = |salt: u64| Uuid::from_slice(&noise(seed * 16 + salt, 16)).unwrap();
    Place {
        installation: id(1),
        installation_key: noise(seed * 16 + 2, 32).try_into().unwrap(),
        organization: id(3),
        purpose: purposes[usize::try_from(seed % 3).unwrap()].as_str(),
        row: id(4),
        version: seed + 1,
    }
}

/// The parts of a right envelope. Algorithm 1 wraps to as many bytes as its RSA key has, 2 to 60.
fn parts(seed: u64, algorithm: u8, wrapped: usize, plain: &str) -> Parts {
    let key_id = match algorithm {
        1 => format!("https://contoso.vault.azure.net/keys/tenant-kek/{:032x}", seed + 0x3f0c),
        _ => format!("keyring:{}/{seed}", Uuid::from_u128(u128::from(seed))),
    };
    Parts {
        magic: *b"WBE1",
        suite: 1,
        algorithm,
        key_id: key_id.into_bytes(),
        wrapped: noise(seed * 16 + 5, wrapped),
        key: noise(seed * 16 + 6, 32).try_into().unwrap(),
        message: noise(seed * 16 + 7, 32).try_into().unwrap(),
        nonce: noise(seed * 16 + 8, 12).try_into().unwrap(),
        plain: plain.as_bytes().to_vec(),
        place: place(seed),
    }
}

fn right_ones() -> Vec<(String, Parts)> {
    let plains: [(&str, String); 8] = [
        ("nothing", String::new()),
        ("one byte", "s".to_owned()),
        ("a block less one", "x".repeat(15)),
        ("a block", "x".repeat(16)),
        ("a block and one", "x".repeat(17)),
        ("two lines", "{\"client_id\":\"1234\",\n\"secret\":\"a~b.c_d-e\"}".to_owned()),
        ("many letters", "Zoë Ångström \u{1f511} \u{4f60}\u{597d} \u{0}end".to_owned()),
        ("a thousand bytes", "0123456789".repeat(100)),
    ];
    let houses = [("RSA-2048", 1, 256), ("RSA-3072", 1, 384), ("RSA-4096", 1, 512), ("local", 2, 60)];
    let mut made = Vec::new();
    for (seed, (content, plain)) in plains.iter().enumerate() {
        for (turn, (house, algorithm, wrapped)) in houses.iter().enumerate() {
            // Long contents under one house are enough.
            if plain.len() < 100 || turn == 3 {
                let seed = u64::try_from(100 + seed * 4 + turn).unwrap();
                made.push((format!("{content}, {house}"), parts(seed, *algorithm, *wrapped, plain)));
            }
        }
    }
    let mut edges = parts(200, 2, 60, "token");
    edges.place.version = u64::MAX;
    edges.key_id = vec![b'k'; 512];
    made.push(("the longest key id, the greatest version".to_owned(), edges));
    let mut edges = parts(201, 2, 1024, "token");
    edges.place.version = 0;
    edges.key_id = "é".as_bytes().to_vec();
    made.push(("the longest wrapped key, the least version".to_owned(), edges));
    made
}

fn written(place: &Place) -> PlaceText {
    PlaceText {
        installation: place.installation,
        installation_key: base64url(&place.installation_key),
        organization: place.organization,
        purpose: place.purpose.to_owned(),
        row: place.row,
        version: place.version,
    }
}

fn positive(name: String, parts: &Parts) -> Positive {
    Positive {
        name,
        place: written(&parts.place),
        wrap_alg: parts.algorithm,
        kek_id: String::from_utf8(parts.key_id.clone()).unwrap(),
        wrapped_dek: base64url(&parts.wrapped),
        dek: base64url(&parts.key),
        message_id: base64url(&parts.message),
        nonce: base64url(&parts.nonce),
        plain: String::from_utf8(parts.plain.clone()).unwrap(),
        aad: base64url(&parts.place.aad(&parts.header())),
        envelope: base64url(&parts.build()),
    }
}

/// The envelope that all wrong ones are made of.
pub(super) fn victim() -> Parts {
    parts(119, 2, 60, "x".repeat(17).as_str())
}

/// The fields of the victim: where each begins.
fn borders(parts: &Parts) -> Vec<(&'static str, usize)> {
    let key_id = parts.key_id.len();
    let lengths = [
        ("magic", 4),
        ("suite", 1),
        ("wrap_alg", 1),
        ("kek_id length", 2),
        ("kek_id", key_id),
        ("wrapped_dek length", 2),
        ("wrapped_dek", parts.wrapped.len()),
        ("message_id", 32),
        ("nonce", 12),
        ("commitment", 32),
        ("ciphertext length", 4),
        ("ciphertext", parts.plain.len()),
        ("tag", 16),
        ("origin_mac", 32),
    ];
    let mut at = 0;
    let mut borders = Vec::new();
    for (field, length) in lengths {
        borders.push((field, at));
        at += length;
    }
    borders.push(("end", at));
    borders
}

fn negative(name: impl Into<String>, place: &Place, unwraps: bool, envelope: &[u8]) -> Negative {
    let (name, place) = (name.into(), written(place));
    Negative { name, place, wrap_alg: 2, unwraps, envelope: base64url(envelope) }
}

/// Changed after it was made: the origin tells.
fn flipped_and_cut() -> Vec<Negative> {
    let (parts, whole) = (victim(), victim().build());
    let (place, borders) = (&parts.place, borders(&parts));
    let mut made = Vec::new();
    for pair in borders.windows(2) {
        let [(field, start), (_, end)] = pair else { unreachable!() };
        for (which, at, bit) in [("first", *start, 0x80), ("last", end - 1, 0x01)] {
            let mut spoiled = whole.clone();
            spoiled[at] ^= bit;
            made.push(negative(format!("flipped: {which} bit of {field}"), place, false, &spoiled));
        }
        made.push(negative(format!("cut before {field}"), place, false, &whole[..*start]));
    }
    made.push(negative("cut by one byte", place, false, &whole[..whole.len() - 1]));
    made.push(negative("one byte more", place, false, &[&whole[..], &[0]].concat()));
    made.push(negative("twice", place, false, &whole.repeat(2)));
    made
}

/// Right, but asked for at another place.
fn moved() -> Vec<Negative> {
    let (place, whole) = (victim().place, victim().build());
    let other = Uuid::from_u128(0xdead);
    let elsewhere = [
        ("installation", Place { installation: other, ..place.clone() }),
        ("installation key", Place { installation_key: [9; 32], ..place.clone() }),
        ("organization", Place { organization: other, ..place.clone() }),
        ("purpose", Place { purpose: Purpose::Provider.as_str(), ..place.clone() }),
        ("other purpose", Place { purpose: Purpose::Crm.as_str(), ..place.clone() }),
        ("row", Place { row: other, ..place.clone() }),
        ("next version", Place { version: place.version + 1, ..place.clone() }),
        ("version before", Place { version: place.version - 1, ..place.clone() }),
        (
            "organization and row exchanged",
            Place { organization: place.row, row: place.organization, ..place.clone() },
        ),
    ];
    elsewhere
        .into_iter()
        .map(|(what, changed)| negative(format!("moved: {what}"), &changed, false, &whole))
        .collect()
}

/// Made by somebody who can write the database and wrap keys, but has no installation key.
fn planted() -> Vec<Negative> {
    let parts = victim();
    let with_key = |key: [u8; 32]| {
        let mut planted = parts.clone();
        planted.key = [0x66; 32];
        planted.wrapped = vec![0x66; 60];
        planted.place.installation_key = key;
        planted.build()
    };
    let unsigned = [&with_key([0; 32])[..with_key([0; 32]).len() - 32], &[0; 32]].concat();
    vec![
        negative("planted: origin under a key of the planter's", &parts.place, false, &with_key([0x66; 32])),
        negative("planted: origin under a key of zeros", &parts.place, false, &with_key([0; 32])),
        negative("planted: origin of zeros", &parts.place, false, &unsigned),
    ]
}

/// A change of the parts before they are sealed.
type Change = fn(&mut Parts);

/// Every check behind the origin, reached with an origin that is right.
fn vouched_for() -> Vec<Negative> {
    let parts = victim();
    let built = CHANGES.into_iter().map(|(name, unwraps, change)| {
        let mut other = parts.clone();
        change(&mut other);
        (name, unwraps, other.build())
    });
    let spoiled =
        SPOILS.into_iter().map(|(name, unwraps, spoil)| (name, unwraps, parts.build_spoiled(spoil)));
    let named = built.chain(spoiled);
    let vouched = named.map(|(name, unwraps, envelope)| {
        negative(format!("vouched for: {name}"), &parts.place, unwraps, &envelope)
    });
    vouched.collect()
}

/// What is changed, and whether the reader gets as far as asking for the key.
const CHANGES: [(&str, bool, Change); 17] = [
    ("unknown magic WBE2", false, |parts| parts.magic = *b"WBE2"),
    ("unknown magic, lower case", false, |parts| parts.magic = *b"wbe1"),
    ("unknown suite 0", false, |parts| parts.suite = 0),
    ("unknown suite 2", false, |parts| parts.suite = 2),
    ("unknown suite 255", false, |parts| parts.suite = 255),
    ("wrapped by another algorithm, 1", false, |parts| parts.algorithm = 1),
    ("wrapped by an unknown algorithm, 0", false, |parts| parts.algorithm = 0),
    ("wrapped by an unknown algorithm, 3", false, |parts| parts.algorithm = 3),
    ("empty kek_id", false, |parts| parts.key_id.clear()),
    ("kek_id too long", false, |parts| parts.key_id = vec![b'k'; 513]),
    ("kek_id is no text", false, |parts| parts.key_id = vec![0xff; 8]),
    ("kek_id of another version", true, |parts| parts.key_id.push(b'0')),
    ("empty wrapped_dek", false, |parts| parts.wrapped.clear()),
    ("wrapped_dek too long", false, |parts| parts.wrapped = vec![7; 1025]),
    ("wrapped_dek of no key", true, |parts| parts.wrapped = vec![7; 60]),
    ("sealed under another key than the wrapped one", true, |parts| parts.key = [0x66; 32]),
    ("a secret that is no text", true, |parts| parts.plain = vec![0xc3, 0x28]),
];

/// The same, of what is changed after it was sealed and before the origin was computed.
const SPOILS: [(&str, bool, Spoil); 8] = [
    ("commitment to another key", true, |sealed| sealed.commitment[0] ^= 1),
    ("commitment of zeros", true, |sealed| sealed.commitment.fill(0)),
    ("ciphertext changed", true, |sealed| sealed.ciphertext[0] ^= 1),
    ("tag changed", true, |sealed| sealed.ciphertext[17] ^= 1),
    ("nonce changed", true, |sealed| {
        let at = sealed.header.len() - 1;
        sealed.header[at] ^= 1;
    }),
    ("message_id changed", true, |sealed| {
        let at = sealed.header.len() - 13;
        sealed.header[at] ^= 1;
    }),
    ("ciphertext shorter than a tag", false, |sealed| {
        sealed.ciphertext.truncate(15);
        sealed.length = 15_u32.to_be_bytes().to_vec();
    }),
    ("ciphertext length beyond the end", false, |sealed| sealed.length = vec![0, 0, 0xff, 0xff]),
];

pub(super) fn make() -> Vectors {
    let about = [
        "Envelope format 1. Bytes are base64url without padding.",
        "positive: place, dek, message_id, nonce, wrapped_dek and kek_id make envelope, and envelope opens to plain.",
        "negative: at this place, under this wrap_alg, envelope must be refused; unwraps says whether the reader may ask for the key.",
        "The house of keys of the negative ones knows the dek of the positive one named \"a block and one, local\".",
    ];
    Vectors {
        about: about.map(str::to_owned).to_vec(),
        positive: right_ones().into_iter().map(|(name, parts)| positive(name, &parts)).collect(),
        negative: [flipped_and_cut(), moved(), planted(), vouched_for()].concat(),
    }
}
