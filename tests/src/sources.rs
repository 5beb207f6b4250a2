//! The sources of the repository, as text.

use std::path::{Path, PathBuf};

/// A file with its text; its path is relative to the repository.
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
}

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All text files below a folder of the repository, what is built or hidden left out.
pub fn below(folder: &str) -> Vec<Source> {
    let (mut found, mut todo) = (vec![], vec![root().join(folder)]);
    while let Some(folder) = todo.pop() {
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries.filter_map(Result::ok) {
            let (path, name) = (entry.path(), entry.file_name());
            let skipped = name.to_string_lossy().starts_with('.') || name == "target";
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !skipped => todo.push(path),
                Ok(kind) if kind.is_file() => found.extend(read(&path)),
                _ => {}
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn read(path: &Path) -> Option<Source> {
    let text = std::fs::read_to_string(path).ok()?;
    let path = path.strip_prefix(root()).unwrap_or(path).to_path_buf();
    Some(Source { path, text })
}

/// Where any of these words stands, as `path:line: word`.
pub fn mentions(sources: &[Source], words: &[&str]) -> Vec<String> {
    let mut found = vec![];
    for source in sources {
        for (line, text) in source.text.lines().enumerate() {
            let here = words.iter().filter(|word| text.contains(**word));
            found.extend(here.map(|word| format!("{}:{}: {word}", source.path.display(), line + 1)));
        }
    }
    found
}

/// Modules of `std` that a source reaches, also by a group such as `use std::{fs, collections};`.
pub fn std_modules(sources: &[Source], modules: &[&str]) -> Vec<String> {
    let plain: Vec<String> = modules.iter().map(|module| format!("std::{module}")).collect();
    let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
    let mut found = mentions(sources, &plain);
    for source in sources {
        for group in source.text.split("std::{").skip(1) {
            let group = group.split(';').next().unwrap_or(group);
            let names = group.split([',', '{', '}', ' ', '\n']).map(str::trim);
            let names = names.map(|name| name.split("::").next().unwrap_or(name));
            let here = names.filter(|name| modules.contains(name));
            found.extend(here.map(|name| format!("{}: std::{{{name}}}", source.path.display())));
        }
    }
    found
}
