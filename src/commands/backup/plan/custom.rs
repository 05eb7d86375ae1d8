//! What a custom command dumps: everything, as one.

use super::Plan;
use crate::catalog::{Database, manifest::Origin};
use crate::commands::backup::dump::{Facts, Job};
use crate::commands::target::Target;
use crate::config::EngineName;
use crate::engine::custom;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;
use crate::runtime::wholeness::record::hex;
use sha2::{Digest, Sha256};

/// One dump of everything there is.
pub(super) async fn plan<R: Runtime>(target: &Target<'_, R>, origin: Origin) -> Result<Plan> {
    let dump = &target.dump;
    let Some(command) = &dump.dump_command else {
        return Err(Error::new(Stage::Config, Exit::Usage, "DUMP_COMMAND is not set")
            .hint("the custom engine runs it in the target"));
    };
    let job = Job {
        database: Database::All,
        words: target.custom("DUMP_COMMAND", command).await?,
        end_mark: custom::END_MARK,
        lock: None,
        extension: dump.extension().to_owned(),
        command: None,
        command_sha256: Some(hex(&Sha256::digest(command.expose()))),
        options: Vec::new(),
        estimate: None,
        properties: None,
    };
    let facts = Facts {
        engine: EngineName::Custom.name(),
        server_version: None,
        tool_version: None,
        origin,
    };
    Ok(Plan {
        facts,
        jobs: vec![Ok(job)],
    })
}
