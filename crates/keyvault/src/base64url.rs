//! Base64url: never padded when written, padded or not when read.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::SecretBox;
use zeroize::{Zeroize as _, Zeroizing};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text of `bytes`; wiped when dropped, since it may be a key's.
pub(crate) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(ENGINE.encode(bytes))
}

/// The bytes that `text` stands for.
pub(crate) fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    ENGINE.decode(text).map(Zeroizing::new).ok()
}

/// The 32 bytes that `text` stands for; `None` if it stands for anything else.
pub(crate) fn decode_key(text: &str) -> Option<SecretBox<[u8; 32]>> {
    let bytes = decode(text)?;
    let mut key: [u8; 32] = bytes.as_slice().try_into().ok()?;
    let secret = SecretBox::new(Box::new(key));
    key.zeroize();
    Some(secret)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn padding_is_read_and_never_written() {
        assert_eq!(encode(&[0xfb, 0xff]).as_str(), "-_8");
        assert_eq!(decode("-_8").unwrap().as_slice(), [0xfb, 0xff]);
        assert_eq!(decode("-_8=").unwrap().as_slice(), [0xfb, 0xff]);
        assert!(decode("+/8=").is_none(), "that is the other alphabet");
    }

    #[test]
    fn a_key_has_32_bytes() {
        let text = encode(&[7; 32]);
        assert_eq!(decode_key(&text).unwrap().expose_secret(), &[7; 32]);
        assert!(decode_key(&encode(&[7; 31])).is_none());
        assert!(decode_key(&encode(&[7; 33])).is_none());
        assert!(decode_key("not a key").is_none());
    }
}
