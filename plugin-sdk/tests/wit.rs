//! The crate carries the contract, so that it builds where there is no repository around it. The
//! copy must be the contract.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn contract(folder: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files =
        fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it is readable").path());
    files
        .filter(|path| path.extension().is_some_and(|end| end == "wit"))
        .map(|path| {
            let name = path.file_name().expect("files have names").to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("the contract is text"))
        })
        .collect()
}

#[test]
fn the_copy_of_the_contract_is_the_contract() {
    let original = contract("../wit");
    assert!(original.contains_key("world.wit"));
    assert_eq!(contract("wit"), original);
}
