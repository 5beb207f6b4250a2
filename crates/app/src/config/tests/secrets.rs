//! No report shows a secret, however it is written and whatever else is wrong.

use super::super::glass::without_secrets;
use super::{EVERYTHING, Given, tells};

/// Where each secret stands in a file: what opens its table, its name, and what closes it again.
const PLACES: [(&str, &str); 6] = [
    ("[api]", "bootstrap_token"),
    ("[vault]", "client_secret"),
    ("[vault]", "installation_key"),
    ("[[organization]]\nname = \"A\"\n[organization.on24]", "access_token_key"),
    ("[[organization]]\nname = \"A\"\n[organization.on24]", "access_token_secret"),
    ("[[organization]]\nname = \"A\"\n[organization.dataverse]", "client_secret"),
];

/// Ways to write a secret, good and bad. `K` is its name, and `canary` is in it.
const WAYS: [&str; 24] = [
    "K = \"canary\"",
    "K = 'canary'",
    "\"K\" = \"canary\"",
    "'K' = \"canary\"",
    "  K=\"canary\"",
    "K = \"\"\"\ncanary\n\"\"\"",
    "K = '''\ncanary\nY2FuYXJ5canary==\n[canary]\nname = \"canary\"\n'''",
    "K = \"\"\"-----BEGIN-----\ncanary==\n# canary\n-----END-----\"\"\"",
    "K = [\"canary\"]",
    "K = [\n\"canary\",\n\"canary\"\n]",
    "K = { text = \"canary\" }",
    "K.text = \"canary\"",
    "K.text.more = \"canary\"",
    "K = 20 # was canary",
    "# K = \"canary\"",
    "K = \"x\" # \"canary\"\n# canary",
    "Kx = \"canary\"",
    "xK = [{ a = \"canary\" }]",
    "K = \"canary",
    "K = canary",
    "K = \"\"\"canary\ncanary==\nname = \"x\"",
    "K = \"canary\"\nK = \"canary\"",
    "K \"canary\"",
    "K = [\n\"canary\",\n",
];

/// What else is wrong with the file, so that there is a report, near to the secret or far.
const FAULTS: [&str; 6] = ["", "x = 1", "= 2", "base_url = 3", "deliver = \"x\"", "[server]\npublic = \"x\""];

#[test]
fn no_secret_is_ever_shown() {
    let mut reports = 0;
    for (head, name) in PLACES {
        for way in WAYS {
            let written = way.replace('K', name);
            for fault in FAULTS {
                for text in [
                    format!("{head}\n{written}\n{fault}\n"),
                    format!("{head}\n{fault}\n{written}\n"),
                    format!("workers.deliver = \"x\"\n{head}\n{written}\n{fault}"),
                ] {
                    let Err(report) = Given::file(&text).read() else { continue };
                    reports += 1;
                    assert!(!report.contains("canary"), "{text}\n────\n{report}");
                    assert!(!without_secrets(&text).contains("canary"), "{text}");
                }
            }
        }
    }
    assert!(reports > 2000, "{reports}");
}

#[test]
fn no_secret_in_braces_is_ever_shown() {
    for text in [
        "vault = { kind = 1, client_secret = \"canary\" }",
        "vault = { kind = \"azure\", client_secret = \"canary\", base_url = \"x\" }",
        "vault = { client_secret = \"canary\", tenant_id = \"t\"",
        "vault.client_secret = \"canary\"\nvault.kind = 1",
        "\"vault\".\"client_secret\" = \"canary\"\nvault.kind = 1",
        "organization = [{ name = \"A\", on24 = { access_token_key = \"canary\" } }, { name = 1 }]",
        "organization = [\n{ name = 1,\n on24.access_token_secret = \"canary\" }\n]",
        "[volt]\nclient_secret = \"canary\"\n[volt.more]\nx = \"canary\"",
        "[vault]\nclient_secrte = \"canary\"\npassword = \"canary\"",
        "[vault]\nclient_secret = 900canary",
        "vault = \"canary\"",
        "[dynamics.contacts.fields]\npassword = \"x\"\n[api]\nbootstrap_token = \"canary\"",
    ] {
        let report = Given::file(text).bad();
        assert!(!report.contains("canary"), "{text}\n────\n{report}");
    }
}

#[test]
fn a_secret_of_the_wrong_type_is_not_shown_either() {
    for (head, name) in PLACES {
        for value in [
            "123456789",
            "-123456789",
            "123456789.5",
            "[123456789]",
            "{ a = 123456789 }",
            "0x75bcd15 # 123456789",
        ] {
            let report = Given::with_store(&format!("{head}\n{name} = {value}\n")).bad();
            assert!(!report.contains("123456789") && !report.contains("75bcd15"), "{report}");
            tells(&report, &["expected text in quotes, found", "bridge.toml:", name]);
        }
    }
}

#[test]
fn what_is_no_secret_stays_readable() {
    let shown = without_secrets(EVERYTHING);
    let hidden = [
        "\"0123456789012345678901234567890123456789\"",
        "\"s\"",
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
        "\"k\"",
        "\"z\"",
        "\"d\"",
        "\"0123456789abcdef0123456789abcdef\"",
        "\"a\"",
        "\"b\"",
    ];
    let expected = hidden.iter().fold(EVERYTHING.to_owned(), |text, secret| {
        let before = format!("= {secret}");
        text.replace(&before, &format!("= {}", "*".repeat(secret.len())))
    });
    assert_eq!(shown, expected);
    let note = without_secrets("[server] # mind this\npublic = \"a#b\" # and Årsmöte\n");
    assert_eq!(note, "[server]            \npublic = \"a#b\"                \n");
}
