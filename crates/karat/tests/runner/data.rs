//! Data sources from outside: who is asked, when, and what comes of it.

use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::time::Duration;

use karat_testkit::{Answer, CTRL_C, HttpServer, Sandbox, wait_for};

use crate::template::nothing_left;

/// One `http` data source for each name, and a build whose artifact is what `expression` says.
fn template(server: &HttpServer, names: &[&str], expression: &str) -> String {
    let block = |name: &&str| {
        format!("data \"http\" \"{name}\" {{\n  url = \"{}\"\n}}\n", server.url(&format!("/{name}")))
    };
    let data: String = names.iter().map(block).collect();
    format!(
        "{data}source \"file\" \"f\" {{\n  content = {expression}\n  target = \"out.txt\"\n}}\n\
         build {{\n  sources = [\"file.f\"]\n}}\n"
    )
}

/// Answers with the name that it is asked for.
fn echo() -> HttpServer {
    HttpServer::start(|request| Answer::text(request.path.trim_start_matches('/')))
}

#[test]
fn tpl_08_build_reads_what_it_needs() {
    let sandbox = Sandbox::new();
    let server = echo();
    let text = template(&server, &["version", "idle"], "\"v${local.number}\"")
        + "locals {\n  number = upper(data.http.version.body)\n  other = data.http.idle.body\n}\n";
    sandbox.write("t.pkr.hcl", text);
    sandbox.karat(["build", "t.pkr.hcl"]).success();
    assert_eq!(sandbox.read("out.txt"), "vVERSION");
    assert_eq!(server.paths(), ["/version"], "nobody needs the other one");
    let strict = sandbox.karat(["build", "--strict", "-force", "t.pkr.hcl"]).success();
    let mut paths = server.paths().split_off(1);
    paths.sort();
    assert_eq!(paths, ["/idle", "/version"], "Packer reads all: {strict}");
}

#[test]
fn tpl_08_only_the_selected_builds_are_asked_for() {
    let sandbox = Sandbox::new();
    let server = echo();
    let text = template(&server, &["a", "b"], "data.http.a.body")
        + "source \"file\" \"g\" {\n  content = data.http.b.body\n  target = \"g.txt\"\n}\n\
           build {\n  name = \"second\"\n  sources = [\"file.g\"]\n}\n";
    sandbox.write("t.pkr.hcl", text);
    sandbox.karat(["build", "-only=second.*", "t.pkr.hcl"]).success();
    assert_eq!((server.paths(), sandbox.read("g.txt")), (vec!["/b".to_owned()], "b".to_owned()));
}

/// Each answer waits until both have been asked for: reading one after the other would never end.
#[test]
fn tpl_08_data_sources_are_read_at_the_same_time() {
    let sandbox = Sandbox::new();
    let both = Arc::new(Barrier::new(2));
    let server = HttpServer::start(move |request| {
        both.wait();
        Answer::text(request.path.clone())
    });
    let text = template(&server, &["a", "b"], "\"${data.http.a.body} ${data.http.b.body}\"");
    sandbox.write("t.pkr.hcl", text);
    sandbox.karat(["build", "t.pkr.hcl"]).success();
    assert_eq!(sandbox.read("out.txt"), "/a /b");
}

#[test]
fn tpl_08_sequential_evaluation_reads_one_at_a_time() {
    let sandbox = Sandbox::new();
    let open = Arc::new(Mutex::new((0, 0)));
    let counted = open.clone();
    let server = HttpServer::start(move |request| {
        let mut open = counted.lock().unwrap();
        open.0 += 1;
        open.1 = open.0.max(open.1);
        drop(open);
        // Whoever reads several at once is here by now, or in the next line; a single one passes on.
        std::thread::yield_now();
        counted.lock().unwrap().0 -= 1;
        Answer::text(request.path.clone())
    });
    let text = template(&server, &["c", "b", "a"], "join(\"\", [for one in values(data.http) : one.body])");
    sandbox.write("t.pkr.hcl", text);
    sandbox.karat(["build", "-use-sequential-evaluation", "t.pkr.hcl"]).success();
    assert_eq!(sandbox.read("out.txt"), "/a/b/c");
    assert_eq!(server.paths(), ["/c", "/b", "/a"], "in the order of the text");
    assert_eq!(open.lock().unwrap().1, 1);
}

#[test]
fn cli_21_validate_reads_only_when_asked() {
    let sandbox = Sandbox::new();
    let server = echo();
    sandbox.write("t.pkr.hcl", template(&server, &["1"], "data.http.1.body + 1"));
    // Names of data sources are identifiers.
    let refused = sandbox.karat(["validate", "t.pkr.hcl"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    sandbox.write("t.pkr.hcl", template(&server, &["x"], "data.http.x.body + 1"));
    let valid = sandbox.karat(["validate", "t.pkr.hcl"]).success();
    assert_eq!(valid.stdout, "The configuration is valid.\n");
    assert_eq!(server.paths(), Vec::<String>::new());
    let checked = sandbox.karat(["validate", "-evaluate-datasources", "t.pkr.hcl"]);
    assert_eq!(checked.code, Some(1), "what it offers is no number: {checked}");
    assert_eq!(server.paths(), ["/x"]);
}

#[test]
fn cli_21_validate_checks_data_sources_that_it_does_not_read() {
    let sandbox = Sandbox::new();
    let server = echo();
    let text = template(&server, &["x"], "data.http.x.body").replace("  url", "  method = \"get\"\n  url");
    sandbox.write("t.pkr.hcl", text);
    let wrong = sandbox.karat(["validate", "t.pkr.hcl"]);
    assert_eq!(wrong.code, Some(1));
    let expected = "Error: the `method` must be one of [HEAD GET POST PUT DELETE OPTIONS PATCH]\n\n  on t.pkr.hcl line \
                    2, in data \"http\" \"x\":\n   2:   method = \"get\"\n";
    assert!(wrong.stdout.contains(expected), "{wrong}");
    assert_eq!(server.paths(), Vec::<String>::new());
}

#[test]
fn cli_23_inspect_reads_nothing_unless_strict() {
    let sandbox = Sandbox::new();
    let server = echo();
    let text = template(&server, &["x"], "local.l") + "locals {\n  l = data.http.x.body\n}\n";
    sandbox.write("t.pkr.hcl", text);
    let inspected = sandbox.karat(["inspect", "t.pkr.hcl"]).success();
    assert!(inspected.stdout.contains("local.l: \"<unknown>\"\n"), "{inspected}");
    assert_eq!(server.paths(), Vec::<String>::new());
    let strict = sandbox.karat(["inspect", "--strict", "t.pkr.hcl"]).success();
    assert!(strict.stdout.contains("local.l: \"x\"\n"), "{strict}");
}

#[test]
fn tpl_08_a_data_source_that_fails_stops_the_build_and_says_where() {
    let sandbox = Sandbox::new();
    let server = HttpServer::start(|_| Answer::status(503));
    sandbox.write("t.pkr.hcl", template(&server, &["x"], "data.http.x.body"));
    let failed = sandbox.karat(["build", "t.pkr.hcl"]);
    assert_eq!(failed.code, Some(1));
    let expected = "Error: HTTP request error. Response code: 503\n\n  on t.pkr.hcl line 1, in data \"http\" \"x\":\n   \
                    1: data \"http\" \"x\" {\n";
    assert!(failed.stdout.contains(expected), "{failed}");
    assert!(!sandbox.work().join("out.txt").exists());
    let strict = sandbox.karat(["build", "--strict", "t.pkr.hcl"]);
    assert!(
        strict.stdout.contains("Error: Datasource.Execute failed: HTTP request error. Response code: 503\n"),
        "{strict}"
    );
}

#[test]
fn tpl_08_secrets_that_pass_through_stay_secret() {
    let sandbox = Sandbox::new();
    let text = "variable \"token\" {\n  default = \"s3cret\"\n  sensitive = true\n}\n\
         data \"null\" \"x\" {\n  input = var.token\n}\nlocals {\n  l = upper(data.null.x.output)\n}\n\
         source \"null\" \"n\" {\n  communicator = \"none\"\n}\n\
         build {\n  sources = [\"null.n\"]\n  provisioner \"shell-local\" {\n    \
         inline = [\"echo ${local.l} ${data.null.x.output}\"]\n  }\n}\n";
    sandbox.write("t.pkr.hcl", text);
    let run = sandbox.karat(["build", "t.pkr.hcl"]).success();
    assert!(!run.stdout.contains("s3cret"), "{run}");
    assert!(run.stdout.contains("<sensitive>"), "{run}");
}

#[test]
fn tpl_08_an_interrupt_stops_the_reading() {
    for (command, said) in [
        (&["build"][..], "Error: cancelled (interrupt) while reading data sources"),
        (&["validate", "-evaluate-datasources"], "Error: cancelled (interrupt)"),
    ] {
        let sandbox = Sandbox::new();
        let never = Arc::new((Mutex::new(()), Condvar::new()));
        let server = HttpServer::start(move |_| {
            let guard = never.0.lock().unwrap();
            drop(never.1.wait(guard));
            Answer::status(200)
        });
        sandbox.write("t.pkr.hcl", template(&server, &["x"], "data.http.x.body"));
        let mut terminal = sandbox.at_terminal(command.iter().chain(&["t.pkr.hcl"]));
        wait_for("the request", Duration::from_secs(60), || (!server.paths().is_empty()).then_some(()));
        terminal.types(CTRL_C);
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(1), "{shown}");
        assert!(shown.contains(said), "{shown}");
        nothing_left(&sandbox);
    }
}
