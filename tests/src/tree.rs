//! The dependency tree, as cargo resolves it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand};

/// Normal dependencies: each package's name with the names that it leans on.
pub type Tree = BTreeMap<String, BTreeSet<String>>;

/// Asks cargo about the workspace. Features and platforms are those of all its builds, so that nothing which any of them
/// could bring is missed; on a new machine cargo fetches the packages of the other platforms first.
pub fn metadata() -> Metadata {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let mut command = MetadataCommand::new();
    command.manifest_path(manifest).features(CargoOpt::AllFeatures);
    command.other_options(["--locked".to_owned()]);
    match command.exec() {
        Ok(metadata) => metadata,
        Err(error) => panic!("cargo does not tell the dependency tree: {error}"),
    }
}

/// The direct normal dependencies of each package as its manifest declares them, optional ones left out.
pub fn declared(metadata: &Metadata) -> Tree {
    let packages = metadata.packages.iter();
    let normal = |package: &cargo_metadata::Package| {
        let needed = package.dependencies.iter().filter(|dependency| {
            dependency.kind == DependencyKind::Normal && !dependency.optional && dependency.target.is_none()
        });
        needed.map(|dependency| dependency.name.clone()).collect()
    };
    packages.map(|package| (package.name.to_string(), normal(package))).collect()
}

/// Everything that `package` reaches, itself left out.
pub fn reached(tree: &Tree, package: &str) -> BTreeSet<String> {
    let (mut seen, mut todo) = (BTreeSet::new(), VecDeque::from([package.to_owned()]));
    while let Some(name) = todo.pop_front() {
        for next in tree.get(&name).into_iter().flatten() {
            if seen.insert(next.clone()) {
                todo.push_back(next.clone());
            }
        }
    }
    seen
}

/// The arrows between packages of the workspace that are not in `allowed`, as `from -> to`.
pub fn forbidden_arrows(tree: &Tree, allowed: &[(&str, &[&str])]) -> Vec<String> {
    const OURS: &str = "webinar-bridge-";
    let mut wrong = vec![];
    for (package, needs) in tree.iter().filter(|(package, _)| package.starts_with(OURS)) {
        let from = package.trim_start_matches(OURS);
        let may = allowed.iter().find(|(name, _)| *name == from).map_or(&[][..], |(_, may)| may);
        let arrows = needs.iter().filter_map(|need| need.strip_prefix(OURS));
        wrong.extend(arrows.filter(|to| !may.contains(to)).map(|to| format!("{from} -> {to}")));
    }
    wrong
}
