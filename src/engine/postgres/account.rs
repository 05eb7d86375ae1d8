//! The account, as the official image's environment tells it.

use super::Postgres;
use crate::secret::Secret;
use std::collections::BTreeMap;

/// What the image reads, each also as `X_FILE`.
pub const VARIABLES: [&str; 3] = ["POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"];

impl Postgres {
    /// The account of a container with this `env`, in which the files of [`VARIABLES`] have been filled in;
    /// `user` and `password` are the operator's own and win.
    pub fn of_container(
        env: &BTreeMap<String, Secret>,
        user: Option<&str>,
        password: Option<&Secret>,
    ) -> Self {
        let get = |name: &str| {
            let value = env.get(name)?.expose().trim_end_matches(['\n', '\r']);
            (!value.is_empty()).then(|| value.to_owned())
        };
        let image_user = get("POSTGRES_USER").unwrap_or_else(|| "postgres".to_owned());
        let password = match (password, user) {
            (Some(password), _) => Some(password.clone()),
            // The image's password is of the image's user.
            (None, Some(user)) if user != image_user => None,
            (None, _) => get("POSTGRES_PASSWORD").map(Secret::new),
        };
        let mut postgres = Self::new(user.unwrap_or(&image_user), password);
        let image_database = get("POSTGRES_DB").unwrap_or(image_user);
        if !postgres.homes.contains(&image_database) {
            postgres.homes.insert(1, image_database);
        }
        postgres
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, Secret> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
            .collect()
    }

    #[test]
    fn the_image_tells_the_account() {
        let postgres = Postgres::of_container(
            &env(&[("POSTGRES_USER", "app"), ("POSTGRES_PASSWORD", "hush\n")]),
            None,
            None,
        );
        assert_eq!(postgres.user(), "app");
        assert_eq!(postgres.password.as_ref().map(Secret::expose), Some("hush"));
        assert_eq!(postgres.homes(), ["postgres", "app", "template1"]);
        let bare = Postgres::of_container(&env(&[]), None, None);
        assert_eq!((bare.user(), bare.homes().len()), ("postgres", 2));
    }

    #[test]
    fn another_user_does_not_get_the_images_password() {
        let env = env(&[("POSTGRES_PASSWORD", "hush")]);
        assert!(
            Postgres::of_container(&env, Some("other"), None)
                .password
                .is_none()
        );
        assert!(
            Postgres::of_container(&env, Some("postgres"), None)
                .password
                .is_some()
        );
        let own = Secret::new("own");
        let postgres = Postgres::of_container(&env, Some("other"), Some(&own));
        assert_eq!(postgres.password.as_ref().map(Secret::expose), Some("own"));
    }
}
