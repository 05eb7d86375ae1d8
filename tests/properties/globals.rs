//! The SQL of a `_globals` backup is cut where `pg_dumpall` ended its statements, or not at all: no name and no text in it
//! becomes a statement.

use lifeboat::engine::postgres::Globals;

pub fn seeds() -> Vec<Vec<u8>> {
    [
        &b"\0a\";CREATE ROLE evil;--"[..],
        b"\0it's; \\' x\n\\! rm\n\"",
        b"\0/* */ $$ U&'\\0027' :x \xc3\xa4",
        b"\xffCREATE ROLE a;\nALTER ROLE a WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:x';\n",
        b"\xff-- c\n\\restrict k\nSET standard_conforming_strings = on;\nCREATE ROLE \"b\"\";\";\n\\unrestrict k\n",
        b"\xffCOMMENT ON ROLE a IS E'x\\\\;''';\nGRANT a TO b WITH INHERIT TRUE GRANTED BY c;\n",
        b"\xffCREATE TABLESPACE t OWNER a LOCATION '/x';\nSET SESSION AUTHORIZATION d;\nRESET SESSION AUTHORIZATION;\n",
        b"\xffALTER ROLE a SET search_path TO 'x', 'y';\nSECURITY LABEL FOR p ON ROLE a IS 'z';\n",
    ]
    .map(<[u8]>::to_vec)
    .to_vec()
}

/// A first byte of `FF`: the rest is SQL. Else it is a name, and a text, as `pg_dumpall` quotes them.
pub fn holds(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else {
        return;
    };
    if *kind == 0xFF {
        return of_any_sql(rest);
    }
    let any = String::from_utf8_lossy(rest).replace('\0', "");
    let (name, text) = any.split_at(any.floor_char_boundary(any.len() / 2));
    let (name, text) = (format!("r{name}"), quoted(text));
    let ident = format!("\"{}\"", name.replace('"', "\"\""));
    let sql = format!(
        "-- what; it's\nCREATE ROLE {ident};\nALTER ROLE {ident} WITH LOGIN PASSWORD {text};\nCOMMENT ON ROLE {ident} IS {text};\n\
         ALTER ROLE {ident} SET search_path TO {text};\nCREATE ROLE last;\n"
    );
    let globals = Globals::parse(sql.as_bytes()).expect("what the tool prints is read");
    assert_eq!(globals.roles(), [&name, "last"], "{sql}");
    assert_eq!(globals.tablespaces(), Vec::<&str>::new());
}

/// As the tool does it, with strings that conform to the standard.
fn quoted(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// It is refused, or every role that it creates is still the only one when the text is cut behind a statement.
fn of_any_sql(sql: &[u8]) {
    let Ok(whole) = Globals::parse(sql) else {
        return;
    };
    for cut in (0..sql.len()).filter(|cut| sql[*cut] == b';') {
        if let Ok(part) = Globals::parse(&sql[..=cut]) {
            assert!(whole.roles().starts_with(&part.roles()), "{}", sql.escape_ascii());
        }
    }
}
