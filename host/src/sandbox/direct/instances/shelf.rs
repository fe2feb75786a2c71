//! What is kept of all guests of a pool so that their instances can be put back, bounded in bytes. No workspace meets what
//! another's guest left: everything is kept by the number of a guest, which is one workspace's. Where there is no room,
//! whoever has most gives back what was not used for longest, so that each workspace has its fair share, however much the
//! others want. Not here: instances (`idle`), what is kept (`snapshot`).

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use parking_lot::MutexGuard;

use crate::domain::id::WorkspaceId;
use crate::sandbox::direct::instances::budget::ByteBudget;
use crate::sandbox::direct::instances::budget::Room;
use crate::sandbox::direct::instances::snapshot::Beginning;
use crate::sandbox::direct::instances::snapshot::Configured;

/// Configurations of one guest of which is kept what they make of an instance.
const CONFIGURED_EACH: usize = 16;

/// See the head of this file.
#[derive(Debug)]
pub(in crate::sandbox::direct) struct Shelf {
    budget: Arc<ByteBudget>,
    /// Bytes of what the configurations of one guest change.
    configured_bytes: usize,
    guests: Mutex<Guests>,
}

#[derive(Debug, Default)]
struct Guests {
    /// Counts uses.
    clock: u64,
    of: HashMap<u64, Of>,
}

/// What is kept of one guest.
#[derive(Debug)]
struct Of {
    workspace: WorkspaceId,
    beginning: Option<(u64, Arc<Beginning>)>,
    /// With the time each was used last.
    configured: Vec<(u64, Arc<Configured>)>,
}

/// What was given back. The instances that hold it have to go as well.
#[derive(Debug)]
pub(in crate::sandbox::direct) enum Gone {
    /// All of that guest.
    Guest(u64),
    /// What one configuration makes of it.
    Configured(u64, Arc<Configured>),
}

impl Shelf {
    pub(in crate::sandbox::direct) fn new(bytes: usize, configured_bytes: usize) -> Self {
        Self { budget: Arc::new(ByteBudget::new(bytes)), configured_bytes, guests: Mutex::default() }
    }

    /// What that guest's instances are put back to.
    pub(in crate::sandbox::direct) fn beginning(&self, guest: u64) -> Option<Arc<Beginning>> {
        let mut guests = self.guests();
        let now = guests.tick();
        let (used, beginning) = guests.of.get_mut(&guest)?.beginning.as_mut()?;
        *used = now;
        Some(Arc::clone(beginning))
    }

    /// What that configuration makes of them.
    pub(in crate::sandbox::direct) fn configured(
        &self,
        guest: u64,
        config: &Arc<str>,
    ) -> Option<Arc<Configured>> {
        let mut guests = self.guests();
        let now = guests.tick();
        let of = guests.of.get_mut(&guest)?;
        let (used, found) = of.configured.iter_mut().find(|(_, configured)| configured.is_of(config))?;
        *used = now;
        if let Some((used, _)) = &mut of.beginning {
            *used = now;
        }
        Some(Arc::clone(found))
    }

    /// Room for a guest's bytes, if there is or somebody can give it back; `gone` must let go of what that is.
    pub(in crate::sandbox::direct) fn room(
        &self,
        guest: u64,
        workspace: WorkspaceId,
        bytes: usize,
        mut gone: impl FnMut(Gone),
    ) -> Option<Room> {
        let mut given_back = 0;
        loop {
            if let Some(room) = self.budget.room(bytes) {
                return Some(room);
            }
            // What calls hold that are under way is free only later.
            if given_back >= bytes {
                return None;
            }
            let (freed, victim) = self.guests().give_back(guest, workspace, bytes)?;
            given_back += freed;
            gone(victim);
        }
    }

    pub(in crate::sandbox::direct) fn keep_beginning(
        &self,
        guest: u64,
        workspace: WorkspaceId,
        beginning: Arc<Beginning>,
    ) {
        let mut guests = self.guests();
        let now = guests.tick();
        guests.of(guest, workspace).beginning = Some((now, beginning));
    }

    /// Keeps it among the last of its guest.
    pub(in crate::sandbox::direct) fn keep_configured(
        &self,
        guest: u64,
        workspace: WorkspaceId,
        configured: Arc<Configured>,
    ) {
        let mut guests = self.guests();
        let now = guests.tick();
        let of = guests.of(guest, workspace);
        if let Some((used, _)) = &mut of.beginning {
            *used = now;
        }
        let all = &mut of.configured;
        all.push((now, configured));
        all.sort_by_key(|(used, _)| *used);
        let bytes = |all: &[(u64, Arc<Configured>)]| all.iter().map(|(_, one)| one.room.bytes).sum::<usize>();
        while all.len() > CONFIGURED_EACH || bytes(all) > self.configured_bytes {
            all.remove(0);
        }
    }

    /// That guest is gone.
    pub(in crate::sandbox::direct) fn forget(&self, guest: u64) {
        let gone = self.guests().of.remove(&guest);
        drop(gone);
    }

    /// Bytes that are kept.
    #[cfg(test)]
    pub(in crate::sandbox::direct) fn bytes(&self) -> usize {
        self.budget.kept()
    }

    /// Of one guest: whether its beginning is kept, and how many configurations.
    #[cfg(test)]
    pub(in crate::sandbox::direct) fn of(&self, guest: u64) -> (bool, usize) {
        self.guests().of.get(&guest).map_or((false, 0), |of| (of.beginning.is_some(), of.configured.len()))
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        // It is whole between any two statements.
        self.guests.lock()
    }
}

impl Of {
    fn bytes(&self) -> usize {
        let configured: usize = self.configured.iter().map(|(_, one)| one.room.bytes).sum();
        configured + self.beginning.as_ref().map_or(0, |(_, one)| one.room.bytes)
    }
}

impl Guests {
    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn of(&mut self, guest: u64, workspace: WorkspaceId) -> &mut Of {
        let empty = || Of { workspace, beginning: None, configured: Vec::new() };
        self.of.entry(guest).or_insert_with(empty)
    }

    /// Takes away what the workspace that has most did not use for longest. That is the one that wants room unless
    /// another has as much as it would have then; what the guest has that wants room stays.
    fn give_back(&mut self, wants: u64, workspace: WorkspaceId, bytes: usize) -> Option<(usize, Gone)> {
        let mut all: HashMap<WorkspaceId, usize> = HashMap::new();
        for of in self.of.values() {
            *all.entry(of.workspace).or_default() += of.bytes();
        }
        let own = all.get(&workspace).copied().unwrap_or(0);
        let most = all.into_iter().max_by_key(|(_, kept)| *kept);
        let from = most.filter(|(_, kept)| *kept >= own + bytes).map_or(workspace, |(richest, _)| richest);
        self.take_away(from, wants)
    }

    fn take_away(&mut self, from: WorkspaceId, wants: u64) -> Option<(usize, Gone)> {
        // A guest that loses its beginning loses all: so it is used as late as the last of that.
        let own = self.of.iter().filter(|(_, of)| of.workspace == from);
        let items = own.flat_map(|(guest, of)| {
            let beginning =
                of.beginning.iter().filter(|_| *guest != wants).map(|(used, _)| (*used, *guest, None));
            let at = |(at, (used, _)): (usize, &(u64, _))| (*used, *guest, Some(at));
            beginning.chain(of.configured.iter().enumerate().map(at))
        });
        let (_, guest, item) = items.min_by_key(|(used, ..)| *used)?;
        match item {
            None => self.of.remove(&guest).map(|of| (of.bytes(), Gone::Guest(guest))),
            Some(at) => {
                let (_, gone) = self.of.get_mut(&guest)?.configured.remove(at);
                Some((gone.room.bytes, Gone::Configured(guest, gone)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::direct::instances::pages::PAGE;
    use crate::sandbox::host::state::Recorded;

    const A: WorkspaceId = WorkspaceId::from_bits(1);
    const B: WorkspaceId = WorkspaceId::from_bits(2);

    /// Keeps a beginning of so many pages, and gives the guests that went for it.
    fn begins(shelf: &Shelf, guest: u64, workspace: WorkspaceId, pages: usize) -> Result<Vec<u64>, ()> {
        let mut gone = Vec::new();
        let bytes = pages * PAGE;
        let room = shelf.room(guest, workspace, bytes, |one| match one {
            Gone::Guest(guest) | Gone::Configured(guest, _) => gone.push(guest),
        });
        let beginning = Beginning::of(&vec![1; bytes], &(0..bytes), room.ok_or(())?);
        shelf.keep_beginning(guest, workspace, Arc::new(beginning));
        Ok(gone)
    }

    fn configures(shelf: &Shelf, guest: u64, workspace: WorkspaceId, config: &str) -> bool {
        let config: Arc<str> = config.into();
        let Some(room) = shelf.room(guest, workspace, PAGE, drop) else { return false };
        let memory = vec![0; PAGE];
        let configured = Configured::new(config, &memory, &[0], Vec::new(), Recorded::default(), room);
        shelf.keep_configured(guest, workspace, Arc::new(configured));
        true
    }

    #[test]
    fn who_has_most_gives_back_what_was_used_longest_ago() {
        let shelf = Shelf::new(10 * PAGE, PAGE);
        for guest in 0..10 {
            assert_eq!(begins(&shelf, guest, A, 1), Ok(vec![]));
        }
        assert!(shelf.beginning(0).is_some());
        assert_eq!(begins(&shelf, 100, B, 3), Ok(vec![1, 2, 3]));
        assert_eq!(begins(&shelf, 101, B, 2), Ok(vec![4, 5]));
        // Both have half: who wants more gives back its own.
        assert_eq!(begins(&shelf, 102, B, 1), Ok(vec![100]));
        assert_eq!(shelf.bytes(), 8 * PAGE);
        assert_eq!(begins(&shelf, 11, A, 3), Ok(vec![6]));
        assert_eq!(begins(&shelf, 12, A, 11), Err(()), "more than there is");
    }

    #[test]
    fn all_of_it_comes_back() {
        let shelf = Shelf::new(30 * PAGE, 8 * PAGE);
        for guest in 0..29 {
            begins(&shelf, guest, A, 1).unwrap();
        }
        for preview in 0..493 {
            configures(&shelf, 7, A, &preview.to_string());
        }
        assert_eq!(shelf.of(7), (true, 8), "it is in use, and has no more than its share");
        let gone = begins(&shelf, 100, B, 4).expect("whoever comes later has a place");
        assert!((3..=4).contains(&gone.len()) && !gone.contains(&7), "{gone:?}");
        (0..101).for_each(|guest| shelf.forget(guest));
        assert_eq!(shelf.bytes(), 0);
    }

    #[test]
    fn what_one_configuration_makes_is_no_other_guests() {
        let shelf = Shelf::new(100 * PAGE, 100 * PAGE);
        let config: Arc<str> = "{}".into();
        assert!(configures(&shelf, 1, A, "{}"));
        assert!(shelf.configured(1, &config).is_some());
        assert!(shelf.configured(2, &config).is_none(), "the same configuration of another workspace");
        for number in 0..40 {
            configures(&shelf, 1, A, &number.to_string());
            assert!(shelf.configured(1, &config).is_some(), "it is used all along");
        }
        assert_eq!(shelf.of(1).1, CONFIGURED_EACH);
    }
}
