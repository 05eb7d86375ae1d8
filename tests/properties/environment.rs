//! No value of the environment makes the configuration panic, and no secret stands in what it says.

use lifeboat::config::{self, VARIABLES};
use std::path::Path;

/// Found nowhere else.
const SECRET: &str = "zq5Ecr3t";

/// Hold commands, which may hold secrets.
const COMMANDS: [&str; 2] = ["DUMP_COMMAND", "RESTORE_COMMAND"];

pub fn seeds() -> Vec<Vec<u8>> {
    let variables = (0..u8::try_from(VARIABLES.len()).unwrap()).map(|variable| vec![variable, b'x', b'\n']);
    let some = [
        "\0db,label:a=b\n\u{1}docker\n",
        // Of the SCHEDULE, by its number: what is no nickname was shown as it came.
        "(@ED\u{1b}$$$ULE(@",
        "\u{5}@every 6h\n\u{6}7d\n\u{7}8MiB\n",
        "\u{2}--no-owner 'a b' \"c\n\u{3}a*,b\n",
        "\u{10}https://user:x@host:9000/path?a#b\n",
        "\u{20}99999999999999999999999999\n\u{21}-1\n\u{22}1e9\n",
    ];
    variables
        .chain(some.map(|text| text.as_bytes().to_vec()))
        .collect()
}

/// Lines: the first byte chooses a variable and, above 128, its `_FILE`; the rest is its value. A secret one's has the secret
/// behind it, and so has what any file holds.
pub fn holds(data: &[u8]) {
    let mut env = vec![
        ("TARGET".to_owned(), "db".to_owned()),
        ("S3_BUCKET".to_owned(), "backups".to_owned()),
    ];
    for line in data.split(|byte| *byte == b'\n') {
        let Some((choice, value)) = line.split_first() else {
            continue;
        };
        let variable = &VARIABLES[usize::from(choice % 128) % VARIABLES.len()];
        let names: Vec<_> = variable.names().collect();
        let mut name = names[value.len() % names.len()].to_owned();
        let mut value = String::from_utf8_lossy(value).into_owned();
        if *choice >= 128 {
            name += "_FILE";
        } else if variable.is_secret() || COMMANDS.contains(&variable.name) {
            value += SECRET;
        }
        env.push((name, value));
    }
    let read = |path: &Path| match path.as_os_str().len() % 3 {
        0 => Err(std::io::ErrorKind::PermissionDenied.into()),
        1 => Ok(format!("{SECRET}\n").into_bytes()),
        _ => Ok([SECRET.as_bytes(), b"\xff\n\0"].concat()),
    };
    let said = match config::load(env.clone(), &read) {
        Err(problems) => format!("{problems} {problems:?}"),
        Ok(loaded) => {
            let shown: Vec<_> = loaded.settings.iter().map(|setting| &setting.value).collect();
            format!("{shown:?} {:?} {:?}", loaded.warnings, loaded.config)
        }
    };
    assert!(!said.contains(SECRET), "{said}");
    let problems = said.lines().next().unwrap_or_default();
    assert!(
        !problems.contains('\u{1b}'),
        "what is said does not speak to the terminal: {said:?}"
    );
}
