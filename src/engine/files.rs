//! Variables of a target that stand in a file there: official images read `X_FILE` in the place of `X`.

use super::Words;
use crate::secret::Secret;
use std::collections::BTreeMap;

/// Which of `names` stand in a file of the target: the variable, and the file's path there.
pub fn secret_files(env: &BTreeMap<String, Secret>, names: &[&'static str]) -> Vec<(&'static str, String)> {
    let set = |name: &str| env.get(name).is_some_and(|value| !value.expose().is_empty());
    names
        .iter()
        .filter(|name| !set(name))
        .filter_map(|name| {
            let path = env.get(&format!("{name}_FILE"))?.expose();
            (!path.is_empty()).then(|| (*name, path.to_owned()))
        })
        .collect()
}

/// Words that print a file of the target. The images cut line breaks at its end, and so must the reader.
pub fn read_file(path: &str) -> Words {
    Words {
        argv: ["cat", "--", path].map(str::to_owned).to_vec(),
        env: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_asked_for_where_the_variable_is_not_set() {
        let env = [
            ("POSTGRES_PASSWORD_FILE", "/run/secrets/p"),
            ("POSTGRES_USER", "u"),
            ("POSTGRES_USER_FILE", "/x"),
            ("POSTGRES_DB", ""),
        ]
        .map(|(name, value)| (name.to_owned(), Secret::new(value)));
        assert_eq!(
            secret_files(
                &env.into(),
                &["POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"]
            ),
            [("POSTGRES_PASSWORD", "/run/secrets/p".to_owned())]
        );
        assert_eq!(read_file("/run/secrets/p").argv, ["cat", "--", "/run/secrets/p"]);
    }
}
