//! The effective configuration as text: what `lifeboat config` prints.

use super::env::{Given, Source};
use super::variables::VARIABLES;
use super::{Checksum, Compression, Config, EngineName};

/// One variable as it is in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The variable.
    pub name: &'static str,
    /// Its value as it may be shown.
    pub value: String,
    /// Where the value came from.
    pub source: Source,
}

/// Every variable, in the order of the table.
pub(super) fn list(given: &Given, config: &Config) -> Vec<Setting> {
    VARIABLES
        .iter()
        .map(|variable| match given.get(variable.name) {
            Some(found) => Setting {
                name: variable.name,
                value: variable.show.setting(&found.text),
                source: found.source.clone(),
            },
            None => Setting {
                name: variable.name,
                value: derived(variable.name, config).unwrap_or(match variable.default {
                    "" => "(unset)".to_owned(),
                    default => default.to_owned(),
                }),
                source: Source::Default,
            },
        })
        .collect()
}

/// Defaults that depend on the other variables.
fn derived(name: &str, config: &Config) -> Option<String> {
    match name {
        "ENGINE" => (config.dump.engine == Some(EngineName::Custom)).then(|| "custom".to_owned()),
        "AWS_REGION" => config.s3.region.clone(),
        "S3_PATH_STYLE" => Some(config.s3.path_style.to_string()),
        "S3_CHECKSUM" => Some(
            match config.s3.checksum {
                Checksum::Sdk => "auto (the SDK's own)",
                _ => "auto (md5)",
            }
            .to_owned(),
        ),
        "COMPRESSION_LEVEL" => Some(match config.stream.compression {
            Compression::None => "(unset)".to_owned(),
            compression => compression.default_level().to_string(),
        }),
        _ => None,
    }
}
