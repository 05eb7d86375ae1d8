//! The account, as the official image's environment tells it.

use super::Mongodb;
use crate::secret::Secret;
use std::collections::BTreeMap;

/// What the image reads, each also as `X_FILE`.
pub const VARIABLES: [&str; 2] = ["MONGO_INITDB_ROOT_USERNAME", "MONGO_INITDB_ROOT_PASSWORD"];

impl Mongodb {
    /// The account of a container with this `env`, in which the files of [`VARIABLES`] have been filled in;
    /// `user` and `password` are the operator's own and win. Without any, the server is taken to ask nobody.
    pub fn of_container(
        env: &BTreeMap<String, Secret>,
        user: Option<&str>,
        password: Option<&Secret>,
    ) -> Self {
        let get = |name: &str| {
            let value = env.get(name)?.expose().trim_end_matches(['\n', '\r']);
            (!value.is_empty()).then(|| value.to_owned())
        };
        let [name, secret] = VARIABLES;
        let image_user = get(name);
        let password = match (password, user) {
            (Some(password), _) => Some(password.clone()),
            // The image's password is of the image's user.
            (None, Some(user)) if Some(user) != image_user.as_deref() => None,
            (None, _) => get(secret).map(Secret::new),
        };
        Self::new(user.map(str::to_owned).or(image_user), password)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(env: &[(&str, &str)], user: Option<&str>, password: Option<&str>) -> (String, String) {
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
            .collect();
        let mongodb = Mongodb::of_container(&env, user, password.map(Secret::new).as_ref());
        let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
        (
            text(mongodb.user()),
            text(mongodb.password.as_ref().map(Secret::expose)),
        )
    }

    #[test]
    fn the_image_tells_the_account() {
        let env = [
            ("MONGO_INITDB_ROOT_USERNAME", "root"),
            ("MONGO_INITDB_ROOT_PASSWORD", "hush\n"),
        ];
        let of = |user, password| account(&env, user, password);
        assert_eq!(of(None, None), ("root".to_owned(), "hush".to_owned()));
        assert_eq!(of(Some("root"), None), ("root".to_owned(), "hush".to_owned()));
        assert_eq!(of(Some("me"), Some("own")), ("me".to_owned(), "own".to_owned()));
        assert_eq!(of(None, Some("own")), ("root".to_owned(), "own".to_owned()));
    }

    #[test]
    fn another_user_does_not_get_the_images_password() {
        let env = [("MONGO_INITDB_ROOT_PASSWORD", "hush")];
        assert_eq!(account(&env, Some("me"), None), ("me".to_owned(), "-".to_owned()));
        assert_eq!(account(&[], None, None), ("-".to_owned(), "-".to_owned()));
    }
}
