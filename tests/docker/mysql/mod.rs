//! MySQL and MariaDB: real servers, their own tools.

mod accounts;
mod killed;
mod refused;
mod restore;
mod round_trip;
mod secrets;
