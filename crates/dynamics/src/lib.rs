//! webinar-bridge-dynamics
