//! lifeboat without its adapters, so that neither the AWS SDK nor bollard is built for a fuzzer: the same files, under the
//! names by which the properties in `tests/properties` call them.

#[path = "../src/catalog/mod.rs"]
pub mod catalog;
#[path = "../src/pipeline/compress/mod.rs"]
pub mod compress;
#[path = "../src/config/mod.rs"]
pub mod config;
#[path = "../src/pipeline/decompress/mod.rs"]
pub mod decompress;
#[path = "../src/engine/mod.rs"]
pub mod engine;
#[path = "../src/error.rs"]
pub mod error;
#[path = "../src/exit.rs"]
pub mod exit;
#[path = "../src/runtime/wholeness/record.rs"]
pub mod record;
#[path = "../src/schedule.rs"]
pub mod schedule;
#[path = "../src/secret.rs"]
pub mod secret;
#[path = "../src/shown.rs"]
pub mod shown;

pub mod pipeline {
    pub use crate::{compress, decompress};
}

pub mod runtime {
    pub mod wholeness {
        pub use crate::record;
    }
}
