//! What processes use, as Linux counts it.

use std::time::Duration;

/// The processor time that this process has used.
pub fn cpu() -> Duration {
    /// Linux counts processor time in hundredths of a second, whatever its own ticks are.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").expect("/proc");
    // The name in brackets may hold anything; the numbers begin behind it.
    let numbers = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 =
        numbers.split_whitespace().skip(11).take(2).map(|n| n.parse::<f64>().expect("ticks")).sum();
    Duration::from_secs_f64(ticks / TICKS_PER_SECOND)
}

/// The most memory that this process ever had resident, in MiB.
pub fn peak_mib() -> f64 {
    memory_mib("self", "VmHWM:")
}

/// The memory that this process has resident now, in MiB.
pub fn resident_mib() -> f64 {
    memory_mib("self", "VmRSS:")
}

/// The memory that another process has resident now, in MiB.
pub fn resident_mib_of(process: u32) -> f64 {
    memory_mib(&process.to_string(), "VmRSS:")
}

fn memory_mib(process: &str, line: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("/proc");
    let found = status.lines().find_map(|l| l.strip_prefix(line)).expect("a line of that name");
    let kib = found.trim().trim_end_matches("kB").trim();
    kib.parse::<f64>().expect("kibibytes") / 1024.0
}
