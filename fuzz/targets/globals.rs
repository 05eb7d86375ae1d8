#![no_main]

#[allow(dead_code)]
#[path = "../../tests/properties/globals.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::holds(data));
