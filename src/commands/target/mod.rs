//! A target as the verbs see it: a database server that answers questions.

mod custom;
mod mongodb;
mod mysql;
mod postgres;

use super::wholeness_failed;
use crate::config::options::{self, Tool};
use crate::config::{Config, Dump, EngineName};
use crate::engine::detect::{self, Found};
use crate::engine::mongodb::Mongodb;
use crate::engine::mysql::Mysql;
use crate::engine::postgres::Postgres;
use crate::engine::{Place, Words, files};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::wholeness::{self, Answer};
use crate::runtime::{Container, Runtime};
use crate::secret::Secret;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// An answer is a few rows; a server with a hundred thousand databases still fits.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Questions about the catalog are answered at once, or not at all.
const ANSWER_WAIT: Duration = Duration::from_mins(2);
/// How long a server that says it is starting is waited for.
const READY_WAIT: Duration = Duration::from_mins(1);
/// How long a start script may still work with a server: it may load whole dumps.
const SET_UP_WAIT: Duration = Duration::from_mins(5);
/// How often it is asked meanwhile.
const READY_POLL: Duration = Duration::from_secs(1);

/// How to find out where an engine's server is.
struct Look<'a> {
    /// What is run in the target.
    words: Words,
    /// Reads its answer; the environment is the container's.
    read: fn(&[u8], &BTreeMap<String, Secret>) -> Place,
    /// The container's environment.
    env: &'a BTreeMap<String, Secret>,
    /// It is reached by an address, on which another container's server may listen: its process has to be seen.
    in_sight: bool,
}

/// A container and what is configured for it.
pub struct Target<'a, R> {
    runtime: &'a R,
    /// The container.
    pub container: &'a Container,
    /// Everything configured.
    pub config: &'a Config,
    /// What to dump: `config.dump`, with the container's own labels over it.
    pub dump: Dump,
}

impl<'a, R: Runtime> Target<'a, R> {
    /// Reads the container's labels; nothing is asked yet.
    pub fn new(runtime: &'a R, container: &'a Container, config: &'a Config) -> Result<Self> {
        let name = &container.name;
        let (dump, warnings) = config.dump.labelled(&container.labels).map_err(|problems| {
            let problems: Vec<_> = problems.0.iter().map(ToString::to_string).collect();
            let what = format!("the labels of container {name}: {}", problems.join("; "));
            Error::new(Stage::Target, Exit::Usage, what)
        })?;
        for warning in warnings {
            tracing::warn!(container = name, "{warning}");
        }
        Ok(Self {
            runtime,
            container,
            config,
            dump,
        })
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

    /// Runs words with `input` as their stdin, whatever their exit code.
    pub async fn tell_whatever(&self, words: &Words, input: &Secret) -> Result<Answer> {
        wholeness::tell(self.runtime, self.container, words, input.expose().as_bytes())
            .await
            .map_err(|error| wholeness_failed(error, Stage::Restore))
    }

    /// Runs words that must succeed, with `input` as their stdin.
    pub async fn tell(&self, words: &Words, input: &Secret) -> Result<Answer> {
        let answer = self.tell_whatever(words, input).await?;
        succeeded(words, &answer, Stage::Restore)?;
        Ok(answer)
    }

    /// Asks the server in the target, where it listens, once it is ready and no start script works with it any more.
    /// Asks again while it only `starting` says that it starts; returns where it is, and the last answer.
    async fn ask_once_ready(
        &self,
        look: &Look<'_>,
        words: impl Fn(&Place) -> Words + Send,
        starting: fn(&str) -> bool,
    ) -> Result<(Place, Answer)> {
        let mut deadline = Instant::now() + READY_WAIT;
        let mut poll = tokio::time::interval(READY_POLL);
        loop {
            poll.tick().await;
            let mut place = self.place(look).await?;
            if place.set_up {
                place = self.place_once_set_up(look).await?;
                deadline = Instant::now() + READY_WAIT;
            }
            let over = Instant::now() >= deadline;
            if place.nobody && look.in_sight {
                if over {
                    return Err(self.nobody());
                }
            } else {
                let answer = self.ask(&words(&place)).await?;
                let ready = answer.code == 0;
                // The server of a start script may have answered, and another be there when the next question comes.
                if ready && self.place(look).await? == place || !ready && !starting(&answer.stderr) || over {
                    return Ok((place, answer));
                }
            }
            tracing::debug!(
                container = self.container.name,
                "the server is starting: asked again"
            );
        }
    }

    fn look_at_postgres(&self) -> Look<'_> {
        Look {
            words: Postgres::look(),
            read: Postgres::read_place,
            env: &self.container.env,
            in_sight: false,
        }
    }

    fn look_at_mysql(&self) -> Look<'_> {
        Look {
            words: Mysql::look(),
            read: Mysql::read_place,
            env: &self.container.env,
            in_sight: false,
        }
    }

    fn look_at_mongodb(&self) -> Look<'_> {
        Look {
            words: Mongodb::look(),
            read: |stdout, _| Mongodb::read_place(stdout),
            env: &self.container.env,
            in_sight: true,
        }
    }

    /// Whether a start script still works with the server, as far as that can be seen.
    pub async fn is_being_set_up(&self, engine: EngineName) -> Result<bool> {
        let look = match engine {
            EngineName::Postgres => self.look_at_postgres(),
            EngineName::Mysql | EngineName::Mariadb => self.look_at_mysql(),
            EngineName::Mongodb => self.look_at_mongodb(),
            EngineName::Custom => return Ok(false),
        };
        Ok(self.place(&look).await?.set_up)
    }

    /// Where the server is now.
    async fn place(&self, look: &Look<'_>) -> Result<Place> {
        Ok((look.read)(&self.answer(&look.words).await?, look.env))
    }

    /// Waits until the start script has ended.
    async fn place_once_set_up(&self, look: &Look<'_>) -> Result<Place> {
        let name = &self.container.name;
        tracing::info!(
            container = name,
            "its start script is still setting the server up: waiting for it, {} minutes at most",
            SET_UP_WAIT.as_secs() / 60
        );
        let deadline = Instant::now() + SET_UP_WAIT;
        let mut poll = tokio::time::interval(READY_POLL);
        loop {
            poll.tick().await;
            let place = self.place(look).await?;
            if !place.set_up {
                return Ok(place);
            }
            if Instant::now() >= deadline {
                let what = format!("container {name} is still being set up by its start script");
                return Err(Error::new(Stage::Target, Exit::Target, what).hint(
                    "what it holds is not complete yet: try again when docker logs shows that it is ready",
                ));
            }
        }
    }

    fn nobody(&self) -> Error {
        let what = format!("no server runs in container {}", self.container.name);
        Error::new(Stage::Target, Exit::Target, what)
            .hint("TARGET must be the container that the server itself runs in, and the server be up")
    }

    /// The container's environment, with those of `names` filled in that stand in a file there (`X_FILE`).
    pub async fn environment(&self, names: &[&'static str]) -> Result<BTreeMap<String, Secret>> {
        let mut env = self.container.env.clone();
        for (name, path) in files::secret_files(&env, names) {
            let content = self.answer(&files::read_file(&path)).await.map_err(|error| {
                error.hint(format!(
                    "{name}_FILE of the target names {path}: can it be read there?"
                ))
            })?;
            env.insert(name.to_owned(), Secret::new(String::from_utf8_lossy(&content)));
        }
        Ok(env)
    }

    /// `DB_PASSWORD`, or what the container's label says in its place.
    pub async fn password(&self) -> Result<Option<Secret>> {
        let Some(path) = &self.dump.password_file else {
            return Ok(self.dump.password.clone());
        };
        let content = self.answer(&files::read_file(path)).await.map_err(|error| {
            error.hint(format!(
                "the label lifeboat.password-file names {path}: can it be read in the target?"
            ))
        })?;
        let text = String::from_utf8_lossy(&content);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        Ok(Some(Secret::new(text.strip_suffix('\r').unwrap_or(text))))
    }

    /// `DUMP_OPTIONS`, fit for the tool that gets them.
    pub fn dump_options(&self, tool: Tool) -> Result<&[String]> {
        checked("DUMP_OPTIONS", tool, &self.dump.dump_options)
    }

    /// `RESTORE_OPTIONS`, fit for the tool that gets them.
    pub fn restore_options(&self, tool: Tool) -> Result<&[String]> {
        checked("RESTORE_OPTIONS", tool, &self.dump.restore_options)
    }

    /// ENGINE, else what the target has.
    pub async fn engine(&self) -> Result<EngineName> {
        if let Some(engine) = self.dump.engine {
            return Ok(engine);
        }
        let name = &self.container.name;
        let found = detect::found(&self.answer(&detect::look()).await?);
        let what = match detect::engine(&found) {
            Found::One(engine) => return Ok(engine),
            Found::Several(engines) => {
                let names: Vec<_> = engines.iter().map(|engine| engine.name()).collect();
                format!("container {name} has the tools of {}", names.join(" and "))
            }
            Found::Nothing if found.is_empty() => {
                format!("container {name} has none of the dump tools lifeboat knows")
            }
            Found::Nothing => format!(
                "container {name} has {} and not what goes with it",
                found.join(", ")
            ),
        };
        Err(Error::new(Stage::Target, Exit::Usage, what).hint(
            "set ENGINE (or the label lifeboat.engine), or ENGINE=custom with DUMP_COMMAND; is it the database's own \
             container?",
        ))
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
}

fn checked<'a>(variable: &str, tool: Tool, words: &'a [String]) -> Result<&'a [String]> {
    options::check(tool, words)
        .map_err(|refusal| Error::new(Stage::Config, Exit::Usage, format!("{variable}: {refusal}")))?;
    Ok(words)
}

/// An exit code other than 0 as an error with the tool's own words.
pub fn succeeded(words: &Words, answer: &Answer, stage: Stage) -> Result<()> {
    if answer.code == 0 {
        return Ok(());
    }
    let error = wholeness::WholenessError::Exit {
        tool: words.tool().to_owned(),
        code: answer.code,
        stderr: answer.stderr.clone(),
    };
    Err(wholeness_failed(error, stage))
}

/// An answer that makes no sense is a matter of the target.
pub fn not_understood(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Stage::Target, Exit::Tool, error).hint("is this a server that lifeboat knows?")
}
