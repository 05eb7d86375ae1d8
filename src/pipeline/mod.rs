//! Bytes in motion. A backup: [`capture`] → [`compress`] → [`upload`]; and back: [`download`] → [`decompress`].
//!
//! Every stage is bounded: memory does not grow with the dump.

pub mod capture;
pub mod compress;
pub mod decompress;
pub mod download;
pub mod read_back;
pub mod upload;
