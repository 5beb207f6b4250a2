//! What a store promises of bootstrap tokens.

use webinar_bridge_domain::port::TokenDigest;

use crate::subject::StoreSubject;
use crate::world::{NOW, at};

/// A token's life counts from its first admission, whenever it is shown again.
pub async fn a_token_is_admitted_once(s: &mut dyn StoreSubject) {
    let (one, other) = (TokenDigest([1; 32]), TokenDigest([2; 32]));
    assert_eq!(s.store().tokens.admitted(&one).await, Ok(None));
    assert_eq!(s.store().tokens.admit(&one, NOW).await, Ok(NOW));
    assert_eq!(s.store().tokens.admit(&one, at(60)).await, Ok(NOW));
    assert_eq!(s.store().tokens.admit(&one, at(-60)).await, Ok(NOW));
    assert_eq!(s.store().tokens.admitted(&one).await, Ok(Some(NOW)));
    assert_eq!(s.store().tokens.admitted(&other).await, Ok(None));
    assert_eq!(s.store().tokens.admit(&other, at(5)).await, Ok(at(5)));
}

/// A restart does not lengthen a token's life.
pub async fn a_restart_does_not_renew_a_token(s: &mut dyn StoreSubject) {
    let token = TokenDigest([7; 32]);
    s.store().tokens.admit(&token, NOW).await.expect("the store works");
    s.reopen().await;
    assert_eq!(s.store().tokens.admit(&token, at(600)).await, Ok(NOW));
}
