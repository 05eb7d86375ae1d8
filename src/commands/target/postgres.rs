//! A PostgreSQL target: the server, and the account that is used there.

use super::{Target, not_understood, succeeded};
use crate::engine::Place;
use crate::engine::postgres::{self, Postgres, Server};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;

impl<R: Runtime> Target<'_, R> {
    /// The PostgreSQL server, and the account that is used there.
    pub async fn postgres(&self) -> Result<(Postgres, Server)> {
        let env = self.environment(&postgres::VARIABLES).await?;
        let password = self.password().await?;
        let postgres = Postgres::of_container(&env, self.dump.user.as_deref(), password.as_ref());
        let look = self.look_at_postgres();
        let mut failure = None;
        for home in postgres.homes() {
            let there = postgres.clone().at_home_in(home.clone());
            let question = |place: &Place| there.clone().in_place(place).server();
            let (place, answer) = self.ask_once_ready(&look, question, postgres::starting).await?;
            if answer.code == 0 {
                let server = Postgres::read_server(&answer.stdout).map_err(not_understood)?;
                return Ok((there.in_place(&place).at(&server), server));
            }
            let missing = answer.stderr.contains("does not exist") && !answer.stderr.contains("role");
            failure = Some(answer);
            if !missing {
                break;
            }
        }
        let words = postgres.server();
        match failure {
            Some(answer) => Err(succeeded(&words, &answer, Stage::Target)
                .err()
                .unwrap_or_else(|| Error::new(Stage::Target, Exit::Target, "the server was not asked"))),
            None => Err(Error::new(
                Stage::Target,
                Exit::Target,
                "no database to ask the server in",
            )),
        }
    }
}
