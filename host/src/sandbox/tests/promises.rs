//! What the contract promises of the sandbox, tried by guests made for it: each case is a row of a table that says how
//! it has to end, and `judge` holds every one to the limits besides. To add a case, add a row to the table of its kind;
//! to add a kind (an import that did not exist before), add a file with a table and name it here. Not here: attacks that
//! a compiler can write, which `tests/guests/hostile` has.

mod answers;
mod batches;
mod components;
mod configured;
mod costly;
mod differential;
mod directly;
mod endurance;
mod forgetting;
mod imports;
mod instantiation;
mod judge;
mod manifests;
mod memory;
mod modules;
mod mutations;
mod neighbours;
mod tenants;
mod waiting;
mod wat;

use std::collections::BTreeSet;

use crate::sandbox::tests::promises::judge::Case;
use crate::sandbox::tests::promises::judge::Court;

/// Every table.
fn tables() -> [(&'static str, Vec<Case>); 7] {
    [
        ("modules", modules::cases()),
        ("components", components::cases()),
        ("instantiation", instantiation::cases()),
        ("manifests", manifests::cases()),
        ("answers", answers::cases()),
        ("imports", imports::cases()),
        ("memory", memory::cases()),
    ]
}

#[test]
fn there_are_many_and_each_has_a_name() {
    let tables = tables();
    let names: Vec<&str> = tables.iter().flat_map(|(_, cases)| cases).map(|case| case.name).collect();
    let mut seen = BTreeSet::new();
    let twice: Vec<&&str> = names.iter().filter(|name| !seen.insert(**name)).collect();
    assert!(twice.is_empty(), "names that stand for two cases: {twice:?}");
    assert!(names.len() >= 60, "{} cases", names.len());
}

#[tokio::test]
async fn every_case_ends_as_promised() {
    let court = Court::new().await;
    let mut wrong = Vec::new();
    for (table, cases) in tables() {
        wrong.extend(court.judge(table, &cases).await);
    }
    assert!(wrong.is_empty(), "{} cases ended otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

/// The same guests as interpreted ones, which run directly where that is possible.
#[tokio::test]
async fn every_case_ends_the_same_directly() {
    let court = Court::of_interpreted().await;
    let mut wrong = Vec::new();
    for (table, cases) in tables() {
        wrong.extend(court.judge(table, &cases).await);
    }
    assert!(wrong.is_empty(), "{} cases ended otherwise:\n{}", wrong.len(), wrong.join("\n"));
}
