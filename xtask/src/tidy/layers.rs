//! Who may depend on whom: the crate table of `ARCHITECTURE.md` against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Finding;
use crate::Result;

/// What a line of the table says about one crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Room {
    name: String,
    /// Names of workspace crates; `None` means any.
    may_depend_on: Option<BTreeSet<String>>,
    /// `Some(false)` forbids tokio; `None` says nothing.
    asynchronous: Option<bool>,
}

/// A crate of the workspace as cargo sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    name: String,
    /// Normal and build dependencies by name, directly declared.
    dependencies: BTreeSet<String>,
    /// The same for tests.
    dev_dependencies: BTreeSet<String>,
    /// Everything that normal and build dependencies lead to.
    closure: BTreeSet<String>,
}

/// Reads the table whose header starts with `| crate |` and has the columns "may depend on" and "async?".
pub(super) fn read_table(page: &str) -> Result<Vec<Room>> {
    let mut lines = page.lines().skip_while(|line| !line.starts_with("| crate |"));
    let header = cells(lines.next().ok_or("ARCHITECTURE.md has no table that starts with | crate |")?);
    let column = |name: &str| {
        let missing = || format!("the crate table of ARCHITECTURE.md has no column {name:?}");
        header.iter().position(|cell| *cell == name).ok_or_else(missing)
    };
    let (depends, asynchronous) = (column("may depend on")?, column("async?")?);
    let mut rooms = vec![];
    for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
        let cells = cells(line);
        let cell = |at: usize| {
            cells.get(at).copied().ok_or_else(|| format!("ARCHITECTURE.md: a cell is missing in {line}"))
        };
        for name in cell(0)?.split('`').skip(1).step_by(2) {
            rooms.push(Room {
                name: name.to_owned(),
                may_depend_on: match cell(depends)? {
                    "all" | "any" => None,
                    "–" | "-" | "" => Some(BTreeSet::new()),
                    list => {
                        Some(list.split(',').map(|name| full_name(name.trim().trim_matches('`'))).collect())
                    }
                },
                asynchronous: match cell(asynchronous)? {
                    "yes" => Some(true),
                    "no" => Some(false),
                    _ => None,
                },
            });
        }
    }
    if rooms.is_empty() { Err("the crate table of ARCHITECTURE.md has no rows".into()) } else { Ok(rooms) }
}

fn cells(line: &str) -> Vec<&str> {
    line.trim().trim_matches('|').split('|').map(str::trim).collect()
}

/// The table writes `model` for `karat-model`.
fn full_name(name: &str) -> String {
    if name.starts_with("karat") || name == "xtask" { name.to_owned() } else { format!("karat-{name}") }
}

/// The workspace's crates out of `cargo metadata`.
pub(super) fn read_packages(metadata: &Value) -> Result<Vec<Package>> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let names: BTreeMap<String, String> = list(&metadata["packages"])
        .iter()
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let mut edges: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let (mut normal, mut dev) = (vec![], vec![]);
        for dependency in list(&node["deps"]) {
            let kinds: Vec<Value> = list(&dependency["dep_kinds"]);
            let is_dev = |kind: &Value| kind["kind"].as_str() == Some("dev");
            if kinds.iter().any(|kind| !is_dev(kind)) {
                normal.push(text(&dependency["pkg"]));
            }
            if kinds.iter().any(is_dev) {
                dev.push(text(&dependency["pkg"]));
            }
        }
        edges.insert(text(&node["id"]), (normal, dev));
    }
    let name = |id: &String| names.get(id).cloned().unwrap_or_default();
    let package = |id: String| {
        let (normal, dev) = edges.get(&id).ok_or_else(|| format!("cargo metadata does not resolve {id}"))?;
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut next = normal.clone();
        while let Some(id) = next.pop() {
            if seen.insert(id.clone()) {
                next.extend(edges.get(&id).map(|(normal, _)| normal.clone()).unwrap_or_default());
            }
        }
        Ok(Package {
            name: name(&id),
            dependencies: normal.iter().map(name).collect(),
            dev_dependencies: dev.iter().map(name).collect(),
            closure: seen.iter().map(name).collect(),
        })
    };
    list(&metadata["workspace_members"]).iter().map(|id| package(text(id))).collect()
}

/// Every crate has a line, and every line a crate.
pub(super) fn rooms(table: &[Room], packages: &[Package]) -> Vec<Finding> {
    let rooms: BTreeSet<&str> = table.iter().map(|room| room.name.as_str()).collect();
    let crates: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let no_line = crates
        .difference(&rooms)
        .map(|name| Finding::new(*name, "is not in the crate table of ARCHITECTURE.md"));
    let no_crate = rooms
        .difference(&crates)
        .map(|name| Finding::new("ARCHITECTURE.md", format!("there is no crate {name}")));
    no_line.chain(no_crate).collect()
}

/// Crates depend only on what their line names. Tests may use the testkit too.
pub(super) fn dependencies(table: &[Room], packages: &[Package]) -> Vec<Finding> {
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = vec![];
    for package in packages {
        let Some(room) = table.iter().find(|room| room.name == package.name) else { continue };
        let Some(allowed) = &room.may_depend_on else { continue };
        let of_tests = package.dev_dependencies.iter().filter(|name| *name != "karat-testkit");
        for dependency in package.dependencies.iter().chain(of_tests) {
            if ours.contains(dependency.as_str())
                && !allowed.contains(dependency)
                && *dependency != package.name
            {
                findings.push(Finding::new(
                    &package.name,
                    format!("may not depend on {dependency} (ARCHITECTURE.md)"),
                ));
            }
        }
    }
    findings
}

/// No tokio under the crates marked "no", however far down.
pub(super) fn tokio(table: &[Room], packages: &[Package]) -> Vec<Finding> {
    let synchronous = table.iter().filter(|room| room.asynchronous == Some(false));
    let packages = synchronous.filter_map(|room| packages.iter().find(|package| package.name == room.name));
    packages
        .filter(|package| package.closure.contains("tokio"))
        .map(|package| {
            Finding::new(&package.name, "is not async (ARCHITECTURE.md), yet tokio is among its dependencies")
        })
        .collect()
}

/// Only the store has a database.
pub(super) fn database(packages: &[Package]) -> Vec<Finding> {
    let others = packages.iter().filter(|package| package.name != "karat-store");
    others
        .filter(|package| package.dependencies.contains("rusqlite"))
        .map(|package| {
            Finding::new(
                &package.name,
                "only karat-store may use SQLite: it alone knows files that outlive a run",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Rooms\n\n| crate | the question | may depend on | async? |\n|---|---|---|---|\n\
        | `karat-model` | words | – | no |\n| `karat-engine` | runs | model, `sdk` | yes |\n\
        | `karat-testkit`, `xtask` | developers | any | – |\n\nMore.\n| `other` | table |\n";

    fn package(name: &str, dependencies: &[&str], dev: &[&str], closure: &[&str]) -> Package {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Package {
            name: name.to_owned(),
            dependencies: set(dependencies),
            dev_dependencies: set(dev),
            closure: set(closure),
        }
    }

    fn problems(findings: Vec<Finding>) -> Vec<String> {
        findings.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn reads_the_table() {
        let table = read_table(PAGE).unwrap();
        assert_eq!(
            table.iter().map(|room| room.name.as_str()).collect::<Vec<_>>(),
            ["karat-model", "karat-engine", "karat-testkit", "xtask"]
        );
        assert_eq!(
            table[1].may_depend_on,
            Some(BTreeSet::from(["karat-model".to_owned(), "karat-sdk".to_owned()]))
        );
        assert_eq!((table[0].asynchronous, table[2].asynchronous), (Some(false), None));
        assert!(read_table("no table").is_err());
    }

    #[test]
    fn rooms_and_crates_match() {
        let table = read_table(PAGE).unwrap();
        let packages = ["karat-model", "karat-engine", "karat-testkit", "karat-new"];
        let packages = packages.map(|name| package(name, &[], &[], &[]));
        assert_eq!(
            problems(rooms(&table, &packages)),
            [
                "karat-new: is not in the crate table of ARCHITECTURE.md",
                "ARCHITECTURE.md: there is no crate xtask"
            ]
        );
    }

    #[test]
    fn a_forbidden_dependency_is_found() {
        let table = read_table(PAGE).unwrap();
        let packages = [
            package("karat-model", &["serde"], &["karat-testkit", "karat-engine"], &[]),
            package("karat-engine", &["karat-model", "karat-testkit"], &[], &[]),
            package("karat-testkit", &["karat-model"], &[], &[]),
        ];
        assert_eq!(
            problems(dependencies(&table, &packages)),
            [
                "karat-model: may not depend on karat-engine (ARCHITECTURE.md)",
                "karat-engine: may not depend on karat-testkit (ARCHITECTURE.md)"
            ]
        );
    }

    #[test]
    fn tokio_is_found_however_far_down() {
        let table = read_table(PAGE).unwrap();
        let packages = [
            package("karat-model", &["a"], &[], &["a", "tokio"]),
            package("karat-engine", &[], &[], &["tokio"]),
        ];
        assert_eq!(problems(tokio(&table, &packages)).len(), 1);
    }

    #[test]
    fn a_second_database_is_found() {
        let packages = ["karat-store", "karat-engine"].map(|name| package(name, &["rusqlite"], &[], &[]));
        assert_eq!(database(&packages).len(), 1);
    }

    #[test]
    fn reads_packages_with_their_closure() {
        let metadata = serde_json::json!({
            "workspace_members": ["m"],
            "packages": [{"id": "m", "name": "karat-model"}, {"id": "a", "name": "a"}, {"id": "t", "name": "tokio"}],
            "resolve": {"nodes": [
                {"id": "m", "deps": [
                    {"pkg": "a", "dep_kinds": [{"kind": null}]},
                    {"pkg": "t", "dep_kinds": [{"kind": "dev"}]},
                ]},
                {"id": "a", "deps": [{"pkg": "t", "dep_kinds": [{"kind": "build"}]}]},
                {"id": "t", "deps": []},
            ]},
        });
        let packages = read_packages(&metadata).unwrap();
        assert_eq!(packages, [package("karat-model", &["a"], &["tokio"], &["a", "tokio"])]);
    }
}
