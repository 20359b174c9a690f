use crate::rendering::{evaluation, plan, plan_with, problems, problems_of, show, titles};

const SOURCES: &str =
    "source \"null\" \"one\" {\n  communicator = \"none\"\n}\nsource \"null\" \"two\" {\n}\n";

/// A build of these sources with the given content.
fn build(content: &str) -> String {
    format!("{SOURCES}build {{\n{content}\n}}\n")
}

#[test]
fn core_01_build_names_have_the_block_the_type_and_the_local_name() {
    let text =
        build("name = \"bb\"\nsource \"source.null.one\" {\n  name = \"local\"\n}\nsources = [\"null.two\"]");
    assert_eq!(
        plan(&text),
        "bb.null.two (source two)\n  null {}\nbb.null.local (source one)\n  null {communicator=\"none\"}\n"
    );
    assert_eq!(
        plan(&build("sources = [\"null.one\"]")),
        "null.one (source one)\n  null {communicator=\"none\"}\n"
    );
}

#[test]
fn tpl_09_a_build_adds_to_a_source_and_cannot_change_it() {
    let adding = build("source \"null.one\" {\n  ssh_host = \"h\"\n  disk {\n    size = 1\n  }\n}");
    assert_eq!(
        plan(&adding),
        "null.one (source one)\n  null {communicator=\"none\" disk=[{size=1}] ssh_host=\"h\"}\n"
    );
    let text = build("sources = [\"null.two\"]\nsource \"null.one\" {\n  communicator = \"ssh\"\n}");
    let changing = evaluation(&text, |_| ());
    assert_eq!(titles(&changing), ["t.pkr.hcl:9:3 Duplicate argument"]);
    let names: Vec<_> = changing.plan.unwrap().builds.into_iter().map(|build| build.name.0).collect();
    assert_eq!(names, ["null.two"], "as in Packer the other builds can go on");
}

#[test]
fn tpl_09_names_that_expressions_can_use() {
    let text = build(
        "name = \"n\"\nsources = [\"null.one\"]\nprovisioner \"shell\" {\n  inline = [build.name, build.Host, \
         \"${build.Port}\", source.type, source.name, path.cwd, path.root, packer.version]\n}",
    );
    assert_eq!(
        plan(&text),
        "n.null.one (source one)\n  null {communicator=\"none\"}\n  step shell \"shell\" \
         {inline=[\"n\" \"10.0.0.1\" \"22\" \"null\" \"one\" \"/cwd\" \".\" \"1.16.0\"]}\n"
    );
}

#[test]
fn tpl_09_what_a_build_finds_out_is_unknown_before_it_runs() {
    let text = build(
        "sources = [\"null.one\"]\nprovisioner \"shell\" {\n  inline = [split(\":\", build.Host)[1], build.nonsense]\n}",
    );
    let plan = evaluation(&text, |_| ()).plan.unwrap();
    let config = &plan.builds[0].steps[0].node.config;
    let common = karat_model::facts::Facts::pending(["nonsense"]);
    assert_eq!(show(&config.evaluate(&common).unwrap()), "{inline=[? ?]}");
    let refused = config.evaluate(&karat_model::facts::Facts::pending([])).unwrap_err();
    let refused: Vec<_> = refused.iter().map(|problem| problem.code).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
}

#[test]
fn tpl_09_a_source_knows_its_own_name_and_nothing_of_the_build() {
    let text = "source \"null\" \"a\" {\n  ssh_host = \"${source.type}-${source.name}\"\n}\nbuild {\n  source \"null.a\" {\n    name = \"z\"\n  }\n}\n";
    assert_eq!(plan(text), "null.z (source a)\n  null {ssh_host=\"null-z\"}\n");
    let text = "source \"null\" \"a\" {\n  ssh_host = build.Host\n}\nbuild {\n  sources = [\"null.a\"]\n}\n";
    assert_eq!(titles(&evaluation(text, |_| ())).len(), 1);
}

#[test]
fn tpl_09_dynamic_blocks_multiply() {
    let text = "locals {\n  disks = { a = 1, b = 2 }\n}\nsource \"null\" \"s\" {\n  dynamic \"disk\" {\n    for_each = local.disks\n    content {\n      name = disk.key\n      size = disk.value\n    }\n  }\n}\nbuild {\n  dynamic \"source\" {\n    for_each = [\"x\", \"y\"]\n    labels   = [\"null.s\"]\n    iterator = it\n    content {\n      name = it.value\n    }\n  }\n  dynamic \"provisioner\" {\n    for_each = [\"p\", \"q\"]\n    labels   = [\"shell\"]\n    content {\n      name   = provisioner.value\n      inline = [\"${provisioner.key} ${build.Host} ${source.name}\"]\n    }\n  }\n}\n";
    let disks = "disk=[{name=\"a\" size=1} {name=\"b\" size=2}]";
    let expected: String = ["x", "y"]
        .map(|name| {
            format!(
                "null.{name} (source s)\n  null {{{disks}}}\n  step shell \"p\" {{inline=[\"0 10.0.0.1 {name}\"]}}\n  step shell \"q\" {{inline=[\"1 10.0.0.1 {name}\"]}}\n"
            )
        })
        .concat();
    assert_eq!(plan(text), expected);
}

#[test]
fn tpl_09_the_iterator_of_dynamic_sources_is_named_source() {
    let text = "source \"null\" \"s\" {}\nbuild {\n  dynamic \"source\" {\n    for_each = { a = 1 }\n    labels   = [\"null.s\"]\n    content {\n      name     = source.key\n      ssh_port = source.value\n    }\n  }\n}\n";
    assert_eq!(plan(text), "null.a (source s)\n  null {ssh_port=1}\n");
}

#[test]
fn core_03_meta_arguments_become_policy() {
    let text = build(
        "sources = [\"null.one\"]\nprovisioner \"shell\" {\n  name = \"n\"\n  pause_before = \"1m\"\n  timeout = \"5s\"\n  max_retries = 2\n  continue_on_error = true\n  script = \"x\"\n}\nerror-cleanup-provisioner \"shell-local\" {\n  script = \"y\"\n}",
    );
    let head =
        "null.one (source one)\n  null {communicator=\"none\"}\n  step shell \"n\" {script=\"x\"} pause=60s";
    let tail = "retries=2 continue=true\n  cleanup shell-local \"shell-local\" {script=\"y\"}\n";
    assert_eq!(plan(&text), format!("{head} timeout=Some(5s) {tail}"));
    let strict = plan_with(&text, |inputs| inputs.strict = true);
    assert_eq!(strict, format!("{head} timeout=None {tail}"), "Packer forgets the timeout");
}

#[test]
fn core_03_wrong_meta_arguments_are_named() {
    let text = build(
        "sources = [\"null.one\"]\nprovisioner \"shell\" {\n  pause_before = \"5\"\n  timeout = \"x\"\n  max_retries = 1.5\n  continue_on_error = \"maybe\"\n  only = \"null.one\"\n}",
    );
    assert_eq!(
        titles(&evaluation(&text, |_| ())),
        [
            "t.pkr.hcl:9:18 Failed to parse pause_before duration",
            "t.pkr.hcl:10:13 Failed to parse timeout duration",
            "t.pkr.hcl:11:17 `max_retries` must be a whole number",
            "t.pkr.hcl:12:23 The argument `continue_on_error` has the wrong type",
            "t.pkr.hcl:13:10 The argument `only` has the wrong type",
        ]
    );
}

#[test]
fn core_03_null_and_empty_meta_arguments() {
    let step = |lines: &str| {
        build(&format!("sources = [\"null.two\"]\nprovisioner \"shell\" {{\n{lines}\nscript = \"s\"\n}}"))
    };
    let plain = plan(&step(""));
    for line in [
        "pause_before = \"\"",
        "timeout = \"\"",
        "only = null",
        "except = []",
        "override = null",
        "name = \"\"",
    ] {
        assert_eq!(plan(&step(line)), plain, "{line}");
    }
    for name in ["pause_before", "timeout", "max_retries", "continue_on_error", "name"] {
        let titles = titles(&evaluation(&step(&format!("{name} = null")), |_| ()));
        let place = name.len() + 4;
        assert_eq!(titles, [format!("t.pkr.hcl:9:{place} The argument `{name}` has the wrong type")]);
    }
    let keep = "sources = [\"null.two\"]\npost-processor \"manifest\" {\nkeep_input_artifact = null\n}";
    assert_eq!(plan(&build(keep)), "null.two (source two)\n  null {}\n  then manifest {}\n");
    let empty = build("source \"null.two\" {\nname = \"\"\n}");
    assert_eq!(plan(&empty), "null.two (source two)\n  null {}\n", "the source's own name");
}

#[test]
fn core_07_override_replaces_values_for_one_source() {
    let text = build(
        "source \"null.one\" {\n  name = \"q\"\n}\nsources = [\"null.two\"]\nprovisioner \"shell\" {\n  inline = [\"all\"]\n  environment = { A = \"1\" }\n  override = {\n    q = { inline = \"over\", script = \"s\" }\n  }\n}",
    );
    assert_eq!(
        plan(&text),
        "null.two (source two)\n  null {}\n  step shell \"shell\" {environment={A=\"1\"} inline=[\"all\"]}\n\
         null.q (source one)\n  null {communicator=\"none\"}\n  step shell \"shell\" {environment={A=\"1\"} inline=[\"over\"] script=\"s\"}\n"
    );
}

#[test]
fn core_07_override_must_be_objects_of_what_exists() {
    let over = |text: &str| {
        let text =
            build(&format!("sources = [\"null.one\"]\nprovisioner \"shell\" {{\n  override = {text}\n}}"));
        titles(&evaluation(&text, |_| ()))
    };
    assert_eq!(over("\"x\""), ["t.pkr.hcl:9:14 provisioner's override block must be an HCL object"]);
    assert_eq!(
        over("{ one = 1 }"),
        ["t.pkr.hcl:9:16 provisioner's override.'one' block must be an HCL object"]
    );
    assert_eq!(over("{ one = { inlin = [] } }"), ["t.pkr.hcl:9:24 There is no argument `inlin` here"]);
    assert_eq!(
        over("{ one = { inline = {} } }"),
        ["t.pkr.hcl:9:24 The argument `inline` has the wrong type"]
    );
    assert!(over("{ one = { inline = null, script = \"s\" } }").is_empty(), "null replaces nothing");
    assert_eq!(
        over("{ one = zipmap([\"script\"], [\"s\"]) }"),
        Vec::<String>::new(),
        "zipmap of a tuple gives an object"
    );
    assert_eq!(
        over("convert({ one = { script = \"s\" } }, map(object({ script = string })))"),
        ["t.pkr.hcl:9:14 provisioner's override block must be an HCL object"],
        "a map is none"
    );
    assert_eq!(over("{ onne = {} }"), ["t.pkr.hcl:9:16 warning: \"onne\" is no source of this build"]);
}

#[test]
fn core_08_only_and_except_match_type_and_local_name_exactly() {
    let text = build(
        "name = \"b\"\nsource \"null.one\" {\n  name = \"q\"\n}\nsources = [\"null.two\"]\nprovisioner \"shell\" {\n  only = [\"null.q\"]\n  script = \"1\"\n}\nprovisioner \"shell\" {\n  except = [\"null.q\"]\n  script = \"2\"\n}\npost-processor \"manifest\" {\n  only = [\"null.two\"]\n}",
    );
    assert_eq!(
        plan(&text),
        "b.null.two (source two)\n  null {}\n  step shell \"shell\" {script=\"2\"}\n  then manifest {}\n\
         b.null.q (source one)\n  null {communicator=\"none\"}\n  step shell \"shell\" {script=\"1\"}\n"
    );
}

#[test]
fn core_08_only_with_except_is_an_error_and_a_name_that_matches_nothing_a_warning() {
    let provisioner = |lines: &str| {
        titles(&evaluation(
            &build(&format!("sources = [\"null.one\"]\nprovisioner \"shell\" {{\n{lines}\n}}")),
            |_| (),
        ))
    };
    assert_eq!(
        provisioner("only = [\"null.one\"]\nexcept = [\"null.one\"]"),
        ["t.pkr.hcl:10:10 only one of 'only' or 'except' may be specified"]
    );
    let silent = "only = [\"null.on\"]";
    assert_eq!(provisioner(silent), ["t.pkr.hcl:9:9 warning: \"null.on\" is no source of this build"]);
    let text = build(&format!("sources = [\"null.one\"]\nprovisioner \"shell\" {{\n{silent}\n}}"));
    assert!(evaluation(&text, |inputs| inputs.strict = true).diagnostics.is_empty());
}

#[test]
fn core_12_chains_of_post_processors() {
    let text = build(
        "sources = [\"null.two\"]\npost-processor \"manifest\" {\n  name = \"m\"\n  output = \"o\"\n}\npost-processors {\n  post-processor \"checksum\" {\n    keep_input_artifact = false\n    checksum_types = [\"md5\"]\n  }\n  post-processor \"shell-local\" {\n    name = \"two\"\n    script = build.Host\n  }\n  post-processor \"manifest\" {}\n}\npost-processors {}",
    );
    let head = "null.two (source two)\n  null {}\n";
    let first = "  then manifest \"m\" {output=\"o\"}\n";
    let sums = "checksum keep=false {checksum_types=[\"md5\"]}";
    assert_eq!(
        plan(&text),
        format!("{head}{first}  then {sums} | shell-local \"two\" {{script=\"10.0.0.1\"}} | manifest {{}}\n")
    );
    let cut = plan_with(&text, |inputs| inputs.except = vec!["two".into()]);
    assert_eq!(cut, format!("{head}{first}  then {sums}\n"), "-except cuts the rest of the chain");
    let cut = plan_with(&text, |inputs| inputs.except = vec!["checksum".into(), "m".into()]);
    assert_eq!(cut, head);
}

#[test]
fn cli_20_selection_by_glob() {
    let text = build("name = \"b\"\nsources = [\"null.one\", \"null.two\"]");
    let names = |only: &[&str], except: &[&str]| {
        let evaluation = evaluation(&text, |inputs| {
            inputs.only = only.iter().map(|s| (*s).to_owned()).collect();
            inputs.except = except.iter().map(|s| (*s).to_owned()).collect();
            inputs.require_builds = true;
        });
        let all: Vec<_> = evaluation.builds.iter().map(|name| name.0.as_str()).collect();
        assert_eq!(all, ["b.null.one", "b.null.two"]);
        let problems = titles(&evaluation);
        let builds =
            evaluation.plan.map(|plan| plan.builds.into_iter().map(|build| build.name.0).collect::<Vec<_>>());
        (builds.unwrap_or_default(), problems)
    };
    assert_eq!(names(&["*.one"], &[]).0, ["b.null.one"]);
    assert_eq!(names(&["b.*"], &["*two"]).0, ["b.null.one"]);
    let unmatched =
        "warning: an 'only' option was passed, but not all matches were found for the given build.";
    assert_eq!(names(&["*.one", "zz"], &[]), (vec!["b.null.one".to_owned()], vec![unmatched.to_owned()]));
    assert_eq!(names(&["one"], &[]), (vec![], vec![unmatched.to_owned(), "No builds to run".to_owned()]));
    assert_eq!(names(&["["], &[]).1, ["Invalid -only pattern [: a `[` has no `]`"]);
    assert_eq!(
        names(&[], &["zz"]).1,
        ["warning: an 'except' option was passed, but did not match any build."]
    );
}

#[test]
fn cli_20_the_warning_lists_the_names() {
    let text = build("sources = [\"null.one\"]");
    let shown = problems_of(&evaluation(&text, |inputs| inputs.only = vec!["on".into()]));
    assert_eq!(
        shown,
        "Warning: an 'only' option was passed, but not all matches were found for the given build.\n\n\
         Possible build names: [null.one].\nThis matches nothing: on. A name can be matched with a glob pattern like\n'null.*'.\n\n"
    );
}

#[test]
fn core_02_what_a_build_needs() {
    let cases = [
        ("", "Error: Missing build block"),
        ("build {\n}\n", "Error: missing source reference"),
        ("build {\n  sources = [\"one\"]\n}\n", "Error: Invalid source reference"),
        (
            "build {\n  sources = [source.null.one]\n}\n",
            "Error: A reference to a source is written in quotes",
        ),
        ("build {\n  sources = [\"null.zero\"]\n}\n", "Error: Unknown source null.zero"),
        ("build \"x\" {\n}\n", "Error: Extraneous label for build"),
        (
            "build {\n  sources = [\"null.one\", null]\n}\n",
            "Error: The argument `sources` has the wrong type",
        ),
        ("build {\n  sources = null\n}\n", "Error: missing source reference"),
        (
            "build {\n  name = null\n  sources = [\"null.one\"]\n}\n",
            "Error: The argument `name` has the wrong type",
        ),
        (
            "build {\n  sources = [\"null.one\"]\n  error-cleanup-provisioner \"shell\" {}\n  error-cleanup-provisioner \"shell\" {}\n}\n",
            "Error: Only one error-cleanup-provisioner is allowed",
        ),
    ];
    for (text, expected) in cases {
        let shown = problems(&format!("{SOURCES}{text}"));
        assert!(shown.starts_with(expected), "{text}\n{shown}");
        let cascades = shown.matches("Error: ").count();
        assert_eq!(cascades, 1, "{shown}");
    }
}

#[test]
fn core_02_places_of_blocks_and_arguments_are_in_the_plan() {
    let text = build("sources = [\"null.one\"]\nprovisioner \"shell\" {\n  script = \"x\"\n}");
    let plan = evaluation(&text, |_| ()).plan.unwrap();
    let node = &plan.builds[0].steps[0].node;
    assert_eq!(plan.sources.location(node.span), "t.pkr.hcl:8:1");
    assert_eq!(plan.sources.snippet(node.arguments["script"]), "script = \"x\"");
    assert_eq!(
        plan.sources.snippet(plan.builds[0].source.arguments["communicator"]),
        "communicator = \"none\""
    );
}

#[test]
fn core_07_an_override_replaces_as_many_elements_as_it_has() {
    let text = r#"source "null" "a" {}
build {
  sources = ["null.a"]
  provisioner "shell" {
    inline      = ["1", "2", "3"]
    environment = { A = "1" }
    override    = { a = { inline = ["x"], environment = { B = "2" } } }
  }
}
"#;
    let step = r#"step shell "shell" {environment={A="1" B="2"} inline=["x" "2" "3"]}"#;
    assert_eq!(plan(text), format!("null.a (source a)\n  null {{}}\n  {step}\n"));
}
