//! A restore by `RESTORE_COMMAND`: the command is not even started before the object is proven whole.

use crate::local::{LocalRuntime, Shell, directory};
use crate::read::DAMAGES;
use crate::world::{attempt, context, keys};
use lifeboat::cli::RestoreArgs;
use lifeboat::commands::{Context, restore};
use lifeboat::error::Result;
use lifeboat::exit::Exit;
use lifeboat::store::StoreErrorKind;
use lifeboat::store::memory::{Fault, MemoryStore, Op};
use std::path::PathBuf;

/// A "database" that is a file, with a backup of it in the bucket, and a change since.
pub struct Database {
    file: PathBuf,
    /// Exists once the restore command has been started.
    started: PathBuf,
    pub key: String,
    pub context: Context<LocalRuntime, MemoryStore>,
}

const OLD: &str = "what was backed up\n";
const NEW: &str = "what has been written since\n";

impl Database {
    pub async fn new(restore: &str) -> Self {
        let place = directory("database");
        let (file, started) = (place.join("data"), place.join("started"));
        let old = OLD.repeat(150_000);
        std::fs::write(&file, &old).unwrap();
        let dump = format!("cat {}", file.display());
        let restore = restore
            .replace("STARTED", started.to_str().unwrap())
            .replace("FILE", file.to_str().unwrap());
        let store = MemoryStore::new();
        let runtime = LocalRuntime::new(&Shell::any());
        let context = context(
            runtime,
            &store,
            &[("DUMP_COMMAND", &dump), ("RESTORE_COMMAND", &restore)],
        );
        let key = attempt(&context).await.unwrap().key.object("");
        std::fs::write(&file, NEW).unwrap();
        Self {
            file,
            started,
            key,
            context,
        }
    }

    pub async fn restore(&self, overwrite: bool, discard: bool) -> Result<()> {
        let args = RestoreArgs {
            which: "latest".to_owned(),
            overwrite,
            discard,
            ..RestoreArgs::default()
        };
        restore::run(&self.context, &args).await
    }

    pub fn is_untouched(&self) -> bool {
        !self.started.exists() && std::fs::read_to_string(&self.file).unwrap() == NEW
    }

    pub fn store(&self) -> &MemoryStore {
        &self.context.bucket.store
    }

    fn replaced(&self) -> usize {
        keys(self.store())
            .iter()
            .filter(|key| key.contains("/_replaced."))
            .count()
    }
}

pub const RESTORE: &str = "touch STARTED; cat >FILE.new && mv FILE.new FILE";

#[tokio::test]
async fn comes_back_and_what_it_replaces_is_backed_up_first() {
    let database = Database::new(RESTORE).await;
    database.restore(true, false).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(&database.file).unwrap(),
        OLD.repeat(150_000)
    );
    assert_eq!(database.replaced(), 2, "a dump and its manifest");
    // The safety backup is never the latest.
    database.restore(true, true).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(&database.file).unwrap(),
        OLD.repeat(150_000)
    );
    assert_eq!(database.replaced(), 2, "none with --discard");
}

#[tokio::test]
async fn without_overwrite_it_is_refused() {
    let database = Database::new(RESTORE).await;
    assert_eq!(
        database.restore(false, false).await.unwrap_err().exit,
        Exit::Refused
    );
    assert!(database.is_untouched());
}

#[tokio::test]
async fn what_is_damaged_starts_nothing() {
    for (name, damage) in DAMAGES {
        let database = Database::new(RESTORE).await;
        damage(database.store(), &database.key);
        let error = database.restore(true, true).await.unwrap_err();
        assert_eq!(error.exit, Exit::Verification, "{name}: {error}");
        assert!(database.is_untouched(), "{name}");
    }
}

#[tokio::test]
async fn a_safety_backup_that_fails_starts_nothing() {
    let database = Database::new(RESTORE).await;
    let listed = keys(database.store());
    std::fs::remove_file(&database.file).unwrap();
    let error = database.restore(true, false).await.unwrap_err();
    assert_eq!(error.exit, Exit::Refused, "{error}");
    assert!(
        error.to_string().contains("--discard") && !database.started.exists(),
        "{error}"
    );
    assert_eq!(keys(database.store()), listed);
}

#[tokio::test]
async fn a_command_that_fails_or_stops_reading_is_told() {
    let failing = Database::new("cat >/dev/null; echo 'no space left' >&2; exit 9").await;
    let error = failing.restore(true, true).await.unwrap_err();
    assert_eq!(error.exit, Exit::Tool);
    assert!(
        error.chain().contains("exit code 9") && error.chain().contains("no space left"),
        "{error}"
    );
    let early = Database::new("head -c 10 >/dev/null; exit 0").await;
    let error = early.restore(true, true).await.unwrap_err();
    assert_eq!(error.exit, Exit::Tool, "{error}");
}

#[tokio::test]
async fn an_interrupted_restore_shows_the_command_no_end_of_its_input() {
    let database =
        Database::new("touch STARTED; head -c 10 >/dev/null; sleep 1000; cat >/dev/null; echo x >FILE").await;
    let cancel = database.context.cancel.clone();
    let started = database.started.clone();
    let asked = async {
        crate::local::until("the command is started", || started.exists()).await;
        cancel.cancel(Exit::Terminated);
    };
    let (outcome, ()) = tokio::join!(database.restore(true, true), asked);
    assert_eq!(outcome.unwrap_err().exit, Exit::Terminated);
    assert_eq!(std::fs::read_to_string(&database.file).unwrap(), NEW);
}

/// Two hosts with one bucket, no prefix, and a target of the same name.
#[tokio::test]
async fn the_latest_of_another_host_is_not_taken_for_one_of_this() {
    let database = Database::new(RESTORE).await;
    let own = database.key.clone();
    database.context.runtime.set_origin("engine-2");
    let others = attempt(&database.context).await.unwrap().key.object("");
    database.context.runtime.set_origin("engine-1");
    let refused = database.restore(true, true).await.unwrap_err();
    assert_eq!(refused.exit, Exit::Refused, "{refused}");
    assert!(
        refused.to_string().contains(&own) && refused.to_string().contains("S3_PREFIX"),
        "{refused}"
    );
    assert!(database.is_untouched());
    // By its key it is what was meant; and so is the latest where this host has none.
    let by_key = RestoreArgs {
        which: others,
        overwrite: true,
        discard: true,
        ..RestoreArgs::default()
    };
    restore::run(&database.context, &by_key).await.unwrap();
    assert_eq!(std::fs::read_to_string(&database.file).unwrap(), NEW);
    database.context.runtime.set_origin("engine-3");
    database.restore(true, true).await.unwrap();
}

#[tokio::test]
async fn however_many_another_host_has_made_since() {
    let database = Database::new(RESTORE).await;
    database.context.runtime.set_origin("engine-2");
    for _ in 0..40 {
        attempt(&database.context).await.unwrap();
    }
    database.context.runtime.set_origin("engine-1");
    let refused = database.restore(true, true).await.unwrap_err();
    assert_eq!(refused.exit, Exit::Refused, "{refused}");
    assert!(refused.to_string().contains(&database.key), "{refused}");
}

#[tokio::test]
async fn nor_of_another_project_of_the_same_engine() {
    let mut database = Database::new(RESTORE).await;
    let runtime = database.context.runtime.clone();
    database.context.runtime = runtime.clone().in_project("shop");
    let shops = attempt(&database.context).await.unwrap().key.text();
    database.context.runtime = runtime;
    let refused = database.restore(true, true).await.unwrap_err();
    assert_eq!(refused.exit, Exit::Refused, "{refused}");
    let text = refused.to_string();
    assert!(text.contains(&shops) && text.contains("project shop"), "{text}");
    assert!(database.is_untouched());
}

#[tokio::test]
async fn a_manifest_that_cannot_be_had_is_not_another_host_s() {
    let database = Database::new(RESTORE).await;
    database.context.runtime.set_origin("engine-2");
    attempt(&database.context).await.unwrap();
    database.context.runtime.set_origin("engine-1");
    // The first is that of the chosen one; then come those of both, the newest first.
    let store = &database.context.bucket.store;
    store.fail(Op::Get, 3, Fault::Error(StoreErrorKind::Other));
    let failed = database.restore(true, true).await.unwrap_err();
    assert_eq!(failed.exit, Exit::Refused, "{failed}");
    assert!(failed.to_string().contains("by its key"), "{failed}");
    assert!(database.is_untouched());
}

/// A new host whose service came up empty, and whose first backup ran by itself: nobody means that one.
#[tokio::test]
async fn the_first_of_a_new_host_beside_a_larger_one_of_the_old_is_refused() {
    let database = Database::new(RESTORE).await;
    database.context.runtime.set_origin("engine-2");
    let empty = attempt(&database.context).await.unwrap().key.text();
    let refused = database.restore(true, true).await.unwrap_err();
    assert_eq!(refused.exit, Exit::Refused, "{refused}");
    let text = refused.to_string();
    assert!(text.contains(&empty) && text.contains(&database.key), "{text}");
    assert!(database.is_untouched());
}

/// However many small ones have been made since.
#[tokio::test]
async fn what_has_shrunk_is_refused_until_it_is_named() {
    let database = Database::new(RESTORE).await;
    let mut small = String::new();
    for _ in 0..3 {
        small = attempt(&database.context).await.unwrap().key.text();
        let refused = database.restore(true, true).await.unwrap_err();
        assert_eq!(refused.exit, Exit::Refused, "{refused}");
        let text = refused.to_string();
        assert!(text.contains(&small) && text.contains(&database.key), "{text}");
    }
    let args = RestoreArgs {
        which: small,
        overwrite: true,
        discard: true,
        ..RestoreArgs::default()
    };
    restore::run(&database.context, &args).await.unwrap();
    assert_eq!(std::fs::read_to_string(&database.file).unwrap(), NEW);
}
