//! A target whose dump and restore are commands of the operator's own: which shell there runs them.

use super::Target;
use crate::engine::Words;
use crate::engine::custom::{self, Shell};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;
use crate::secret::Secret;

impl<R: Runtime> Target<'_, R> {
    /// `command`, which `variable` holds, as it is run there.
    pub async fn custom(&self, variable: &str, command: &Secret) -> Result<Words> {
        let shell = self.shell(variable, command).await?;
        let password = self.password().await?;
        Ok(custom::run(
            command,
            &shell,
            self.dump.user.as_deref(),
            password.as_ref(),
        ))
    }

    /// The shell for `command`. One with a pipe needs `pipefail`: without it, only the last part of a pipeline can fail.
    pub async fn shell(&self, variable: &str, command: &Secret) -> Result<Shell> {
        if !self.dump.pipefail {
            return Ok(Shell::without_pipefail());
        }
        if !custom::has_pipe(command) {
            return Ok(Shell::plain());
        }
        let found = Shell::read(&self.answer(&Shell::look()).await?);
        found.ok_or_else(|| {
            let what = format!(
                "{variable} has a pipe, and no shell in container {} knows pipefail: only the last part of the pipe \
                 could fail, and half a dump would look like a whole one",
                self.container.name
            );
            Error::new(Stage::Target, Exit::Usage, what).hint(
                "have bash in the target, write the command without a pipe, or accept this with DUMP_PIPEFAIL=false (label \
                 lifeboat.dump-pipefail)",
            )
        })
    }
}
