//! Two JSON values side by side. The depth is that of a document, at most 128; the work is that
//! of reading both, times the depth at worst. Not here: what is not JSON (`outcome`).

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::shape::difference::change::ChangeKind;
use crate::shape::difference::change::Changes;
use crate::shape::number;
use crate::shape::paths;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;

/// Notes where `after` differs from `before`. `path` names the value, as a JSONPath.
pub(super) fn differ(before: Node<'_>, after: Node<'_>, path: &mut String, changes: &mut Changes) {
    if changes.is_full() || before.raw() == after.raw() {
        return;
    }
    match (before.kind(), after.kind()) {
        (NodeKind::Object, NodeKind::Object) => members(before, after, path, changes),
        (NodeKind::Array, NodeKind::Array) => elements(before, after, path, changes),
        _ if same_scalar(before, after) => {}
        _ => changes.add(path, ChangeKind::Changed),
    }
}

/// Whether two values mean the same.
fn same(before: Node<'_>, after: Node<'_>) -> bool {
    if before.raw() == after.raw() {
        return true;
    }
    match (before.kind(), after.kind()) {
        (NodeKind::Object, NodeKind::Object) => {
            let (before, after) = (sorted(before), sorted(after));
            before.len() == after.len()
                && before.iter().zip(&after).all(|(one, two)| one.0 == two.0 && same(one.1, two.1))
        }
        (NodeKind::Array, NodeKind::Array) => {
            before.len() == after.len()
                && before.elements().zip(after.elements()).all(|(one, two)| same(one, two))
        }
        _ => same_scalar(before, after),
    }
}

fn same_scalar(before: Node<'_>, after: Node<'_>) -> bool {
    if let (Some(before), Some(after)) = (before.as_number(), after.as_number()) {
        return is_whole(before) == is_whole(after) && number::compare(before, after) == Ordering::Equal;
    }
    match (before.as_str(), after.as_str()) {
        (Some(before), Some(after)) => before == after,
        // Booleans and null have one spelling each, which was compared already.
        _ => false,
    }
}

/// Written without point and exponent.
fn is_whole(number: &str) -> bool {
    !number.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}

type Member<'d> = (Cow<'d, str>, Node<'d>);

fn sorted<'d>(object: Node<'d>) -> Vec<Member<'d>> {
    let mut members: Vec<Member<'d>> = object.members().collect();
    members.sort_unstable_by(|one, two| one.0.cmp(&two.0));
    members
}

fn members(before: Node<'_>, after: Node<'_>, path: &mut String, changes: &mut Changes) {
    let (before, after) = (sorted(before), sorted(after));
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(two)) => one.0.cmp(&two.0),
        };
        let (was, is) = match order {
            Ordering::Less => (old.next(), None),
            Ordering::Greater => (None, new.next()),
            Ordering::Equal => (old.next(), new.next()),
        };
        let Some((name, _)) = was.or(is) else { return };
        let length = path.len();
        path.push_str(&paths::step(name));
        match (was, is) {
            (Some((_, was)), Some((_, is))) => differ(*was, *is, path, changes),
            (Some(_), None) => changes.add(path, ChangeKind::Removed),
            _ => changes.add(path, ChangeKind::Added),
        }
        path.truncate(length);
    }
}

/// Elements are compared in pairs. Where their number differs, what both have at the front and at
/// the back is set aside first, so that one element more does not change all that follow.
fn elements(before: Node<'_>, after: Node<'_>, path: &mut String, changes: &mut Changes) {
    let (old, new): (Vec<_>, Vec<_>) = (before.elements().collect(), after.elements().collect());
    let (old, new) = match old.len() == new.len() {
        true => (&old[..], &new[..]),
        false => middle(&old, &new, |one, two| same(*one, *two)),
    };
    let length = path.len();
    path.push_str("[*]");
    for (was, is) in old.iter().zip(new) {
        differ(*was, *is, path, changes);
    }
    match old.len().cmp(&new.len()) {
        Ordering::Less => changes.add(path, ChangeKind::Added),
        Ordering::Greater => changes.add(path, ChangeKind::Removed),
        Ordering::Equal => {}
    }
    path.truncate(length);
}

/// Two lists without what is the same at their fronts and at their backs.
pub(super) fn middle<'l, T>(old: &'l [T], new: &'l [T], same: impl Fn(&T, &T) -> bool) -> (&'l [T], &'l [T]) {
    let front = old.iter().zip(new).take_while(|(one, two)| same(one, two)).count();
    let (old, new) = (&old[front..], &new[front..]);
    let back = old.iter().rev().zip(new.iter().rev()).take_while(|(one, two)| same(one, two)).count();
    (&old[..old.len() - back], &new[..new.len() - back])
}
