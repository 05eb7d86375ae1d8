//! Building the SDK's client: TLS, proxy, credentials, region, time-outs.

use super::clock::Clock;
use super::errors::chain;
use super::hints;
use super::redact::Redactor;
use crate::config::{self, Checksum};
use crate::secret::Secret;
use crate::store::{StoreError, StoreErrorKind};
use aws_config::meta::region::ProvideRegion as _;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    Credentials, ProvideCredentials as _, RequestChecksumCalculation, ResponseChecksumValidation,
    RuntimeComponents, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::time::Duration;

/// Until a connection stands, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Until the head of an answer to a request without a large body.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// For every place that credentials can come from together; IMDS alone takes a few seconds to be found absent.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(30);
/// Attempts by the SDK itself: it knows which answers are worth one and corrects a wrong clock. What is to
/// outlast a restart of the store is retried by [`super::retry`].
const SDK_ATTEMPTS: u32 = 2;

pub(super) async fn build(
    config: &config::S3,
    clock: &Clock,
) -> Result<(aws_sdk_s3::Client, Redactor), StoreError> {
    let http = http_client(config)?;
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(SDK_ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(300));
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(retries);
    let mut secrets = Vec::new();
    if let Some(keys) = &config.credentials {
        let token = keys.session_token.as_ref().map(|token| token.expose().to_owned());
        let [id, secret] = [&keys.access_key_id, &keys.secret_access_key].map(Secret::expose);
        let keys = Credentials::new(id, secret, token, None, "lifeboat");
        secrets.extend(secrets_of(&keys));
        loader = loader.credentials_provider(keys);
    }
    if let Some(region) = region(config).await {
        loader = loader.region(region);
    } else if config.credentials.is_some() {
        return Err(failed(
            config,
            StoreErrorKind::Other,
            "no region is set",
            Some("set AWS_REGION"),
        ));
    }
    let shared = loader.load().await;
    if shared.region().is_none() {
        return Err(failed(
            config,
            StoreErrorKind::Other,
            "no region was found",
            Some("set AWS_REGION"),
        ));
    }
    if config.credentials.is_none() {
        secrets.extend(secrets_of(&check_credentials(config, &shared).await?));
    }
    let checksums = match config.checksum {
        Checksum::Md5 | Checksum::None => RequestChecksumCalculation::WhenRequired,
        _ => RequestChecksumCalculation::WhenSupported,
    };
    let mut builder = aws_sdk_s3::config::Builder::from(&shared)
        .force_path_style(config.path_style)
        .request_checksum_calculation(checksums)
        // What is read is ranges, for which stores send none; the manifest's SHA-256 is the proof.
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        // A throttled store is silent for longer than the SDK's 5 s; uploads are bounded by their attempt's time-out.
        .stalled_stream_protection(
            StalledStreamProtectionConfig::enabled()
                .upload_enabled(false)
                .grace_period(Duration::from_mins(1))
                .build(),
        )
        .interceptor(clock.clone());
    if let Some(endpoint) = &config.endpoint {
        builder = builder.endpoint_url(endpoint);
    }
    Ok((
        aws_sdk_s3::Client::from_conf(builder.build()),
        Redactor::new(secrets),
    ))
}

/// The region as configured, or a profile's where asking IMDS for one would be wrong: static keys are used
/// where there is none, and it takes seconds to find that out.
async fn region(config: &config::S3) -> Option<Region> {
    match &config.region {
        Some(region) => Some(Region::new(region.clone())),
        None if config.credentials.is_some() => ProfileFileRegionProvider::new().region().await,
        None => None,
    }
}

/// Asks the chain for credentials once, so that none at all is said as such and before a dump has begun.
async fn check_credentials(
    config: &config::S3,
    shared: &aws_config::SdkConfig,
) -> Result<Credentials, StoreError> {
    let none = |reason: &str| {
        failed(
            config,
            StoreErrorKind::Denied,
            reason,
            Some(hints::NO_CREDENTIALS),
        )
    };
    let Some(provider) = shared.credentials_provider() else {
        return Err(none("no credentials are configured"));
    };
    match tokio::time::timeout(CREDENTIALS_TIMEOUT, provider.provide_credentials()).await {
        Err(_) => Err(none("no credentials were found in time")),
        Ok(Ok(credentials)) => Ok(credentials),
        Ok(Err(error)) => {
            let text = Redactor::new([]).clean(&chain(&error));
            Err(none(&format!("no credentials were found: {text}")))
        }
    }
}

/// What is kept out of error texts, wherever the credentials come from.
fn secrets_of(credentials: &Credentials) -> impl Iterator<Item = String> + use<> {
    let [id, secret] = [credentials.access_key_id(), credentials.secret_access_key()].map(str::to_owned);
    let token = credentials.session_token().map(str::to_owned);
    [id, secret].into_iter().chain(token)
}

/// One TLS stack (rustls with ring), the platform's roots and those of `S3_CA_FILE`, and the proxy variables.
fn http_client(config: &config::S3) -> Result<SharedHttpClient, StoreError> {
    let mut trust = TrustStore::default();
    if let Some(pem) = &config.ca_pem {
        check_authorities(pem).map_err(|reason| {
            let reason = format!("S3_CA_FILE: {reason}");
            failed(
                config,
                StoreErrorKind::Other,
                &reason,
                Some("S3_CA_FILE wants certificates in PEM form"),
            )
        })?;
        trust.add_pem_certificate(pem.clone());
    }
    let tls = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|error| failed(config, StoreErrorKind::Other, &error.to_string(), None))?;
    Ok(
        Builder::new().build_with_connector_fn(move |settings, components| {
            let mut connector = Connector::builder()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .tls_context(tls.clone())
                .proxy_config(ProxyConfig::from_env());
            connector.set_connector_settings(settings.cloned());
            connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
            connector.build()
        }),
    )
}

/// The SDK panics on a certificate it cannot read: look first.
fn check_authorities(pem: &[u8]) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        Err("no certificate in it".to_owned())
    } else {
        Ok(())
    }
}

fn failed(config: &config::S3, kind: StoreErrorKind, reason: &str, hint: Option<&str>) -> StoreError {
    StoreError {
        kind,
        operation: "Connect",
        subject: config.bucket.clone(),
        reason: reason.to_owned(),
        hint: hint.map(str::to_owned),
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_the_credentials_are_kept_out_of_texts() {
        let keys = Credentials::new(
            "the-key-id",
            "the-secret",
            Some("the-token".to_owned()),
            None,
            "test",
        );
        let redactor = Redactor::new(secrets_of(&keys));
        assert_eq!(
            redactor.clean("the-key-id signed by the-secret for the-token"),
            "**** signed by **** for ****"
        );
    }

    #[test]
    fn refuses_a_ca_file_the_sdk_would_panic_on() {
        for pem in [
            "".as_bytes(),
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            b"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n",
        ] {
            assert!(
                check_authorities(pem).is_err(),
                "{}",
                String::from_utf8_lossy(pem)
            );
        }
    }
}
