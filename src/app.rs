//! Wiring: the configuration, the runtime and the store behind each verb.

use crate::cli::{Cli, Verb};
use crate::commands::bucket::Bucket;
use crate::commands::ours::Ours;
use crate::commands::{self, Cancel, Context};
use crate::config::{self, Config};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::pipeline::compress::Workers;
use crate::runtime::docker::DockerRuntime;
use crate::store::s3::S3Store;
use std::sync::Arc;

/// Threads for blocking work beside the codecs': name look-ups and files. Each that ever lived keeps some memory.
const BLOCKING_THREADS: usize = 8;

/// Runs the verb of this command line in the environment of this process.
pub fn main(cli: Cli, cancel: Cancel) -> Exit {
    if matches!(cli.verb, Some(Verb::Version)) {
        commands::print(&format!("lifeboat {}\n", env!("CARGO_PKG_VERSION")));
        return Exit::Done;
    }
    let loaded = match config::load(environment(), &|path| std::fs::read(path)) {
        Ok(loaded) => loaded,
        Err(problems) => {
            eprintln!("{problems}");
            return Exit::Usage;
        }
    };
    crate::log::start(&loaded.config.log);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    if matches!(cli.verb, Some(Verb::Config)) {
        commands::config::run(&loaded.settings);
        return Exit::Done;
    }
    if matches!(cli.verb, Some(Verb::IamPolicy)) {
        commands::iam_policy::run(&loaded.config);
        return Exit::Done;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(commands::workers(&loaded.config) + BLOCKING_THREADS)
        .build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(async {
                listen_for_signals(&cancel);
                verb(cli, Arc::new(loaded.config), cancel).await
            });
            // A blocked read of a body that nobody wants any more must not hold the process.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(Error::new(Stage::Config, Exit::Other, error)),
    };
    outcome.unwrap_or_else(|error| {
        tracing::error!("{error}");
        error.exit
    })
}

async fn verb(cli: Cli, config: Arc<Config>, cancel: Cancel) -> Result<Exit> {
    let verb = cli.verb.unwrap_or(match config.schedule.expression {
        Some(_) => Verb::Run,
        None => Verb::Backup,
    });
    if matches!(verb, Verb::Check) {
        return Ok(commands::check::run(&config, &cancel).await);
    }
    let store = S3Store::connect(&config.s3)
        .await
        .map_err(|error| error.at(Stage::Config))?;
    let ours = match verb {
        Verb::List(_) | Verb::Verify(_) | Verb::Get(_) | Verb::Prune { .. } | Verb::Delete { .. } => {
            ours(&config, &cancel).await?
        }
        _ => Ours::default(),
    };
    let ours = Arc::new(ours);
    let bucket = Bucket { store, config, ours };
    let done = |()| Exit::Done;
    match verb {
        Verb::Backup => Ok(commands::backup::once(&context(bucket, cancel)?).await?.exit()),
        Verb::Run => commands::run::run(&context(bucket, cancel)?).await,
        Verb::Restore(args) => commands::restore::run(&context(bucket, cancel)?, &args)
            .await
            .map(done),
        Verb::List(args) => commands::list::run(&bucket, &args, &cancel).await.map(done),
        Verb::Verify(args) => commands::verify::run(&bucket, &args, &cancel).await,
        Verb::Get(args) => commands::get::run(&bucket, &args, &cancel).await.map(done),
        Verb::Prune { apply, scope } => commands::prune::run(&bucket, apply, &scope, &cancel)
            .await
            .map(done),
        Verb::Delete { keys, force } => commands::delete::run(&bucket, &keys, force, &cancel)
            .await
            .map(done),
        Verb::Check | Verb::Config | Verb::IamPolicy | Verb::Version => Ok(Exit::Done),
    }
}

/// Which backups are of this installation: these verbs work without an engine too, and then nobody knows.
async fn ours(config: &Config, cancel: &Cancel) -> Result<Ours> {
    let Ok(runtime) = DockerRuntime::connect(&config.docker) else {
        return Ok(Ours::default());
    };
    let ask = async { Ok(Ours::ask(&runtime, config).await) };
    cancel.or_interrupted(Stage::List, ask).await
}

fn context(bucket: Bucket<S3Store>, cancel: Cancel) -> Result<Context<DockerRuntime, S3Store>> {
    Ok(Context {
        runtime: DockerRuntime::connect(&bucket.config.docker).map_err(|error| error.at(Stage::Target))?,
        workers: Workers::new(commands::workers(&bucket.config)),
        bucket,
        run: commands::random_hex::<8>()?,
        cancel,
    })
}

/// A variable that is no UTF-8 is shown to the validation as it can be read: it is then named there.
#[expect(clippy::disallowed_methods, reason = "the environment is read once, here")]
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .collect()
}

fn listen_for_signals(cancel: &Cancel) {
    use tokio::signal::unix::{SignalKind, signal};
    for (kind, exit) in [
        (SignalKind::terminate(), Exit::Terminated),
        (SignalKind::interrupt(), Exit::Interrupted),
    ] {
        let cancel = cancel.clone();
        if let Ok(mut signals) = signal(kind) {
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    cancel.cancel(exit);
                }
            });
        }
    }
}
