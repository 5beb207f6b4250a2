//! webinar-bridge-on24
