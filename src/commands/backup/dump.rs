//! One database: from its dump tool to a backup that exists.

use super::Context;
use crate::catalog::table::size;
use crate::catalog::{Backup, Database, Key, Manifest, manifest};
use crate::engine::{self, EndMark, Lock, Words};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::pipeline::capture::{Capture, CaptureError, DumpProof};
use crate::pipeline::compress::Compressor;
use crate::pipeline::upload::{Committed, MOST_PARTS, PartWriter, UploadError, UploadOptions};
use crate::progress::Progress;
use crate::retention::collapse::is_below_half;
use crate::runtime::wholeness::{self, Hold};
use crate::runtime::{Container, Runtime};
use crate::store::Store;
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// Parts are no smaller than this unless told so.
const PART_BYTES: u64 = 8 * 1024 * 1024;
/// How long cleaning up may take once lifeboat was told to end; Docker kills after 10 s.
const LAST_SECONDS: Duration = Duration::from_secs(7);
/// Of what is said when a lock is given back.
const ANSWER_BYTES: usize = 64 * 1024;
const MIB: u64 = 1024 * 1024;

/// What is dumped, and what is known of it beforehand.
pub struct Job {
    /// The database.
    pub database: Database,
    /// The dump tool's words.
    pub words: Words,
    /// The end of its format.
    pub end_mark: EndMark,
    /// What is held meanwhile.
    pub lock: Option<Lock>,
    /// The key's extension.
    pub extension: String,
    /// The words as the manifest shows them; `None` where they may hold a secret.
    pub command: Option<String>,
    /// SHA-256 of a command that is not shown.
    pub command_sha256: Option<String>,
    /// `DUMP_OPTIONS` in effect.
    pub options: Vec<String>,
    /// The server's own estimate of the dump's size, in bytes.
    pub estimate: Option<u64>,
    /// What the engine wants to remember.
    pub properties: Option<Value>,
}

/// What all dumps of one target share.
pub struct Facts {
    /// The engine's name.
    pub engine: &'static str,
    /// In the server's words.
    pub server_version: Option<String>,
    /// In the tool's words.
    pub tool_version: Option<String>,
    /// Where the data lives.
    pub origin: manifest::Origin,
}

/// A backup that exists.
pub struct Made {
    /// Its key.
    pub key: Key,
    /// The size stored.
    pub bytes: u64,
    /// Those before it that are more than twice as large, the newest first.
    pub larger: Vec<Backup>,
}

/// Dumps, stores, proves, and writes the manifest. On any failure nothing of it stays.
pub async fn store<R: Runtime, S: Store>(
    context: &Context<R, S>,
    container: &Container,
    facts: &Facts,
    job: &Job,
) -> Result<Made> {
    let bucket = &context.bucket;
    let config = &bucket.config;
    let listing = bucket.of_database(&container.target, &job.database);
    let before = context.cancel.or_interrupted(Stage::List, listing).await?;
    let previous = before.newest(&container.target, &job.database).cloned();
    // The store's time, which it has just told: by a clock that is ahead of it the backup would be from the future, and
    // be seen by nobody.
    let started = after(bucket.now(), previous.as_ref());
    let key = Key::new(
        &container.target,
        job.database.clone(),
        started,
        id(started, previous.as_ref())?,
        &job.extension,
        config.stream.compression.extension(),
    )
    .map_err(|error| Error::new(Stage::Config, Exit::Usage, error))?;

    let options = upload_options(context, container, job, previous.as_ref());
    let mut writer = PartWriter::new(bucket.store.clone(), key.object(bucket.prefix()), options);
    let mut compressor = Compressor::new(
        config.stream.compression,
        config.stream.level,
        super::super::share(config),
        &context.workers,
    );

    let mut held = None;
    let work = async {
        if let Some(lock) = &job.lock {
            held = Some(hold(context, container, lock).await?);
        }
        let proof = pump(
            context,
            container,
            facts,
            job,
            &mut compressor,
            &mut writer,
            &mut held,
        )
        .await?;
        writer.commit(proof).await.map_err(upload_failed)
    };
    let committed = tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(context.interrupted(Stage::Dump)),
        outcome = tokio::time::timeout(config.timeouts.backup, work) => outcome.unwrap_or_else(|_| {
            let seconds = config.timeouts.backup.as_secs();
            Err(Error::new(Stage::Dump, Exit::Tool, format!("the backup was not done within {seconds} s"))
                .hint("BACKUP_TIMEOUT is the limit"))
        }),
    };
    // After a success it has been given back as soon as the dump was out.
    if let Err(error) = release(context, container, job, &mut held).await {
        tracing::error!(target = container.target, database = %job.database, "{error}");
    }
    let committed = match committed {
        Ok(committed) => committed,
        Err(error) => {
            // The first error is the one to tell; this one only says what may be left behind.
            context.clean_up(&key, writer.abort()).await;
            return Err(error);
        }
    };

    let manifest = describe(context, container, facts, job, &key, &compressor, &committed);
    let bytes = committed.object.bytes;
    let put = tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(context.interrupted(Stage::Manifest)),
        put = bucket.put_manifest(&key, &manifest) => put,
    };
    if let Err(error) = put {
        let mut stands = false;
        let settle = async {
            stands = bucket.stands_or_goes(&key, &manifest.run).await?;
            Ok::<_, Error>(())
        };
        context.clean_up(&key, settle).await;
        if !stands {
            return Err(error);
        }
        if context.cancel.is_cancelled() {
            tracing::info!(key = key.text(), "this backup was complete, and stays");
            return Err(error);
        }
        tracing::warn!(key = key.text(), "the manifest stands all the same: {error}");
    }
    let before = before.of(&container.target, &job.database);
    let larger = before
        .filter(|before| is_below_half(bytes, before))
        .cloned()
        .collect();
    Ok(Made { key, bytes, larger })
}

/// How the object is uploaded; that its parts may be too small is said.
fn upload_options<R, S: Store>(
    context: &Context<R, S>,
    container: &Container,
    job: &Job,
    previous: Option<&Backup>,
) -> UploadOptions {
    let config = &context.bucket.config;
    if let (Some(configured), Some(previous)) = (config.s3.part_bytes, previous)
        && let Some(told) = too_small(configured, previous.bytes)
    {
        tracing::warn!(target = container.target, database = %job.database, "{told}");
    }
    UploadOptions {
        part_bytes: part_bytes(config.s3.part_bytes, previous.map(|b| b.bytes), job.estimate),
        concurrency: config.s3.concurrency,
        stall: config.timeouts.stall,
        deletes: config.prune,
    }
}

/// Moves the bytes; ends with the proof that they were all.
async fn pump<R: Runtime, S: Store>(
    context: &Context<R, S>,
    container: &Container,
    facts: &Facts,
    job: &Job,
    compressor: &mut Compressor,
    writer: &mut PartWriter<S>,
    held: &mut Option<Hold>,
) -> Result<DumpProof> {
    let stall = context.bucket.config.timeouts.stall;
    let mut capture = Capture::start(&context.runtime, container, &job.words, job.end_mark, stall)
        .await
        .map_err(capture_failed)?;
    let mut progress = Progress::new(format!("{}/{}", container.target, job.database), None);
    while let Some(piece) = capture.next().await.map_err(capture_failed)? {
        progress.add(piece.len());
        for ready in compressor.write(piece).await.map_err(compress_failed)? {
            writer.write(ready).await.map_err(upload_failed)?;
        }
    }
    let words = engine::remarks(facts.engine, &capture.last_words());
    let proof = capture.prove().await.map_err(capture_failed)?;
    release(context, container, job, held).await?;
    if !words.is_empty() {
        tracing::warn!(target = container.target, database = %job.database, "the dump tool said: {words}");
    }
    for ready in compressor.finish().await.map_err(compress_failed)? {
        writer.write(ready).await.map_err(upload_failed)?;
    }
    Ok(proof)
}

/// Not before the previous one, whose clock may have been a little ahead: whatever is newest has to look so.
fn after(now: Timestamp, previous: Option<&Backup>) -> Timestamp {
    previous.map_or(now, |previous| now.max(previous.key.started()))
}

/// Random, and of two backups that begin in one second the second one's is the greater: by these the newest is told.
/// The first is of the lower half, and each step a short one, so that no second has more backups than there are ids.
fn id(started: Timestamp, previous: Option<&Backup>) -> Result<u16> {
    const STEP: u16 = 0x100;
    let random = super::random_id()?;
    let same_second = |backup: &&Backup| backup.key.started().as_second() == started.as_second();
    Ok(match previous.filter(same_second) {
        None => random / 2,
        Some(previous) => previous.key.id().saturating_add(1 + random % STEP),
    })
}

/// Takes what a dump needs held.
async fn hold<R: Runtime, S: Store>(
    context: &Context<R, S>,
    container: &Container,
    lock: &Lock,
) -> Result<Hold> {
    let wait = context.bucket.config.timeouts.stall;
    let held = Hold::start(&context.runtime, container, &lock.hold, lock.held, wait).await;
    held.map_err(|error| super::super::wholeness_failed(error, Stage::Dump))
}

/// Gives back what was held, if anything is. One who held it and is gone has held it no longer, and the dump is not
/// what it was meant to be: that is an error.
async fn release<R: Runtime, S: Store>(
    context: &Context<R, S>,
    container: &Container,
    job: &Job,
    held: &mut Option<Hold>,
) -> Result<()> {
    let (Some(held), Some(lock)) = (held.take(), &job.lock) else {
        return Ok(());
    };
    let Err(error) = held.release(lock.release).await else {
        return Ok(());
    };
    let undone = wholeness::ask(
        &context.runtime,
        container,
        &lock.undo,
        ANSWER_BYTES,
        LAST_SECONDS,
    )
    .await;
    let hint = match undone {
        Ok(answer) if answer.code == 0 => "it was given back all the same",
        _ => "the server may still be locked: run db.fsyncUnlock() there",
    };
    let what = format!("the lock was not held to the end: {error}");
    Err(Error::new(Stage::Dump, Exit::Tool, what).hint(hint))
}

fn describe<R: Runtime, S: Store>(
    context: &Context<R, S>,
    container: &Container,
    facts: &Facts,
    job: &Job,
    key: &Key,
    compressor: &Compressor,
    committed: &Committed,
) -> Manifest {
    let stream = &context.bucket.config.stream;
    let (proof, object) = (&committed.proof, &committed.object);
    let compressed = stream.compression.extension().is_some();
    Manifest {
        format: manifest::FORMAT,
        lifeboat: env!("CARGO_PKG_VERSION").to_owned(),
        key: key.text(),
        target: container.target.clone(),
        container: manifest::Container {
            name: container.name.clone(),
            id: container.id.clone(),
            image: Some(container.image.clone()),
        },
        origin: facts.origin.clone(),
        engine: facts.engine.to_owned(),
        server_version: facts.server_version.clone(),
        tool_version: facts.tool_version.clone(),
        database: job.database.to_string(),
        started: key.started(),
        finished: context.bucket.now(),
        run: context.run.clone(),
        dump: manifest::Dump {
            command: job.command.clone(),
            command_sha256: job.command_sha256.clone(),
            bytes: proof.bytes(),
            sha256: proof.sha256().to_owned(),
        },
        object: manifest::Object {
            bytes: object.bytes,
            sha256: object.sha256.clone(),
            etag: object.head.etag.clone(),
            version_id: object.head.version_id.clone(),
            parts: (object.parts > 0).then_some(u32::from(object.parts)),
            part_bytes: (object.parts > 0).then_some(object.part_bytes),
        },
        compression: manifest::Compression {
            name: stream.compression.name().to_owned(),
            level: compressed.then_some(stream.level),
            members: compressed.then_some(compressor.members()),
        },
        encryption: None,
        options: job.options.clone(),
        properties: job.properties.clone(),
    }
}

/// Equal parts, so their size is chosen before the first: 8 MiB, or what keeps a dump of the expected size within
/// the parts S3 allows. Expected is twice the previous stored size, else the server's own estimate.
fn part_bytes(configured: Option<u64>, previous: Option<u64>, estimate: Option<u64>) -> u64 {
    if let Some(configured) = configured {
        return configured;
    }
    let expected = previous
        .map(|bytes| bytes.saturating_mul(2))
        .or(estimate)
        .unwrap_or(0);
    expected
        .div_ceil(MOST_PARTS)
        .next_multiple_of(MIB)
        .max(PART_BYTES)
}

/// Words for an `S3_PART_SIZE` in which the previous backup would not have room any more. It is no refusal: the dump may
/// have become smaller. If not, it fails after the last part, which may be hours from now.
fn too_small(configured: u64, previous: u64) -> Option<String> {
    let holds = configured.saturating_mul(MOST_PARTS);
    (previous > holds).then(|| {
        let wanted = part_bytes(None, Some(previous), None) / MIB;
        format!(
            "S3_PART_SIZE holds {} at most, and the previous backup took {}: unset it, or set it to at least {wanted}MiB",
            size(holds),
            size(previous)
        )
    })
}

fn compress_failed(error: crate::pipeline::compress::CompressError) -> Error {
    Error::new(Stage::Compression, Exit::Other, error)
}

fn upload_failed(error: UploadError) -> Error {
    let hint = match &error {
        UploadError::Store(_) | UploadError::Lost(_) => None,
        UploadError::Taken => {
            Some("two lifeboats that write the same keys? give each an S3_PREFIX of its own".to_owned())
        }
        UploadError::Stalled(_) => Some("is the store slow or gone? STALL_TIMEOUT is the limit".to_owned()),
        UploadError::TooManyParts { part_bytes } => Some(format!(
            "set S3_PART_SIZE to at least {}MiB",
            (part_bytes * 4).div_ceil(MIB)
        )),
    };
    let error = match error {
        UploadError::Store(error) => error.at(Stage::Upload),
        error => Error::new(Stage::Upload, Exit::Storage, error),
    };
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

impl<R: Runtime, S: Store> Context<R, S> {
    /// Removes what a failed backup has left. Who was told to end has seconds for it, not minutes.
    async fn clean_up<E: std::fmt::Display>(&self, key: &Key, work: impl Future<Output = Result<(), E>>) {
        let told_to_end = async {
            self.cancel.cancelled().await;
            tokio::time::sleep(LAST_SECONDS).await;
        };
        let outcome = tokio::select! {
            outcome = work => outcome.map_err(|error| error.to_string()),
            () = told_to_end => Err(format!("the store did not answer within {} s", LAST_SECONDS.as_secs())),
        };
        if let Err(left) = outcome {
            tracing::warn!(
                key = key.text(),
                "cleaning up after the failure did not work, a leftover may stay: {left}"
            );
        }
    }
}

/// A dump that is not believed, or did not begin.
fn capture_failed(error: CaptureError) -> Error {
    match error {
        CaptureError::Wholeness(error) => super::super::wholeness_failed(error, Stage::Dump),
        error => Error::new(Stage::Dump, Exit::Tool, error)
            .hint("run the command in the target by hand and look at what it prints"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_grow_only_when_ten_thousand_would_not_do() {
        assert_eq!(part_bytes(None, None, None), PART_BYTES);
        assert_eq!(part_bytes(Some(5 * MIB), Some(u64::MAX), None), 5 * MIB);
        assert_eq!(part_bytes(None, Some(30 << 30), None), PART_BYTES);
        // 100 GiB stored last time: expected 200 GiB, 20.97 MB a part.
        assert_eq!(part_bytes(None, Some(100 << 30), Some(1)), 21 * MIB);
        assert_eq!(part_bytes(None, None, Some(1 << 40)), 105 * MIB);
    }

    #[test]
    fn parts_that_are_too_small_for_the_previous_backup_are_told_at_the_start() {
        let holds = 5 * MIB * MOST_PARTS;
        assert_eq!(too_small(5 * MIB, holds), None);
        assert_eq!(
            too_small(5 * MIB, holds + 1).as_deref(),
            Some(
                "S3_PART_SIZE holds 48.8 GiB at most, and the previous backup took 48.8 GiB: unset it, or set it to at \
                 least 11MiB"
            )
        );
    }
}
