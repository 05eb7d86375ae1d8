//! A target as the verbs see it: a database server that answers questions.

use super::wholeness_failed;
use crate::config::{Config, EngineName};
use crate::engine::postgres::{self, Postgres, Server};
use crate::engine::{Words, detect};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::wholeness::{self, Answer};
use crate::runtime::{Container, Runtime};
use crate::secret::Secret;
use std::time::Duration;

/// An answer is a few rows; a server with a hundred thousand databases still fits.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Questions about the catalog are answered at once, or not at all.
const ANSWER_WAIT: Duration = Duration::from_mins(2);

/// A container and what is configured for it.
pub struct Target<'a, R> {
    runtime: &'a R,
    /// The container.
    pub container: &'a Container,
    /// Everything configured.
    pub config: &'a Config,
}

impl<'a, R: Runtime> Target<'a, R> {
    /// Nothing is asked yet.
    pub fn new(runtime: &'a R, container: &'a Container, config: &'a Config) -> Self {
        Self {
            runtime,
            container,
            config,
        }
    }

    /// Runs words for their answer, whatever their exit code.
    pub async fn ask(&self, words: &Words) -> Result<Answer> {
        wholeness::ask(self.runtime, self.container, words, ANSWER_BYTES, ANSWER_WAIT)
            .await
            .map_err(|error| wholeness_failed(error, Stage::Target))
    }

    /// Runs words that must succeed, for what they print.
    pub async fn answer(&self, words: &Words) -> Result<Vec<u8>> {
        let answer = self.ask(words).await?;
        succeeded(words, &answer, Stage::Target)?;
        Ok(answer.stdout)
    }

    /// Runs words that must succeed, with `input` as their stdin.
    pub async fn tell(&self, words: &Words, input: &Secret) -> Result<Answer> {
        let answer = wholeness::tell(self.runtime, self.container, words, input.expose().as_bytes())
            .await
            .map_err(|error| wholeness_failed(error, Stage::Restore))?;
        succeeded(words, &answer, Stage::Restore)?;
        Ok(answer)
    }

    /// ENGINE, else what the target has.
    pub async fn engine(&self) -> Result<EngineName> {
        if let Some(engine) = self.config.dump.engine {
            return Ok(engine);
        }
        let name = &self.container.name;
        let found = detect::found(&self.answer(&detect::look()).await?);
        if ["psql", "pg_dump", "pg_restore"]
            .iter()
            .all(|tool| found.contains(tool))
        {
            return Ok(EngineName::Postgres);
        }
        let what = match found[..] {
            [] => format!("container {name} has none of the dump tools lifeboat knows"),
            _ => format!(
                "container {name} has {}, which this version does not know to use",
                found.join(", ")
            ),
        };
        Err(Error::new(Stage::Target, Exit::Usage, what)
            .hint("set ENGINE, or ENGINE=custom with DUMP_COMMAND; is it the database's own container?"))
    }

    /// The first line of what a tool says to `--version`.
    pub async fn version_of(&self, tool: &str) -> Option<String> {
        let words = Words {
            argv: vec![tool.to_owned(), "--version".to_owned()],
            env: Vec::new(),
        };
        let answer = self.ask(&words).await.ok().filter(|answer| answer.code == 0)?;
        let text = String::from_utf8_lossy(&answer.stdout);
        text.lines().next().map(str::to_owned)
    }

    /// The PostgreSQL server, and the account that is used there.
    pub async fn postgres(&self) -> Result<(Postgres, Server)> {
        let mut env = self.container.env.clone();
        for (name, path) in postgres::secret_files(&env) {
            let content = self.answer(&postgres::read_file(&path)).await.map_err(|error| {
                error.hint(format!(
                    "{name}_FILE of the target names {path}: can it be read there?"
                ))
            })?;
            env.insert(name.to_owned(), Secret::new(String::from_utf8_lossy(&content)));
        }
        let dump = &self.config.dump;
        let postgres = Postgres::of_container(&env, dump.user.as_deref(), dump.password.as_ref());
        let mut failure = None;
        for home in postgres.homes() {
            let there = postgres.clone().at_home_in(home.clone());
            let words = there.server();
            let answer = self.ask(&words).await?;
            if answer.code == 0 {
                let server = Postgres::read_server(&answer.stdout).map_err(not_understood)?;
                return Ok((there.at(&server), server));
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

/// An exit code other than 0 as an error with the tool's own words.
pub fn succeeded(words: &Words, answer: &Answer, stage: Stage) -> Result<()> {
    if answer.code == 0 {
        return Ok(());
    }
    let error = wholeness::WholenessError::Exit {
        tool: words.argv.first().cloned().unwrap_or_default(),
        code: answer.code,
        stderr: answer.stderr.clone(),
    };
    Err(wholeness_failed(error, stage))
}

/// An answer that makes no sense is a matter of the target.
pub fn not_understood(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Stage::Target, Exit::Tool, error).hint("is this a PostgreSQL server that lifeboat knows?")
}

/// Words as they may be shown: what they hold is no secret, the environment is left out.
pub fn shown(words: &Words) -> String {
    shell_words::join(&words.argv)
}
