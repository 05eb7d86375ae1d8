//! What a dump needs of the server it is loaded into, read from its own lines as they pass by: names, engines, keys,
//! functions. Only the beginning of each line is kept; rows are skipped.

use std::collections::BTreeSet;

/// What of a line is kept, in bytes: a name is at most 64 characters long, and so is that of an engine.
const LINE_BYTES: usize = 64 * 1024;

/// What a dump needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demands {
    /// Its tables and sequences.
    pub tables: Vec<String>,
    /// Its views.
    pub views: Vec<String>,
    /// Storage engines, in lower case.
    pub engines: BTreeSet<String>,
    /// Tables without `PRIMARY KEY`.
    pub without_primary_key: Vec<String>,
    /// Tables without that, and without a unique key over columns that are never NULL, which does as well.
    pub without_any_key: Vec<String>,
    /// Functions that are neither deterministic nor said not to change data.
    pub unsafe_functions: Vec<String>,
    /// Whether it has functions or triggers.
    pub programs: bool,
    /// Tables that are told to be encrypted.
    pub encrypted: Vec<String>,
    /// Tables that are told not to be.
    pub unencrypted: Vec<String>,
    /// Tables whose rows may be longer than a page of `InnoDB` takes, or that have options of which it is particular.
    pub odd_rows: Vec<String>,
    /// Tables with compressed rows.
    pub compressed: Vec<String>,
    /// Whether rows come with the times at which they were valid.
    pub history: bool,
    /// Whether a name was not understood: then [`Demands::tables`] are not all.
    pub incomplete: bool,
}

impl Demands {
    /// Two names that are one where letters' case does not count.
    pub fn folded_names(&self) -> Option<(&str, &str)> {
        let mut names: Vec<_> = self
            .tables
            .iter()
            .chain(&self.views)
            .map(|name| (name.to_lowercase(), name.as_str()))
            .collect();
        names.sort_unstable();
        names
            .windows(2)
            .find(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1)
            .map(|pair| (pair[0].1, pair[1].1))
    }
}

/// Reads a dump as it passes.
#[derive(Debug, Default)]
pub struct DemandsReader {
    line: Vec<u8>,
    table: Option<Table>,
    function: Option<Function>,
    /// Within the text of a routine, trigger or event.
    program: bool,
    found: Demands,
}

#[derive(Debug, Default)]
struct Table {
    name: String,
    primary_key: bool,
    unique_key: bool,
    never_null: BTreeSet<String>,
    columns: Vec<Column>,
}

/// How much of a column stands in its row at most, in bytes.
#[derive(Debug, Clone, Copy)]
enum Column {
    /// So much.
    Fixed(u64),
    /// So much, or a pointer where it is long.
    Variable(u64),
}

/// Half a page of 16 KiB, less what belongs to the page.
const ROW_BYTES: u64 = 8000;
/// What stands in the row of a long column: by the default row format, and by the older ones.
const LOCAL_BYTES: (u64, u64) = (42, 790);

#[derive(Debug)]
struct Function {
    name: String,
    safe: bool,
}

impl DemandsReader {
    /// The dump's next bytes.
    pub fn push(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.keep(&rest[..end]);
            let line = std::mem::take(&mut self.line);
            self.read(&String::from_utf8_lossy(&line));
            self.line = line;
            self.line.clear();
            rest = &rest[end + 1..];
        }
        self.keep(rest);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES - self.line.len();
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// All of it.
    pub fn finish(mut self) -> Demands {
        self.end_function();
        self.found.views.sort();
        self.found.views.dedup();
        self.found
    }

    fn read(&mut self, line: &str) {
        if let Some(delimiter) = line.strip_prefix("DELIMITER ") {
            self.program = delimiter.trim_end() != ";";
            self.end_function();
        } else if self.program {
            self.read_program(line);
        } else if self.table.is_some() {
            self.read_table(line);
        } else if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            match name(rest) {
                Some((name, _)) => {
                    self.table = Some(Table {
                        name,
                        ..Table::default()
                    });
                }
                None => self.found.incomplete = true,
            }
        } else if let Some(rest) = line.strip_prefix("CREATE SEQUENCE ") {
            match name(rest) {
                Some((name, _)) => self.found.tables.push(name),
                None => self.found.incomplete = true,
            }
        } else if let Some(rest) = VIEWS.iter().find_map(|view| line.strip_prefix(view)) {
            match name(rest) {
                Some((name, _)) => self.found.views.push(name),
                None => self.found.incomplete = true,
            }
        } else if line.contains("system_versioning_insert_history") {
            self.found.history = true;
        }
    }

    fn read_table(&mut self, line: &str) {
        let Some(table) = &mut self.table else { return };
        if let Some(options) = line.strip_prefix(')') {
            let name = table.name.clone();
            let found = &mut self.found;
            if !table.primary_key {
                found.without_primary_key.push(name.clone());
                if !table.unique_key {
                    found.without_any_key.push(name.clone());
                }
            }
            let engine = options.split_once(" ENGINE=").map(|(_, rest)| rest);
            if let Some(engine) = engine.and_then(|rest| rest.split([' ', ';']).next()) {
                found.engines.insert(engine.to_lowercase());
            }
            let options = options.to_uppercase().replace('`', "");
            let has = |texts: &[&str]| texts.iter().any(|text| options.contains(text));
            if has(&["ENCRYPTION='Y'", "ENCRYPTED=YES"]) {
                found.encrypted.push(name.clone());
            }
            if has(&["ENCRYPTED=NO"]) {
                found.unencrypted.push(name.clone());
            }
            if has(&["ROW_FORMAT=COMPRESSED", "KEY_BLOCK_SIZE="]) {
                found.compressed.push(name.clone());
            }
            let old_format = has(&["ROW_FORMAT=COMPACT", "ROW_FORMAT=REDUNDANT"]);
            let local = if old_format { LOCAL_BYTES.1 } else { LOCAL_BYTES.0 };
            let row: u64 = table.columns.iter().map(|column| column.bytes(local)).sum();
            if row > ROW_BYTES || has(&PARTICULAR) {
                found.odd_rows.push(name.clone());
            }
            found.tables.push(name);
            self.table = None;
            return;
        }
        let line = line.trim_start();
        if line.starts_with("PRIMARY KEY") {
            table.primary_key = true;
        } else if let Some((_, columns)) = line.strip_prefix("UNIQUE KEY ").and_then(name) {
            table.unique_key |= key_columns(columns)
                .is_some_and(|columns| columns.iter().all(|column| table.never_null.contains(column)));
        } else if let Some((column, definition)) = name(line).filter(|_| line.starts_with(['`', '"'])) {
            table.columns.push(Column::of(definition));
            if definition.contains(" NOT NULL") {
                table.never_null.insert(column);
            }
        }
    }

    fn read_program(&mut self, line: &str) {
        let creates = line.starts_with("CREATE") || line.starts_with("/*!50003 CREATE");
        if creates && let Some((_, rest)) = line.split_once(" FUNCTION ") {
            self.end_function();
            self.found.programs = true;
            let name = name(rest).map_or_else(|| rest.to_owned(), |(name, _)| name);
            self.function = Some(Function { name, safe: false });
        } else if creates && line.to_uppercase().contains("TRIGGER") {
            self.found.programs = true;
        } else if let Some(function) = &mut self.function {
            // As the server writes them, each on a line.
            function.safe |=
                ["    DETERMINISTIC", "    NO SQL", "    READS SQL DATA"].contains(&line.trim_end());
        }
    }

    fn end_function(&mut self) {
        if let Some(function) = self.function.take().filter(|function| !function.safe) {
            self.found.unsafe_functions.push(function.name);
        }
    }
}

/// Options that a server in strict mode may refuse.
const PARTICULAR: [&str; 8] = [
    "ROW_FORMAT=FIXED",
    "ROW_FORMAT=COMPRESSED",
    "ROW_FORMAT=PAGE",
    "KEY_BLOCK_SIZE=",
    "COMPRESSION=",
    "PAGE_COMPRESS",
    "DATA DIRECTORY=",
    "TABLESPACE",
];

impl Column {
    /// By its definition, ` varchar(40) NOT NULL`.
    fn of(definition: &str) -> Self {
        let text = definition.trim_start().to_lowercase();
        let kind = text.split([' ', '(', ',']).next().unwrap_or_default();
        let length = text[kind.len()..]
            .strip_prefix('(')
            .and_then(|rest| rest.split([',', ')']).next()?.parse().ok());
        let length: u64 = length.unwrap_or(1);
        // A character takes four bytes at most.
        match kind {
            "char" => Self::Variable(length.saturating_mul(4)).at_least_fixed(),
            "binary" => Self::Fixed(length),
            "varchar" => Self::Variable(length.saturating_mul(4) + 2),
            "varbinary" => Self::Variable(length + 2),
            "decimal" | "numeric" => Self::Fixed(length / 2 + 2),
            kind if [
                "text",
                "blob",
                "json",
                "geometry",
                "point",
                "polygon",
                "linestring",
                "collection",
                "vector",
            ]
            .iter()
            .any(|end| kind.ends_with(end)) =>
            {
                Self::Variable(u64::MAX)
            }
            _ => Self::Fixed(16),
        }
    }

    /// What is of fixed length stays in its row up to 768 bytes.
    fn at_least_fixed(self) -> Self {
        match self {
            Self::Variable(bytes) if bytes <= 768 => Self::Fixed(bytes),
            other => other,
        }
    }

    fn bytes(self, local: u64) -> u64 {
        match self {
            Self::Fixed(bytes) => bytes,
            Self::Variable(bytes) => bytes.min(local),
        }
    }
}

/// The comments before a view, and before what stands in for it.
const VIEWS: [&str; 3] = [
    "-- Final view structure for view ",
    "-- Temporary table structure for view ",
    "-- Temporary view structure for view ",
];

/// A name, in whatever quotes, and what comes behind it.
fn name(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next()?;
    if !['`', '"'].contains(&quote) {
        let end = text.find([' ', '(', ';']).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    }
    let mut name = String::new();
    let mut chars = text[1..].chars();
    loop {
        match chars.next()? {
            c if c == quote => {
                let rest = chars.as_str();
                if !rest.starts_with(quote) {
                    return Some((name, rest));
                }
                chars.next();
                name.push(quote);
            }
            c => name.push(c),
        }
    }
}

/// The columns of a key, where each stands there as a whole.
fn key_columns(text: &str) -> Option<Vec<String>> {
    let mut rest = text.trim_start().strip_prefix('(')?;
    let mut columns = Vec::new();
    loop {
        let (column, after) = name(rest)?;
        columns.push(column);
        rest = match after.strip_prefix(',') {
            Some(rest) => rest,
            None => return after.starts_with(')').then_some(columns),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "\
-- MySQL dump 10.13
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS `a``b`;
CREATE TABLE `a``b` (
  `id` int NOT NULL,
  `x` text COMMENT 'PRIMARY KEY',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 ENCRYPTION='Y';
INSERT INTO `a``b` VALUES (1,'CREATE TABLE `no` (');
CREATE TABLE `unique` (
  `u` int NOT NULL,
  `n` int DEFAULT NULL,
  UNIQUE KEY `u` (`u`),
  KEY `n` (`n`)
) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4 ROW_FORMAT=COMPRESSED;
CREATE TABLE `none` (
  `u` varchar(9) NOT NULL,
  `n` int DEFAULT NULL,
  UNIQUE KEY `prefix` (`u`(4)),
  UNIQUE KEY `null` (`u`,`n`)
) ENGINE=InnoDB `ENCRYPTED`=NO;
CREATE SEQUENCE `s` start with 1 minvalue 1;
--
-- Temporary view structure for view `v`
--
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`l`*/ /*!50003 TRIGGER `g` BEFORE INSERT ON `none` FOR EACH ROW
CREATE TABLE `not this` (
SET @a = 1 */;;
DELIMITER ;
DELIMITER ;;
CREATE DEFINER=`r`@`l` FUNCTION `calm`() RETURNS int
    DETERMINISTIC
RETURN 1 ;;
DELIMITER ;
DELIMITER ;;
CREATE DEFINER=`r`@`l` FUNCTION `wild`(a int) RETURNS int
RETURN 1 ;;
DELIMITER ;
-- Final view structure for view `v`
";

    #[test]
    fn what_a_dump_needs() {
        // Whatever the pieces are.
        for size in [1, 7, DUMP.len()] {
            let mut reader = DemandsReader::default();
            for piece in DUMP.as_bytes().chunks(size) {
                reader.push(piece);
            }
            let found = reader.finish();
            assert_eq!(found.tables, ["a`b", "unique", "none", "s"]);
            assert_eq!(found.views, ["v"]);
            assert_eq!(found.without_primary_key, ["unique", "none"]);
            assert_eq!(found.without_any_key, ["none"]);
            assert!(found.engines.iter().eq(["innodb", "myisam"]));
            assert_eq!(found.unsafe_functions, ["wild"]);
            assert!(found.programs && !found.incomplete && !found.history);
            assert_eq!(
                (found.encrypted, found.unencrypted, found.compressed),
                (vec!["a`b".into()], vec!["none".into()], vec!["unique".into()])
            );
        }
    }

    #[test]
    fn rows_that_are_long_or_odd() {
        let table = |columns: &[String], options: &str| {
            let mut reader = DemandsReader::default();
            let lines = columns
                .iter()
                .enumerate()
                .fold(String::new(), |lines, (number, kind)| {
                    lines + "  `c" + &number.to_string() + "` " + kind + " NOT NULL,\n"
                });
            reader.push(
                format!("CREATE TABLE `t` (\n{lines}  PRIMARY KEY (`c0`)\n) ENGINE=InnoDB{options};\n")
                    .as_bytes(),
            );
            !reader.finish().odd_rows.is_empty()
        };
        let of = |kind: &str, count| vec![kind.to_owned(); count];
        for (kind, count, options, odd) in [
            ("varchar(40)", 100, "", false),
            ("varchar(40)", 250, "", true),
            ("varchar(2)", 250, "", false),
            ("longtext", 190, "", false),
            ("longtext", 200, "", true),
            ("longtext", 12, " ROW_FORMAT=COMPACT", true),
            ("bigint unsigned", 400, "", false),
            ("char(190)", 12, "", true),
            ("decimal(10,2)", 200, "", false),
            ("int", 1, " ROW_FORMAT=FIXED", true),
            ("int", 1, " KEY_BLOCK_SIZE=8", true),
            ("int", 1, " ROW_FORMAT=DYNAMIC COMMENT='x'", false),
        ] {
            assert_eq!(table(&of(kind, count), options), odd, "{count} {kind}{options}");
        }
    }

    #[test]
    fn names_that_are_one() {
        let with = |tables: &[&str]| Demands {
            tables: tables.iter().map(ToString::to_string).collect(),
            ..Demands::default()
        };
        assert_eq!(with(&["b", "A", "a"]).folded_names(), Some(("A", "a")));
        assert_eq!(with(&["b", "A"]).folded_names(), None);
    }

    #[test]
    fn a_name_of_two_lines_is_not_understood() {
        let mut reader = DemandsReader::default();
        reader.push(b"CREATE TABLE `a\nb` (\n) ENGINE=InnoDB;\n");
        assert!(reader.finish().incomplete);
    }
}
