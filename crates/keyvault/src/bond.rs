//! What a sealed secret is bound to, as bytes.

use uuid::Uuid;
use webinar_bridge_domain::port::SecretBond;

const TAG: &[u8] = b"wb-aad-1";

/// The associated data of an envelope: tag, installation (16 bytes), organization (16 bytes), purpose (text), row
/// (16 bytes), version (8 bytes), and the envelope's bytes before its commitment; each behind its length.
pub fn associated_data(installation: Uuid, bond: &SecretBond, header: &[u8]) -> Vec<u8> {
    framed(&[
        TAG,
        installation.as_bytes(),
        bond.organization.uuid().as_bytes(),
        bond.purpose.as_str().as_bytes(),
        bond.row.as_bytes(),
        &bond.version.to_be_bytes(),
        header,
    ])
}

/// Puts each part behind its length (8 bytes, big-endian), so that no two lists of parts share their bytes.
pub(crate) fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(framed_len(parts));
    for part in parts {
        frame(&mut bytes, part);
    }
    bytes
}

/// Appends one part behind its length.
pub(crate) fn frame(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
    bytes.extend_from_slice(part);
}

fn framed_len(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| 8 + part.len()).sum()
}

#[cfg(test)]
mod tests {
    use webinar_bridge_domain::credential::Purpose;
    use webinar_bridge_domain::id::OrganizationId;

    use super::*;

    fn bond() -> SecretBond {
        SecretBond {
            organization: OrganizationId::from(Uuid::from_u128(1)),
            purpose: Purpose::Provider,
            row: Uuid::from_u128(2),
            version: 3,
        }
    }

    #[test]
    fn parts_cannot_move_across_their_borders() {
        assert_ne!(framed(&[b"ab", b"c"]), framed(&[b"a", b"bc"]));
        assert_ne!(framed(&[b"ab", b""]), framed(&[b"ab"]));
        assert_eq!(framed(&[b"ab"]), [0, 0, 0, 0, 0, 0, 0, 2, b'a', b'b']);
    }

    #[test]
    fn every_part_of_a_bond_counts() {
        let (installation, bond) = (Uuid::from_u128(9), bond());
        let base = associated_data(installation, &bond, b"header");
        let others = [
            associated_data(Uuid::from_u128(8), &bond, b"header"),
            associated_data(installation, &bond, b"headex"),
            associated_data(
                installation,
                &SecretBond { organization: OrganizationId::from(Uuid::from_u128(5)), ..bond },
                b"header",
            ),
            associated_data(installation, &SecretBond { purpose: Purpose::Crm, ..bond }, b"header"),
            associated_data(installation, &SecretBond { row: Uuid::from_u128(5), ..bond }, b"header"),
            associated_data(installation, &SecretBond { version: 4, ..bond }, b"header"),
        ];
        assert!(others.iter().all(|other| *other != base));
    }
}
