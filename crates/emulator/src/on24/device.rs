//! With what somebody registers and watches; it follows from the person's id.

pub(super) struct Device {
    pub(super) system: &'static str,
    pub(super) browser: &'static str,
    pub(super) address: String,
    /// Where the person watches, in ON24's words.
    pub(super) place: &'static str,
}

impl Device {
    pub(super) fn of(person: i64) -> Self {
        let number = mixed(person);
        let pick = |shift: u32, from: usize| usize::try_from(number >> shift).unwrap_or_default() % from;
        Self {
            system: ["win10", "mac10.15", "linux", "ios17"][pick(0, 4)],
            browser: ["chrome128", "firefox130", "safari17", "edge128"][pick(8, 4)],
            // Addresses of this block belong to nobody: they are for documentation.
            address: format!("203.0.113.{}", 1 + pick(16, 254)),
            place: if pick(24, 10) == 0 { "At the Venue" } else { "Watching remote" },
        }
    }
}

/// The link to somebody's engagement profile; whoever has it may read there.
pub(super) fn profile_url(person: i64) -> String {
    format!("https://data.on24.example/webcast/lead?token={:016x}{:016x}", mixed(person), mixed(!person))
}

/// The bits of an id, so that neighbours have nothing in common.
fn mixed(id: i64) -> u64 {
    let mut bits = id.unsigned_abs().wrapping_add(0x9e37_79b9_7f4a_7c15);
    for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9), (27, 0x94d0_49bb_1331_11eb)] {
        bits = (bits ^ (bits >> shift)).wrapping_mul(factor);
    }
    bits ^ (bits >> 31)
}
