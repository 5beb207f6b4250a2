//! webinar-bridge-transport
