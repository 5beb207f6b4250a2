//! webinar-bridge-keyvault
