//! webinar-bridge-contract
