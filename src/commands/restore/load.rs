//! The load: a backup's dump into a restore tool that sees the end of its input only once all of it is proven.

use crate::catalog::{Key, Manifest};
use crate::commands::bucket::read_back_failed;
use crate::commands::{Context, target, wholeness_failed};
use crate::engine::Words;
use crate::error::{Result, Stage};
use crate::progress::Progress;
use crate::runtime::wholeness::Feed;
use crate::runtime::{Container, Runtime};
use crate::store::Store;

/// Feeds the whole dump to `words`, and tells what they say. On any failure the tool is killed, and gone, when this
/// returns.
pub async fn load<R: Runtime, S: Store>(
    context: &Context<R, S>,
    container: &Container,
    words: &Words,
    key: &Key,
    manifest: &Manifest,
) -> Result<()> {
    let said = feed(context, container, words, key, manifest).await?;
    if !said.is_empty() {
        tracing::warn!(key = key.text(), "the restore tool said: {said}");
    }
    Ok(())
}

/// The same; what they say is for the caller to tell.
pub async fn feed<R: Runtime, S: Store>(
    context: &Context<R, S>,
    container: &Container,
    words: &Words,
    key: &Key,
    manifest: &Manifest,
) -> Result<String> {
    let failed = |error| read_back_failed(error, Stage::Restore, key);
    let mut read = context.bucket.read_back(key, manifest, Stage::Restore).await?;
    let mut feed = Feed::start(&context.runtime, container, words, manifest.dump.bytes)
        .await
        .map_err(|error| wholeness_failed(error, Stage::Restore))?;
    let mut progress = Progress::new(format!("restore {}", key.text()), Some(manifest.dump.bytes));
    let fed = async {
        while let Some(piece) = read.next().await.map_err(failed)? {
            progress.add(piece.len());
            if !feed.write(&piece).await {
                // The tool has ended: what it says of that is worth more than the rest of the object.
                return Ok(false);
            }
        }
        Ok(true)
    };
    let fed = tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(context.cancel.interrupted(Stage::Restore)),
        fed = fed => fed,
    };
    let proven = match fed {
        Ok(true) => read.prove().await.map(Some).map_err(failed),
        Ok(false) => Ok(None),
        Err(error) => Err(error),
    };
    if let Err(error) = proven {
        feed.abandon().await;
        return Err(error);
    }
    let answer = tokio::select! {
        biased;
        () = context.cancel.cancelled() => return Err(context.cancel.interrupted(Stage::Restore)),
        answer = feed.commit() => answer.map_err(|error| wholeness_failed(error, Stage::Restore))?,
    };
    target::succeeded(words, &answer, Stage::Restore)?;
    Ok(answer.stderr)
}
