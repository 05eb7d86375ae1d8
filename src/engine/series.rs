//! Release series of servers: what a server dumps, an older one may not be able to load.

/// Whether a server of version `destination` is of an older series (its first two numbers) than that of `source`. What
/// is no version is of no series.
pub fn older(destination: &str, source: &str) -> bool {
    match (series(destination), series(source)) {
        (Some(destination), Some(source)) => destination < source,
        _ => false,
    }
}

fn series(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version
        .split(|c: char| !c.is_ascii_digit())
        .map_while(|number| number.parse().ok());
    Some((numbers.next()?, numbers.next().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_two_numbers_count() {
        for (destination, source, is) in [
            ("10.11.14-MariaDB-0+deb12u2", "11.8.6-MariaDB-ubu2404", true),
            ("11.4.2-MariaDB", "11.8.6-MariaDB", true),
            ("8.0.20", "8.0.36", false),
            ("8.0.36", "5.7.44", false),
            ("9.7.2", "26.7.0", true),
            ("26.7.0", "9.7.2", false),
            ("6.0.5", "8.0.4", true),
            ("6.0.5", "", false),
            ("", "6.0.5", false),
            ("unknown", "6.0.5", false),
        ] {
            assert_eq!(older(destination, source), is, "{destination} {source}");
        }
    }
}
