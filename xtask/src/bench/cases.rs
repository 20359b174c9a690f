//! The cases: what both tools are asked to do.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use karat_testkit::{Guest, Sandbox, Sshd};
use tempfile::TempDir;

use super::delay::DelayProxy;
use super::measurement::Measurement;
use super::table::{Line, Target};
use crate::Result;

/// What is compared.
#[derive(Debug)]
pub(super) struct Tools {
    pub(super) karat: PathBuf,
    pub(super) packer: PathBuf,
    /// The checkout.
    pub(super) root: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Size,
    Version,
    Validate,
    NoOpStep,
    LargeFile,
    SmallFiles,
    Parse,
    ManyProvisioners,
    ManyJsonProvisioners,
    ManyLocals,
    Quickstart,
}

impl Case {
    pub(super) const ALL: [Self; 11] = [
        Self::Size,
        Self::Version,
        Self::Validate,
        Self::NoOpStep,
        Self::LargeFile,
        Self::SmallFiles,
        Self::Parse,
        Self::ManyProvisioners,
        Self::ManyJsonProvisioners,
        Self::ManyLocals,
        Self::Quickstart,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Version => "version",
            Self::Validate => "validate",
            Self::NoOpStep => "no-op-step",
            Self::LargeFile => "1-GiB-file",
            Self::SmallFiles => "1000-files-20-ms",
            Self::Parse => "parse",
            Self::ManyProvisioners => "170-provisioners",
            Self::ManyJsonProvisioners => "167-json-provisioners",
            Self::ManyLocals => "1000-locals",
            Self::Quickstart => "quickstart",
        }
    }

    /// Measures both tools, `runs` times where a run is short.
    pub(super) fn run(self, tools: &Tools, runs: usize) -> Result<Vec<Line>> {
        match self {
            Self::Size => self.size(tools),
            Self::Version => self.version(tools, runs),
            Self::Validate => self.validate(tools, runs),
            Self::NoOpStep => self.no_op_step(tools, runs),
            Self::LargeFile => self.large_file(tools, runs),
            Self::SmallFiles => self.small_files(tools, runs),
            Self::Parse => self.parse(tools, runs),
            Self::ManyProvisioners => self.many_provisioners(tools, runs),
            Self::ManyJsonProvisioners => self.many_json_provisioners(tools, runs),
            Self::ManyLocals => self.many_locals(tools, runs),
            Self::Quickstart => self.quickstart(tools),
        }
    }

    fn size(self, tools: &Tools) -> Result<Vec<Line>> {
        let packer = which(&tools.packer);
        Ok(vec![Line {
            case: self.name(),
            figure: "size",
            unit: "MB",
            karat: megabytes(&tools.karat)?,
            packer: packer.map(|path| megabytes(&path)).transpose()?,
            target: Target::Below(25.0),
        }])
    }

    fn version(self, tools: &Tools, runs: usize) -> Result<Vec<Line>> {
        let both = Both::measure(tools, runs * 5, |tool| Ok(tool.command(["version"])))?;
        Ok(vec![both.wall(self, Target::Below(0.015))])
    }

    fn validate(self, tools: &Tools, runs: usize) -> Result<Vec<Line>> {
        let template = "source \"null\" \"one\" {\n  communicator = \"none\"\n}\n\
                        build {\n  sources = [\"source.null.one\"]\n  provisioner \"shell-local\" {\n    inline = [\"true\"]\n  }\n}\n";
        let both = Both::measure(tools, runs, |tool| {
            tool.sandbox.write("one.pkr.hcl", template);
            Ok(tool.command(["validate", "one.pkr.hcl"]))
        })?;
        Ok(vec![both.wall(self, Target::Ratio(0.1))])
    }

    fn no_op_step(self, tools: &Tools, runs: usize) -> Result<Vec<Line>> {
        let server = Sshd::start();
        let provisioner = "provisioner \"shell\" {\n    inline = [\"true\"]\n  }";
        let both = Both::measure(tools, runs, |tool| {
            tool.sandbox.write("step.pkr.hcl", over_ssh(&server, server.port(), provisioner));
            Ok(tool.command(["build", "step.pkr.hcl"]))
        })?;
        Ok(vec![both.wall(self, Target::Ratio(0.25))])
    }

    fn large_file(self, tools: &Tools, runs: usize) -> Result<Vec<Line>> {
        let server = Sshd::start();
        let place = fast_directory()?;
        let (source, destination) = (place.path().join("source"), place.path().join("destination"));
        write_noise(&source, 1 << 30)?;
        let provisioner = format!(
            "provisioner \"file\" {{\n    source = \"{}\"\n    destination = \"{}\"\n  }}",
            source.display(),
            destination.display()
        );
        let both = Both::measure(tools, runs, |tool| {
            remove(&destination)?;
            tool.sandbox.write("file.pkr.hcl", over_ssh(&server, server.port(), &provisioner));
            Ok(tool.command(["build", "file.pkr.hcl"]))
        })?;
        if fs::metadata(&destination)?.len() != 1 << 30 {
            return Err("the file did not arrive whole".into());
        }
        Ok(vec![
            both.wall(self, Target::Ratio(0.25)),
            both.cpu(self, Target::Ratio(0.125)),
            both.memory(self, Target::None),
        ])
    }

    fn small_files(self, tools: &Tools, runs: usize) -> Result<Vec<Line>> {
        let server = Sshd::start();
        let proxy =
            DelayProxy::start(SocketAddr::from(([127, 0, 0, 1], server.port())), Duration::from_millis(20))?;
        let place = fast_directory()?;
        let (source, destination) = (place.path().join("source"), place.path().join("destination"));
        for number in 0..1000 {
            let directory = source.join(format!("d{}", number / 100));
            fs::create_dir_all(&directory)?;
            write_noise(&directory.join(format!("f{number}")), 2048)?;
        }
        let provisioner = format!(
            "provisioner \"file\" {{\n    source = \"{}/\"\n    destination = \"{}\"\n  }}",
            source.display(),
            destination.display()
        );
        let both = Both::measure(tools, runs, |tool| {
            remove(&destination)?;
            fs::create_dir(&destination)?;
            tool.sandbox.write("files.pkr.hcl", over_ssh(&server, proxy.port(), &provisioner));
            Ok(tool.command(["build", "files.pkr.hcl"]))
        })?;
        if !destination.join("d9/f999").exists() {
            return Err("the files did not arrive".into());
        }
        Ok(vec![both.wall(self, Target::Ratio(0.1)), both.cpu(self, Target::None)])
    }

    /// The parser alone, and both formatters on one dense file: the command of Packer that does little but read.
    fn parse(self, tools: &Tools, runs: usize) -> Result<Vec<Line>> {
        let mut lines = parser_alone(tools, self)?;
        let local = |number: usize| {
            format!(
                "  local_{number} = {{ name = \"vm-${{var.name}}-{number}\", sizes = [1, {number}, 2.5] }}\n"
            )
        };
        let text = format!("locals {{\n{}}}\n", (0..40_000).map(local).collect::<String>());
        let both = Both::measure(tools, runs, |tool| {
            tool.sandbox.write("dense.pkr.hcl", &text);
            Ok(tool.command(["fmt", "-write=false", "dense.pkr.hcl"]))
        })?;
        lines.push(both.wall(self, Target::None));
        Ok(lines)
    }

    fn many_provisioners(self, tools: &Tools, runs: usize) -> Result<Vec<Line>> {
        let provisioner = |number: usize| {
            format!(
                "  provisioner \"shell-local\" {{\n    only = [\"null.one\"]\n    environment_vars = \
                 [\"NUMBER={number}\", \"NAME=${{var.name}}\"]\n    inline = [\n      \"echo step {number} of \
                 ${{build.name}}\",\n      \"true\",\n    ]\n  }}\n"
            )
        };
        let template = format!(
            "variable \"name\" {{\n  default = \"x\"\n}}\nsource \"null\" \"one\" {{\n  communicator = \"none\"\n}}\nbuild {{\n  \
             sources = [\"source.null.one\"]\n{}}}\n",
            (0..170).map(provisioner).collect::<String>()
        );
        let both = Both::measure(tools, runs * 3, |tool| {
            tool.sandbox.write("many.pkr.hcl", &template);
            Ok(tool.command(["validate", "-syntax-only", "many.pkr.hcl"]))
        })?;
        Ok(vec![both.wall(self, Target::Below(0.020)), both.memory(self, Target::Below(30.0))])
    }

    /// The longest legacy JSON templates have 167 steps: checked in full, components and all.
    fn many_json_provisioners(self, tools: &Tools, runs: usize) -> Result<Vec<Line>> {
        let provisioner = |number: usize| {
            format!(
                "{{\"type\": \"shell-local\", \"only\": [\"one\"], \"environment_vars\": [\"NUMBER={number}\", \
                 \"NAME={{{{user `name`}}}}\"], \"inline\": [\"echo step {number} of {{{{build_name}}}}\", \"true\"]}}"
            )
        };
        let template = format!(
            "{{\"variables\": {{\"name\": \"x\"}}, \"builders\": [{{\"type\": \"null\", \"name\": \"one\", \
             \"communicator\": \"none\"}}], \"provisioners\": [\n{}\n]}}\n",
            (0..167).map(provisioner).collect::<Vec<_>>().join(",\n")
        );
        let both = Both::measure(tools, runs, |tool| {
            tool.sandbox.write("many.json", &template);
            Ok(tool.command(["validate", "many.json"]))
        })?;
        Ok(vec![both.wall(self, Target::Below(0.030)), both.memory(self, Target::None)])
    }

    /// Each local names the one before it.
    fn many_locals(self, tools: &Tools, runs: usize) -> Result<Vec<Line>> {
        let local = |number: usize| match number {
            0 => "  local_0 = 1\n".to_owned(),
            _ => format!(
                "  local_{number} = local.local_{} + length(\"${{var.name}}-{number}\")\n",
                number - 1
            ),
        };
        let template = format!(
            "variable \"name\" {{\n  default = \"x\"\n}}\nlocals {{\n{}}}\nsource \"null\" \"one\" {{\n  communicator = \
             \"none\"\n}}\nbuild {{\n  sources = [\"source.null.one\"]\n}}\n",
            (0..1000).map(local).collect::<String>()
        );
        let both = Both::measure(tools, runs * 3, |tool| {
            tool.sandbox.write("locals.pkr.hcl", &template);
            Ok(tool.command(["validate", "locals.pkr.hcl"]))
        })?;
        Ok(vec![both.wall(self, Target::Below(0.020)), both.memory(self, Target::None)])
    }

    /// Once each: it is long enough not to need a best of several.
    fn quickstart(self, tools: &Tools) -> Result<Vec<Line>> {
        let guest = Guest::tiny();
        let testbed = guest.image.parent().ok_or("the guest is in no directory")?.to_owned();
        let accelerator = Command::new(tools.root.join("testbed/accelerator")).output()?;
        let accelerator = format!("accelerator={}", String::from_utf8(accelerator.stdout)?.trim());
        let template = tools.root.join("examples/quickstart");
        let both = Both::measure(tools, 1, |tool| {
            let mut command = tool.command(["build", "-force", "-var", &accelerator]);
            command.arg(&template).env("KARAT_TESTBED", &testbed);
            Ok(command)
        })?;
        Ok(vec![both.wall(self, Target::Ratio(0.6)), both.memory(self, Target::Below(40.0))])
    }
}

/// One of the tools with a home of its own.
struct Tool<'a> {
    binary: &'a Path,
    sandbox: Sandbox,
}

impl<'a> Tool<'a> {
    fn new(binary: &'a Path) -> Self {
        Self { binary, sandbox: Sandbox::new() }
    }

    fn command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = self.sandbox.command(self.binary);
        command.args(arguments);
        if let Some(path) = env::var_os("PACKER_PLUGIN_PATH") {
            command.env("PACKER_PLUGIN_PATH", path);
        }
        command
    }
}

/// What the same job cost both tools.
struct Both {
    karat: Measurement,
    packer: Measurement,
}

impl Both {
    fn measure(tools: &Tools, runs: usize, job: impl Fn(&Tool<'_>) -> Result<Command>) -> Result<Self> {
        let one = |binary| {
            let tool = Tool::new(binary);
            Measurement::best(runs, || job(&tool))
        };
        Ok(Self { karat: one(&tools.karat)?, packer: one(&tools.packer)? })
    }

    fn line(
        &self,
        case: Case,
        figure: &'static str,
        unit: &'static str,
        of: fn(&Measurement) -> f64,
        target: Target,
    ) -> Line {
        Line {
            case: case.name(),
            figure,
            unit,
            karat: of(&self.karat),
            packer: Some(of(&self.packer)),
            target,
        }
    }

    fn wall(&self, case: Case, target: Target) -> Line {
        self.line(case, "wall", "s", |measured| measured.wall, target)
    }

    fn cpu(&self, case: Case, target: Target) -> Line {
        self.line(case, "cpu", "s", |measured| measured.cpu, target)
    }

    fn memory(&self, case: Case, target: Target) -> Line {
        self.line(case, "memory", "MB", |measured| measured.memory, target)
    }
}

/// The lines of `cargo bench -p karat-hcl --bench parse`. 20 ms for a megabyte are 50 MB/s.
fn parser_alone(tools: &Tools, case: Case) -> Result<Vec<Line>> {
    let output = Command::new(env!("CARGO"))
        .args(["bench", "--quiet", "-p", "karat-hcl", "--bench", "parse"])
        .current_dir(&tools.root)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let figures = [("dense-file ", "dense"), ("1000-small-files ", "small")];
    let line = |(name, figure): (&str, &'static str)| {
        let rest = text.lines().find_map(|line| line.strip_prefix(name)).ok_or("the bench says nothing")?;
        let karat = rest.split(' ').next().unwrap_or_default().parse()?;
        Ok(Line {
            case: case.name(),
            figure,
            unit: "ms/MB",
            karat,
            packer: None,
            target: Target::Below(20.0),
        })
    };
    figures.into_iter().map(line).collect()
}

/// A template whose one build runs `provisioner` against `server`, reached at `port`.
fn over_ssh(server: &Sshd, port: u16, provisioner: &str) -> String {
    format!(
        "source \"null\" \"one\" {{\n  ssh_host = \"{}\"\n  ssh_port = {port}\n  ssh_username = \"{}\"\n  \
         ssh_private_key_file = \"{}\"\n}}\nbuild {{\n  sources = [\"source.null.one\"]\n  {provisioner}\n}}\n",
        server.host(),
        server.user(),
        server.identity().display()
    )
}

/// In memory where there is room for it: a file system on disk would be measured instead of SSH.
fn fast_directory() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let room = nix::sys::statvfs::statvfs(memory)
        .is_ok_and(|space| space.blocks_available() * space.fragment_size() > 3 << 30);
    Ok(if room { TempDir::new_in(memory)? } else { TempDir::new()? })
}

/// Bytes that do not compress, the same every time.
fn write_noise(path: &Path, length: usize) -> Result<()> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = Vec::with_capacity(1 << 20);
    while block.len() < length.min(1 << 20) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        block.extend_from_slice(&state.to_le_bytes());
    }
    let mut file = fs::File::create(path)?;
    let mut left = length;
    while left > 0 {
        let count = left.min(block.len());
        std::io::Write::write_all(&mut file, &block[..count])?;
        left -= count;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Ok(fs::remove_dir_all(path)?),
        Ok(_) => Ok(fs::remove_file(path)?),
        Err(_) => Ok(()),
    }
}

fn megabytes(path: &Path) -> Result<f64> {
    // Exact to far below what is printed.
    Ok(fs::metadata(path)?.len() as f64 / 1_000_000.0)
}

/// The file that `program` means, looked up in `PATH` if it has no directory.
fn which(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return Some(program.to_owned());
    }
    env::split_paths(&env::var_os("PATH")?)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}
