//! What Entra ID and Key Vault refuse.

use crate::Kind;
use crate::dice::Dice;
use crate::wire::{Wire, World};

pub(crate) const KINDS: &[&Kind] = &[
    &Kind { name: "entra: no such path", answers: &[400, 404, 405], make: no_path },
    &Kind { name: "entra: a bad grant", answers: &[400, 401], make: grant },
    &Kind { name: "entra: a bad assertion", answers: &[400, 401], make: assertion },
    &Kind { name: "vault: no good token", answers: &[401], make: token },
    &Kind { name: "vault: a bad version", answers: &[400], make: version },
    &Kind { name: "vault: a bad name", answers: &[400, 404, 405], make: name },
    &Kind { name: "vault: a body that is no operation", answers: &[400], make: no_operation },
    &Kind { name: "vault: a bad value", answers: &[400], make: value },
    &Kind { name: "vault: a bad order", answers: &[400], make: order },
    &Kind { name: "vault: a bad policy", answers: &[400], make: policy },
    &Kind { name: "vault: a bad page", answers: &[400], make: page },
    &Kind { name: "identity: a bad request", answers: &[400, 404], make: identity },
];

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn endpoint(world: &World) -> String {
    format!("/{}/oauth2/v2.0/token", world.ready.dataverse.tenant_id)
}

fn no_path(dice: &mut Dice, world: &World) -> Wire {
    let letters = dice.word();
    let target = match dice.below(4) {
        0 => format!("/x{letters}"),
        1 => format!("/{}/oauth2/v9.0/token", world.ready.dataverse.tenant_id),
        2 => format!("/{letters}/oauth2/v2.0/token"),
        _ => format!("/{}/oauth2/v2.0/token/%ff%00", world.ready.dataverse.tenant_id),
    };
    Wire::http(world.entra(), "POST", &target, &[FORM], b"grant_type=client_credentials")
}

fn grant(dice: &mut Dice, world: &World) -> Wire {
    let crm = &world.ready.dataverse;
    let body = match dice.below(7) {
        0 => dice.no_object(),
        1 => dice.bytes(300),
        2 => b"grant_type=password&username=a&password=b".to_vec(),
        3 => format!("grant_type=client_credentials&client_id={}&scope=x", crm.client_id).into_bytes(),
        4 => format!(
            "grant_type=client_credentials&client_id={}&client_secret=x&scope={}/.default",
            crm.client_id, crm.base_url
        )
        .into_bytes(),
        5 => b"grant_type=client_credentials&client_id=%ff%zz&client_secret=%00".to_vec(),
        _ => b"%".repeat(dice.below(9000) + 1),
    };
    let kind = dice.of(&[FORM, ("content-type", "application/json"), ("content-type", "")]);
    Wire::http(world.entra(), "POST", &endpoint(world), &[kind], &body)
}

fn assertion(dice: &mut Dice, world: &World) -> Wire {
    let crm = &world.ready.dataverse;
    let letters = dice.word();
    let assertion = match dice.below(6) {
        0 => String::new(),
        1 => letters,
        2 => "e30.e30.e30".to_owned(),
        3 => "....".to_owned(),
        4 => "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.".to_owned(),
        _ => "A".repeat(dice.below(20_000) + 1),
    };
    let body = format!(
        "grant_type=client_credentials&client_id={}&scope={}/.default&client_assertion_type=\
         urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}",
        crm.client_id, crm.base_url
    );
    Wire::http(world.entra(), "POST", &endpoint(world), &[FORM], body.as_bytes())
}

fn send(world: &World, method: &str, rest: &str, body: &[u8]) -> Wire {
    let bearer = format!("Bearer {}", world.vault_token);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    Wire::http(world.vault(), method, rest, &headers, body)
}

fn key(world: &World, operation: &str) -> String {
    format!("/keys/{}/{operation}", world.ready.key_vault.key_name)
}

fn token(dice: &mut Dice, world: &World) -> Wire {
    let header = match dice.below(5) {
        0 => String::new(),
        1 => format!("Bearer {}", dice.word()),
        2 => format!("Bearer {}", world.crm_token),
        3 => format!("Bearer {}x", world.vault_token),
        _ => "Bearer e30.e30.e30".to_owned(),
    };
    let body = dice.no_object();
    Wire::http(world.vault(), "POST", &key(world, "wrapkey"), &[("authorization", &header)], &body)
}

fn version(dice: &mut Dice, world: &World) -> Wire {
    let query = dice.of(&[
        "",
        "?api-version=",
        "?api-version=1.0",
        "?api-version=next",
        "?version=7.4",
        "?api-version=%00",
    ]);
    send(
        world,
        "POST",
        &format!("{}{query}", key(world, "wrapkey")),
        b"{\"alg\":\"RSA-OAEP-256\",\"value\":\"AAAA\"}",
    )
}

fn name(dice: &mut Dice, world: &World) -> Wire {
    let letters = dice.word();
    let path = match dice.below(6) {
        0 => format!("/keys/no-{letters}"),
        1 => "/keys/under_score".to_owned(),
        2 => format!("/keys/{}", "a".repeat(dice.below(1000) + 128)),
        3 => format!("/keys/{}/{}", world.ready.key_vault.key_name, "f".repeat(32)),
        4 => "/keys/%ff%00".to_owned(),
        _ => format!("/x{letters}"),
    };
    send(world, "GET", &format!("{path}?api-version=7.4"), b"")
}

fn no_operation(dice: &mut Dice, world: &World) -> Wire {
    let body = dice.no_object();
    let operation = dice.of(&["wrapkey", "unwrapkey"]);
    send(world, "POST", &format!("{}?api-version=7.4", key(world, operation)), &body)
}

fn value(dice: &mut Dice, world: &World) -> Wire {
    let operation = dice.of(&["wrapkey", "unwrapkey"]);
    let letters = dice.word();
    let (alg, value) = match dice.below(6) {
        0 => ("A256KW", "AAAA".to_owned()),
        1 => ("none", "AAAA".to_owned()),
        2 => ("RSA-OAEP-256", "+/+/".to_owned()),
        3 => ("RSA-OAEP-256", "A".repeat(dice.below(3000) + 400)),
        4 => ("RSA-OAEP-256", format!("{letters}!")),
        _ => ("RSA-OAEP-256", "\u{1F600}".to_owned()),
    };
    let body = format!("{{\"alg\":\"{alg}\",\"value\":\"{value}\"}}");
    send(world, "POST", &format!("{}?api-version=7.4", key(world, operation)), body.as_bytes())
}

fn order(dice: &mut Dice, world: &World) -> Wire {
    let body = match dice.below(7) {
        0 => dice.no_object(),
        1 => b"{\"kty\":\"EC\",\"crv\":\"P-256\"}".to_vec(),
        2 => format!("{{\"kty\":\"RSA\",\"key_size\":{}}}", dice.below(2000)).into_bytes(),
        3 => b"{\"kty\":\"RSA\",\"key_size\":1e400}".to_vec(),
        4 => b"{\"kty\":\"RSA\",\"key_ops\":[\"fly\"]}".to_vec(),
        5 => b"{\"kty\":\"RSA\",\"attributes\":{\"nbf\":9,\"exp\":9}}".to_vec(),
        _ => b"{\"kty\":\"RSA\",\"tags\":{\"a\":[]}}".to_vec(),
    };
    send(world, "POST", "/keys/new/create?api-version=7.4", &body)
}

fn policy(dice: &mut Dice, world: &World) -> Wire {
    let period = dice.of(&["P27D", "P1", "PT1H", "-P1Y", "P99999999999999Y", "", "a year", "P6D"]);
    let trigger = dice.of(&["timeAfterCreate", "timeBeforeExpiry"]);
    let action = dice.of(&["rotate", "explode"]);
    let body = format!(
        "{{\"lifetimeActions\":[{{\"trigger\":{{\"{trigger}\":\"{period}\"}},\"action\":{{\"type\":\"{action}\"}}}}],\
         \"attributes\":{{\"expiryTime\":\"P28D\"}}}}"
    );
    send(world, "PUT", &format!("{}?api-version=7.4", key(world, "rotationpolicy")), body.as_bytes())
}

fn page(dice: &mut Dice, world: &World) -> Wire {
    let query = dice.of(&[
        "maxresults=0",
        "maxresults=26",
        "maxresults=-1",
        "maxresults=99999999999999999999",
        "$skiptoken=!",
        "$skiptoken=_w",
        "$skiptoken=AAAA",
    ]);
    send(world, "GET", &format!("{}?api-version=7.4&{query}", key(world, "versions")), b"")
}

fn identity(dice: &mut Dice, world: &World) -> Wire {
    let query = dice.of(&[
        "",
        "?api-version=2018-02-01",
        "?api-version=2020-05-01&resource=x",
        "?api-version=1&resource=x",
        "?resource=%ff",
    ]);
    let header = dice.of(&[("secret", "x"), ("metadata", "true"), ("metadata", "false"), ("accept", "x")]);
    Wire::http(world.entra(), "GET", &format!("/metadata/identity/oauth2/token{query}"), &[header], b"")
}
