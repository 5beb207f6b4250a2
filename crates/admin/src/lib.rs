//! webinar-bridge-admin
