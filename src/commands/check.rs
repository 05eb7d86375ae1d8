//! `check`.
use super::Cancel;
use crate::config::Config;
use crate::exit::Exit;
use std::sync::Arc;
/// x
pub async fn run(_config: &Arc<Config>, _cancel: &Cancel) -> Exit {
    Exit::Done
}
