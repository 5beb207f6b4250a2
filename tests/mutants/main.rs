//! Planted bugs: each patch beside this file breaks one rule, and names the test that must notice.
//!
//! The program works in a copy of the sources with a target folder of its own. A bug counts as caught if its test passes
//! without it and fails with it; a patch that no longer applies, does not compile, or whose test is not found counts as
//! missed.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use clap::Parser;

/// Plants bugs, and sees whether the tests that claim to catch them do.
#[derive(Parser)]
struct Flags {
    /// Only these, by the beginning of their names.
    #[arg(long)]
    only: Vec<String>,
    /// Only so many, chosen by `--seed`.
    #[arg(long)]
    some: Option<usize>,
    /// Decides which those are.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// The folder with the copy and its target folder; kept for the next run.
    #[arg(long, default_value = "target/mutants")]
    folder: PathBuf,
    /// How many may be missed.
    #[arg(long, default_value_t = 1)]
    missed: usize,
}

/// One planted bug.
struct Bug {
    name: String,
    patch: PathBuf,
    claimed_by: String,
    package: String,
    target: Vec<String>,
    test: String,
}

/// What became of a bug.
#[derive(PartialEq, Eq)]
enum End {
    Caught,
    Missed(String),
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    match run(&flags) {
        Ok(missed) if missed <= flags.missed => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(3),
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &Flags) -> Result<usize, String> {
    let sources = sources()?;
    let folder = std::path::absolute(sources.join(&flags.folder)).map_err(|error| error.to_string())?;
    let tree = folder.join("tree");
    copy(&sources, &tree)?;
    let bugs = chosen(bugs(&sources)?, flags);
    if bugs.is_empty() {
        return Err("no bug is chosen".to_owned());
    }
    let mut missed = 0;
    for bug in &bugs {
        let end = planted(bug, &tree, &folder.join("target"))?;
        match &end {
            End::Caught => println!("caught  {}  ({}, by {})", bug.name, bug.claimed_by, bug.test),
            End::Missed(why) => {
                println!("MISSED  {}  ({}, by {}): {why}", bug.name, bug.claimed_by, bug.test);
            }
        }
        missed += usize::from(end != End::Caught);
    }
    println!("{} of {} planted bugs caught", bugs.len() - missed, bugs.len());
    Ok(missed)
}

/// The workspace.
fn sources() -> Result<PathBuf, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(Path::to_owned).ok_or_else(|| "the workspace is not found".to_owned())
}

/// Copies what the repository has, as it is now; files that are as they were keep their times, so that little is built anew.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let files = done(
        Command::new("git")
            .arg("-C")
            .arg(from)
            .args(["ls-files", "--cached", "--others"])
            .arg("--exclude-standard"),
    )?;
    let text = String::from_utf8_lossy(&files.stdout).into_owned();
    for file in text.lines() {
        let (source, target) = (from.join(file), to.join(file));
        let Ok(new) = std::fs::read(&source) else { continue };
        if std::fs::read(&target).ok().as_ref() == Some(&new) {
            continue;
        }
        let parent = target.parent().ok_or("a file without a folder")?;
        std::fs::create_dir_all(parent).map_err(|error| error.to_string())?;
        std::fs::write(&target, new).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn bugs(sources: &Path) -> Result<Vec<Bug>, String> {
    let folder = sources.join("tests/mutants");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut patches: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    patches.retain(|path| path.extension().is_some_and(|ending| ending == "patch"));
    patches.sort();
    patches.into_iter().map(Bug::read).collect()
}

fn chosen(mut bugs: Vec<Bug>, flags: &Flags) -> Vec<Bug> {
    if !flags.only.is_empty() {
        bugs.retain(|bug| flags.only.iter().any(|wanted| bug.name.starts_with(wanted)));
    }
    if let Some(some) = flags.some {
        let mut chance = fastrand::Rng::with_seed(flags.seed);
        chance.shuffle(&mut bugs);
        bugs.truncate(some);
        // Neighbours share most of what is built.
        bugs.sort_by(|one, other| one.name.cmp(&other.name));
    }
    bugs
}

impl Bug {
    /// The head of the patch says what it is about.
    fn read(patch: PathBuf) -> Result<Self, String> {
        let text = std::fs::read_to_string(&patch).map_err(|error| error.to_string())?;
        let name = patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let field = |field: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(": "));
            line.map(str::to_owned).ok_or_else(|| format!("{name} does not say its `{field}`"))
        };
        Ok(Self {
            claimed_by: field("claimed-by")?,
            package: field("package")?,
            target: field("target")?.split(' ').map(str::to_owned).collect(),
            test: field("test")?,
            name: name.clone(),
            patch,
        })
    }
}

/// Plants a bug, looks, and takes it out again.
fn planted(bug: &Bug, tree: &Path, target: &Path) -> Result<End, String> {
    let without = test(bug, tree, target)?;
    if !without.contains("1 passed") {
        return Ok(End::Missed("its test does not pass without it".to_owned()));
    }
    if done(patch(bug, tree).arg("--check")).is_err() {
        return Ok(End::Missed("the patch does not apply".to_owned()));
    }
    done(&mut patch(bug, tree))?;
    let with = test(bug, tree, target);
    done(patch(bug, tree).arg("--reverse"))?;
    let with = with?;
    Ok(match () {
        () if with.contains("1 failed") => End::Caught,
        () if with.contains("1 passed") => End::Missed("its test passes with it".to_owned()),
        () => End::Missed("it does not compile".to_owned()),
    })
}

fn patch(bug: &Bug, tree: &Path) -> Command {
    let mut command = Command::new("git");
    // The copy is no repository, and must not be taken for a part of the one around it.
    command
        .current_dir(tree)
        .env("GIT_CEILING_DIRECTORIES", tree)
        .args(["apply", "--whitespace=nowarn"])
        .arg(&bug.patch);
    command
}

/// What the bug's test prints.
fn test(bug: &Bug, tree: &Path, target: &Path) -> Result<String, String> {
    let mut command = Command::new("cargo");
    command.current_dir(tree).env("CARGO_TARGET_DIR", target).env("CARGO_INCREMENTAL", "1");
    command.env("PROPTEST_FAILURE_PERSISTENCE", "off").env_remove("CI");
    command.args(["test", "--quiet", "--locked", "-p", &bug.package]).args(&bug.target);
    command.args(["--", "--exact", &bug.test]);
    let output = command.output().map_err(|error| format!("cargo: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn done(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}
