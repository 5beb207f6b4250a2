//! webinar-bridge-storage
