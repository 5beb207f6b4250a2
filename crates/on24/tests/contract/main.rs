//! ON24's adapter over the emulated ON24, by the suites that every provider must pass.

#[cfg(test)]
mod subject;

#[cfg(test)]
mod registrar {
    webinar_bridge_contract::registrar_suite!(crate::subject::On24Subject::over_emulator().await);
}

#[cfg(test)]
mod attendance {
    webinar_bridge_contract::attendance_suite!(crate::subject::On24Subject::over_emulator().await);
}

#[cfg(test)]
mod account {
    webinar_bridge_contract::account_suite!(crate::subject::On24Subject::over_emulator().await);
}
