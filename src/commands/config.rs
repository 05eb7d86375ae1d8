//! `config`: the effective configuration, secrets redacted, and where each value came from.

use super::print;
use crate::config::Setting;

/// Runs the verb.
pub fn run(settings: &[Setting]) {
    let width = |of: fn(&Setting) -> &str| settings.iter().map(|s| of(s).chars().count()).max().unwrap_or(0);
    let (names, values) = (width(|s| s.name), width(|s| &s.value).min(60));
    for setting in settings {
        print(&format!(
            "{:names$}  {:values$}  {}\n",
            setting.name, setting.value, setting.source
        ));
    }
}
