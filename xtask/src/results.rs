//! What a test run said: the output of `cargo test` or `cargo nextest run`.

use std::path::Path;

use crate::Result;

/// One finished test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Test {
    /// Its path, `module::tests::name`.
    pub(crate) name: String,
    pub(crate) passed: bool,
}

/// Sums the run in `file` up; an error if a test failed or none ran.
pub(crate) fn run(file: &Path) -> Result<()> {
    let tests = read(file)?;
    let failed: Vec<&Test> = tests.iter().filter(|test| !test.passed).collect();
    for test in &failed {
        println!("failed: {}", test.name);
    }
    let verdict = if failed.is_empty() { "ok" } else { "FAILED" };
    println!("test result: {verdict}. {} passed; {} failed", tests.len() - failed.len(), failed.len());
    if failed.is_empty() { Ok(()) } else { Err(format!("{} tests failed", failed.len()).into()) }
}

/// The tests of a saved run. A run without any is an error: it did not compile.
pub(crate) fn read(file: &Path) -> Result<Vec<Test>> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{}: {error}; run scripts/test, which writes it", file.display()))?;
    let tests = parse(&text);
    if tests.is_empty() { Err(format!("{} has no finished test", file.display()).into()) } else { Ok(tests) }
}

fn parse(text: &str) -> Vec<Test> {
    text.lines().filter_map(|line| parse_libtest(line).or_else(|| parse_nextest(line))).collect()
}

/// `test path::name ... ok`, perhaps with ` - should panic` after the name. Ignored tests are not results.
fn parse_libtest(line: &str) -> Option<Test> {
    let (name, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let passed = match outcome.split_whitespace().next()? {
        "ok" => true,
        "FAILED" => false,
        _ => return None,
    };
    Some(Test { name: name.trim_end_matches(" - should panic").to_owned(), passed })
}

/// `    PASS [   0.005s] (1/9) crate::binary path::name`; the counter is missing in older versions.
fn parse_nextest(line: &str) -> Option<Test> {
    let (outcome, rest) = line.trim_start().split_once(" [")?;
    let passed = match outcome.trim() {
        "PASS" | "LEAK" => true,
        "FAIL" | "TIMEOUT" | "ABORT" | "SIGABRT" | "SIGSEGV" | "SIGKILL" | "LEAK-FAIL" => false,
        _ => return None,
    };
    let name = rest.split_once("] ")?.1.split_whitespace().next_back()?;
    Some(Test { name: name.to_owned(), passed })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(text: &str) -> Vec<(String, bool)> {
        parse(text).into_iter().map(|test| (test.name, test.passed)).collect()
    }

    #[test]
    fn reads_cargo_test() {
        let text = "running 4 tests\ntest a::b ... ok\ntest c - should panic ... ok\ntest d ... FAILED\n\
                    test e ... ignored\n\ntest result: FAILED. 2 passed; 1 failed; 1 ignored\n";
        assert_eq!(outcomes(text), [("a::b".into(), true), ("c".into(), true), ("d".into(), false)]);
    }

    #[test]
    fn reads_nextest() {
        let text = "    Starting 3 tests across 2 binaries\n        PASS [   0.005s] karat-hcl lexer::a\n\
                    \x20       FAIL [   0.105s] (2/3) karat-hcl::wire b\n        SLOW [> 60.000s] karat c\n";
        assert_eq!(outcomes(text), [("lexer::a".into(), true), ("b".into(), false)]);
    }

    #[test]
    fn a_run_without_tests_is_an_error() {
        let file = std::env::temp_dir().join(format!("karat-results-{}", std::process::id()));
        std::fs::write(&file, "error: could not compile\n").unwrap();
        let error = read(&file).unwrap_err().to_string();
        std::fs::remove_file(&file).unwrap();
        assert!(error.ends_with("has no finished test"), "{error}");
    }
}
