//! What is wrong with a configuration: every problem at once, each with its variable and its mend.
//!
//! Nothing here may hold a secret: whoever reports a problem echoes values through [`super::show`] alone.

use super::variables::VARIABLES;
use crate::shown::printable;
use std::collections::BTreeMap;
use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable, as the operator wrote it (an alias, a `_FILE`).
    pub variable: String,
    /// What is wrong with it.
    pub what: String,
    /// What mends it.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.variable, self.what, self.hint)
    }
}

/// Every problem of a configuration, at least one, in the order of [`VARIABLES`]; then the warnings, of which one may
/// name the cause of a problem (a variable that is missing, and one much like it that is not known). Displays one per
/// line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>, pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        self.1
            .iter()
            .try_for_each(|warning| write!(f, "\nwarning: {warning}"))
    }
}

impl std::error::Error for Problems {}

impl From<Problems> for crate::error::Error {
    fn from(problems: Problems) -> Self {
        Self::new(crate::error::Stage::Config, crate::exit::Exit::Usage, problems)
    }
}

/// What validation found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    problems: Vec<(usize, Problem)>,
    warnings: Vec<String>,
    written_as: BTreeMap<&'static str, String>,
}

impl Report {
    /// From now on, problems of `variable` are reported under the name that the operator wrote.
    pub(super) fn is_written_as(&mut self, variable: &'static str, name: &str) {
        self.written_as.insert(variable, name.to_owned());
    }

    /// Adds a problem. `variable` is a name of [`VARIABLES`], one of its other names, or a foreign one.
    pub(super) fn problem(&mut self, variable: &str, what: impl Into<String>, hint: impl Into<String>) {
        let rank = VARIABLES
            .iter()
            .position(|known| known.has_name(variable))
            .unwrap_or(VARIABLES.len());
        let variable = self
            .written_as
            .get(variable)
            .cloned()
            .unwrap_or_else(|| variable.to_owned());
        // Values are echoed, some of them by the words of a library that has parsed them.
        let problem = Problem {
            variable: printable(&variable),
            what: printable(&what.into()),
            hint: printable(&hint.into()),
        };
        self.problems.push((rank, problem));
    }

    /// Adds something that is odd but does not stop lifeboat.
    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(printable(&warning.into()));
    }

    /// The warnings, or the problems in the order of the table.
    pub(super) fn finish(mut self) -> Result<Vec<String>, Problems> {
        if self.problems.is_empty() {
            return Ok(self.warnings);
        }
        self.problems.sort_by_key(|(rank, _)| *rank);
        Err(Problems(
            self.problems.into_iter().map(|(_, problem)| problem).collect(),
            self.warnings,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_lines_in_the_order_of_the_table() {
        let mut report = Report::default();
        report.is_written_as("S3_BUCKET", "AWS_S3_BUCKET_NAME");
        report.problem("S3_BUCKET", "b is wrong", "mend b");
        report.problem("FOREIGN", "f is wrong", "mend f");
        report.problem("TARGET", "a is wrong", "mend a");
        report.warn("c is odd");
        let problems = report.finish().map_err(|problems| problems.to_string());
        assert_eq!(
            problems,
            Err(
                "TARGET: a is wrong; mend a\nAWS_S3_BUCKET_NAME: b is wrong; mend b\nFOREIGN: f is wrong; mend f\n\
                 warning: c is odd"
                    .to_owned()
            )
        );
    }

    #[test]
    fn problems_end_with_exit_2() {
        let problem = Problem {
            variable: "TARGET".to_owned(),
            what: "is missing".to_owned(),
            hint: "set it".to_owned(),
        };
        let error = crate::error::Error::from(Problems(vec![problem], Vec::new()));
        assert_eq!(error.exit, crate::exit::Exit::Usage);
        assert_eq!(error.to_string(), "config failed: TARGET: is missing; set it");
    }
}
