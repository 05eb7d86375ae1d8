//! MySQL and MariaDB: real servers, their own tools.

mod round_trip;
