//! What the scripts are told arrives as it was sent, runs nothing, and can be seen by nobody else in the target.

use crate::dump::STALL;
use crate::local::{LocalRuntime, Shell, container, directory, sh_with};
use lifeboat::engine::Words;
use lifeboat::runtime::wholeness::{Feed, Listen, ask};
use lifeboat::secret::Secret;

fn odd_values(flag: &str) -> Vec<String> {
    let mut values: Vec<String> = [
        "",
        " ",
        "  two  words  ",
        "\t",
        "\n",
        "\n\n",
        "a\nb",
        "a\n\n",
        "\na",
        "-n",
        "-e",
        "--",
        "--help",
        "'",
        "\"",
        "\\",
        "\\n",
        "\\\\",
        "a\\",
        "a\\\nb",
        "*",
        "?",
        "[a-z]",
        "~",
        "!",
        "#",
        "# no comment",
        ";",
        "&",
        "|",
        "%s",
        "%d%n",
        "$HOME",
        "${HOME}",
        "$$",
        "$1",
        "größe",
        "日本語",
        "\u{1f6df}",
        "\u{7f}\u{1}",
        "0",
        "done",
        "exit 3",
        "a=b",
        "lb_nonce",
        "\r",
        "\r\n",
    ]
    .map(str::to_owned)
    .to_vec();
    for template in [
        "$(touch FLAG)",
        "`touch FLAG`",
        "; touch FLAG;",
        "\"; touch FLAG; \"",
        "'; touch FLAG; '",
        "\ntouch FLAG\n",
    ] {
        values.push(template.replace("FLAG", flag));
    }
    values
}

#[tokio::test]
async fn values_and_arguments_arrive_as_they_were_sent() {
    let flag = directory("header").join("flag");
    let values = odd_values(flag.to_str().unwrap());
    // Each value and each argument, behind its length in bytes: nothing can hide.
    let script = "for value do printf '%s\\0' \"$value\"; done";
    for shell in Shell::all() {
        let runtime = LocalRuntime::new(&shell);
        let mut words = Words {
            argv: ["sh", "-c", script, "lifeboat"].map(str::to_owned).to_vec(),
            env: Vec::new(),
        };
        words.argv.extend(values.iter().cloned());
        let answer = ask(&runtime, &container("db"), &words, 1 << 20, STALL)
            .await
            .unwrap();
        assert_eq!(
            split(&answer.stdout),
            values,
            "{}: arguments; {}",
            shell.name,
            answer.stderr
        );

        let names: Vec<String> = (0..values.len())
            .map(|number| format!("VALUE_{number}"))
            .collect();
        let env: Vec<_> = names
            .iter()
            .map(String::as_str)
            .zip(values.iter().map(String::as_str))
            .collect();
        let print: Vec<_> = names.iter().map(|name| format!("\"${name}\"")).collect();
        let print = format!("printf '%s\\0' {}", print.join(" "));
        let answer = ask(&runtime, &container("db"), &sh_with(&print, &env), 1 << 20, STALL)
            .await
            .unwrap();
        assert_eq!(
            split(&answer.stdout),
            values,
            "{}: environment; {}",
            shell.name,
            answer.stderr
        );
        assert!(!flag.exists(), "{}: something was run", shell.name);
    }
}

fn split(stdout: &[u8]) -> Vec<String> {
    let mut all: Vec<_> = stdout
        .split(|byte| *byte == 0)
        .map(|text| String::from_utf8(text.to_vec()).unwrap())
        .collect();
    assert_eq!(all.pop().as_deref(), Some(""));
    all
}

#[tokio::test]
async fn no_secret_and_no_nonce_is_in_an_argument_list() {
    let secret = "correct horse battery staple";
    for shell in Shell::all() {
        let runtime = LocalRuntime::new(&shell);
        // The tool looks at the processes of its own session, itself among them.
        let look = "for one in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <\"$one\"; echo; done 2>/dev/null; \
                    printf '%s' \"$PGPASSWORD\" | wc -c; env";
        let env = [("PGPASSWORD", secret)];
        let answer = ask(&runtime, &container("db"), &sh_with(look, &env), 64 << 20, STALL)
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&answer.stdout);
        let (lists, environment) = said.split_once("PGPASSWORD=").expect("it is in the environment");
        assert!(environment.starts_with(secret), "{}", shell.name);
        assert!(
            lists.contains("printf '%s %03d"),
            "{}: the script is among what was seen",
            shell.name
        );
        assert!(!lists.contains("battery"), "{}", shell.name);
        assert!(
            !environment.contains("lb_nonce"),
            "{}: the tool knows the nonce",
            shell.name
        );
    }
}

#[tokio::test]
async fn a_password_that_the_tool_repeats_is_masked() {
    let runtime = LocalRuntime::new(&Shell::any());
    let words = sh_with(
        "echo \"no: $PGPASSWORD\" >&2; exit 1",
        &[("PGPASSWORD", "hunter22")],
    );
    let answer = ask(&runtime, &container("db"), &words, 100, STALL).await.unwrap();
    assert_eq!(answer.stderr, "no: ****");
}

#[tokio::test]
async fn the_longest_header_goes_in_before_the_stream() {
    for shell in Shell::all() {
        let runtime = LocalRuntime::new(&shell);
        let long = "line of a long value\n".repeat(2000);
        let words = Words {
            env: vec![("LONG".to_owned(), Secret::new(long.clone()))],
            ..sh_with("printf '%s' \"$LONG\"; cat", &[])
        };
        let mut feed = Feed::start(&runtime, &container("db"), &words, 3).await.unwrap();
        assert!(feed.write(b"end").await);
        let answer = feed.commit().await.unwrap();
        assert!(
            answer.stdout == (long.clone() + "end").as_bytes(),
            "{}",
            shell.name
        );
    }
}

#[tokio::test]
async fn what_is_set_for_others_is_unset() {
    for shell in Shell::all() {
        let runtime = LocalRuntime::new(&shell);
        let env = [
            ("LB_T", "kept"),
            ("LB_T_ONE", "* it's $HOME \\"),
            ("LB_T_LINES", "a\nLB_T_NONE=x\nLB_T_B-C=y;LB_T_Z=z"),
            ("LB_T_EMPTY", ""),
            ("OTHER_LB_T_ONE", "kept"),
            ("LB_T_*", ""),
            ("LB_T_NEW", "set after it"),
        ];
        let words = sh_with("env | grep LB_T | sort", &env);
        let answer = ask(&runtime, &container("db"), &words, 1 << 20, STALL)
            .await
            .unwrap();
        let said = String::from_utf8(answer.stdout).unwrap();
        let expected = "LB_T=kept\nLB_T_NEW=set after it\nOTHER_LB_T_ONE=kept\n";
        assert_eq!(said, expected, "{}: {}", shell.name, answer.stderr);
    }
}

#[tokio::test]
async fn a_shell_that_leads_no_session_starts_nothing() {
    // Without a session of its own nothing could be ended without the risk to hit a process of the target.
    let flag = directory("leader").join("flag");
    for shell in Shell::all() {
        let runtime = LocalRuntime::new(&shell).leading_no_session();
        let words = sh_with(&format!("touch {}", flag.display()), &[]);
        let mut listen = Listen::start(&runtime, &container("db"), &words, STALL)
            .await
            .unwrap();
        let error = listen.next().await.unwrap_err().to_string();
        assert!(
            error.contains("does not lead its session"),
            "{}: {error}",
            shell.name
        );
        assert!(!flag.exists(), "{}", shell.name);
    }
}
