//! `get`: the dump itself, to stdout or a file.

use super::bucket::{Bucket, read_back_failed};
use super::{Cancel, selection};
use crate::catalog::Backup;
use crate::cli::GetArgs;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::pipeline::download::Download;
use crate::progress::Progress;
use crate::runtime::wholeness::record::hex;
use crate::store::Store;
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// What is kept back until the hash matches: a reader of a broken dump must see that it is cut short.
const HELD_BYTES: usize = 64 * 1024;

/// Runs the verb.
pub async fn run<S: Store>(bucket: &Bucket<S>, args: &GetArgs, cancel: &Cancel) -> Result<()> {
    let choose = selection::choose(bucket, &args.which, &args.scope);
    let mut chosen = cancel.or_interrupted(Stage::List, choose).await?;
    let (Some(backup), true) = (chosen.pop(), chosen.is_empty()) else {
        return Err(Error::new(
            Stage::List,
            Exit::Usage,
            "this means several databases, and get writes one dump",
        )
        .hint("add --database"));
    };
    cancel
        .or_interrupted(Stage::Download, write(bucket, args, &backup))
        .await
}

async fn write<S: Store>(bucket: &Bucket<S>, args: &GetArgs, backup: &Backup) -> Result<()> {
    let Some(file) = &args.output else {
        return copy(bucket, args.raw, backup, &mut tokio::io::stdout()).await;
    };
    let part = part_name(file);
    let failed = |path: &Path, error: std::io::Error| {
        Error::new(
            Stage::Download,
            Exit::Other,
            format!("{}: {error}", path.display()),
        )
    };
    let mut out = tokio::fs::File::create(&part)
        .await
        .map_err(|error| failed(&part, error))?;
    copy(bucket, args.raw, backup, &mut out).await?;
    // Some disks say only here that there was no room. And the name must not outlive a power cut without the bytes.
    out.sync_all().await.map_err(|error| failed(&part, error))?;
    tokio::fs::rename(&part, file)
        .await
        .map_err(|error| failed(file, error))
}

fn part_name(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

async fn copy<S: Store>(
    bucket: &Bucket<S>,
    raw: bool,
    backup: &Backup,
    out: &mut (impl AsyncWrite + Unpin),
) -> Result<()> {
    let manifest = bucket.manifest(&backup.key).await?;
    let mut tail = Tail {
        out,
        held: BytesMut::new(),
    };
    let what = format!("get {}", backup.key.text());
    if raw {
        let mut progress = Progress::new(what, Some(manifest.object.bytes));
        let name = backup.key.object(bucket.prefix());
        let mut download = Download::open(bucket.store.clone(), &name)
            .await
            .map_err(|e| e.at(Stage::Download))?;
        let mut hash = Sha256::new();
        while let Some(piece) = download.next().await.map_err(|e| e.at(Stage::Download))? {
            progress.add(piece.len());
            hash.update(&piece);
            tail.write(piece).await?;
        }
        if hex(&hash.finalize()) != manifest.object.sha256 {
            return Err(Error::new(
                Stage::Download,
                Exit::Verification,
                "the object's SHA-256 is not the one its manifest states",
            )
            .hint("do not rely on this backup; lifeboat verify --all tells which others are whole"));
        }
    } else {
        let mut progress = Progress::new(what, Some(manifest.dump.bytes));
        let mut read = bucket.read_back(&backup.key, &manifest, Stage::Download).await?;
        let failed = |error| read_back_failed(error, Stage::Download, &backup.key);
        while let Some(piece) = read.next().await.map_err(failed)? {
            progress.add(piece.len());
            tail.write(piece).await?;
        }
        read.prove().await.map_err(failed)?;
    }
    tail.release().await
}

/// A writer that is always 64 KiB behind.
struct Tail<'a, W> {
    out: &'a mut W,
    held: BytesMut,
}

impl<W: AsyncWrite + Unpin> Tail<'_, W> {
    async fn write(&mut self, piece: Bytes) -> Result<()> {
        self.held.extend_from_slice(&piece);
        let certain = self.held.len().saturating_sub(HELD_BYTES);
        let certain = self.held.split_to(certain);
        self.out.write_all(&certain).await.map_err(unwritten)
    }

    async fn release(self) -> Result<()> {
        self.out.write_all(&self.held).await.map_err(unwritten)?;
        self.out.flush().await.map_err(unwritten)
    }
}

fn unwritten(error: std::io::Error) -> Error {
    Error::new(Stage::Download, Exit::Other, error).hint("the output could not be written: is the disk full?")
}
