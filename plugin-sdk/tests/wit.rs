//! The crate carries the contract, so that it builds where there is no repository around it. The
//! copy must be the contract.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn contract(folder: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|end| end == "wit"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn the_copy_of_the_contract_is_the_contract() {
    let original = contract("../wit");
    assert!(original.contains_key("world.wit"));
    assert_eq!(contract("wit"), original);
}
