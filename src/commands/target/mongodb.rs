//! A MongoDB target: the server, and the account that is used there.

use super::{Target, not_understood, succeeded};
use crate::engine::Place;
use crate::engine::mongodb::{self, Mongodb, Server};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;

/// What a shell says of a command that is not there.
const NOT_FOUND: u8 = 127;

impl<R: Runtime> Target<'_, R> {
    /// The MongoDB server, and the account that is used there.
    pub async fn mongodb(&self) -> Result<(Mongodb, Server)> {
        let env = self.environment(&mongodb::VARIABLES).await?;
        let password = self.password().await?;
        let mongodb = Mongodb::of_container(&env, self.dump.user.as_deref(), password.as_ref());
        let look = self.look_at_mongodb();
        let server = |place: &Place| mongodb.clone().in_place(place).server();
        let (place, answer) = self.ask_once_ready(&look, server, mongodb::starting).await?;
        let mongodb = mongodb.in_place(&place);
        if answer.code == NOT_FOUND {
            let what = format!(
                "container {} has no mongosh, by which the server is asked",
                self.container.name
            );
            return Err(Error::new(Stage::Target, Exit::Tool, what).hint(
                "the official images have it since 5.0; without it: ENGINE=custom with \
                 DUMP_COMMAND='mongodump --archive' and RESTORE_COMMAND='mongorestore --archive --drop'",
            ));
        }
        succeeded(&mongodb.server(), &answer, Stage::Target)?;
        let server = Mongodb::read_server(&answer.stdout).map_err(not_understood)?;
        Ok((mongodb, server))
    }
}
