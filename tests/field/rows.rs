//! A table of tests: one row, one test of that name.

/// `name: play(…);` for each row. `play` sets up, does, and asserts the outcome.
macro_rules! rows {
    ($($name:ident: $play:expr;)*) => { $(
        #[test]
        fn $name() {
            $play;
        }
    )* };
}
