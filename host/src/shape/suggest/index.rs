//! Finds the paths whose words are like those of a field, without looking at every path for every field: words are
//! compared once each, and only paths that share one are scored. Every comparison is paid from the budget.

use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::paths::PathInfo;
use crate::shape::suggest::words;
use crate::shape::suggest::words::Word;

/// Letters that are compared in the time of a visit.
const LETTERS_FOR_A_VISIT: u64 = 4;
/// Visits in the time that it takes to look up how alike two words are, from both sides.
const VISITS_FOR_A_PAIR: u64 = 4;
/// Words whose lengths and letters are compared in that time.
const WORDS_FOR_A_VISIT: u64 = 8;

/// How alike a field's word is to the words of paths, by their place; those that have nothing in common are not in it.
type Likes = HashMap<usize, f64>;

/// The words of all paths.
pub(super) struct Index {
    words: Vec<Word>,
    /// The paths that have each word.
    paths_of: Vec<Vec<usize>>,
    /// The words of each path, in their order.
    of_path: Vec<Vec<usize>>,
    /// What was found out about words of fields.
    likes: HashMap<String, Likes>,
}

impl Index {
    pub(super) fn of(known: &[PathInfo], budget: &mut Budget) -> Result<Self, Exhausted> {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut index = Self {
            words: Vec::new(),
            paths_of: Vec::new(),
            of_path: Vec::with_capacity(known.len()),
            likes: HashMap::new(),
        };
        for (path, info) in known.iter().enumerate() {
            budget.visit(1 + info.path.len() as u64 / LETTERS_FOR_A_VISIT)?;
            let mut here = Vec::new();
            for text in words::of_path(&info.path) {
                let place = *places.entry(text).or_insert_with_key(|text| {
                    index.words.push(Word::new(text.clone()));
                    index.paths_of.push(Vec::new());
                    index.words.len() - 1
                });
                here.push(place);
                if let Some(paths) = index.paths_of.get_mut(place).filter(|paths| paths.last() != Some(&path))
                {
                    paths.push(path);
                }
            }
            index.of_path.push(here);
        }
        Ok(index)
    }

    /// The paths that share a word with these, in their order, and how well the names are alike.
    pub(super) fn alike(
        &mut self,
        wanted: &[String],
        budget: &mut Budget,
    ) -> Result<Vec<(usize, f64)>, Exhausted> {
        for word in wanted {
            if !self.likes.contains_key(word) {
                let likes = self.likes_of(word, budget)?;
                self.likes.insert(word.clone(), likes);
            }
        }
        let wanted: Vec<&Likes> = wanted.iter().filter_map(|word| self.likes.get(word)).collect();
        let mut paths = BTreeSet::new();
        for word in wanted.iter().flat_map(|likes| likes.keys()) {
            let having = self.paths_of.get(*word).map_or(&[][..], Vec::as_slice);
            budget.visit(1 + having.len() as u64)?;
            paths.extend(having);
        }
        let mut alike = Vec::with_capacity(paths.len());
        for path in paths {
            let have = self.of_path.get(path).map_or(&[][..], Vec::as_slice);
            budget.visit((wanted.len() * have.len()) as u64 * VISITS_FOR_A_PAIR)?;
            alike.push((path, names_alike(&wanted, have)));
        }
        Ok(alike)
    }

    /// All words are looked at, but only the letters of those that may be near.
    fn likes_of(&self, text: &str, budget: &mut Budget) -> Result<Likes, Exhausted> {
        budget.visit(1 + self.words.len() as u64 / WORDS_FOR_A_VISIT)?;
        let wanted = Word::new(text.to_owned());
        let mut likes = Likes::new();
        for (place, word) in self.words.iter().enumerate() {
            let alike = if word.text == wanted.text {
                words::SAME
            } else if word.singular == wanted.singular {
                words::INFLECTED
            } else if word.meanings & wanted.meanings != 0 {
                words::SYNONYM
            } else if word.misspelt(&wanted, |letters| budget.visit(letters / LETTERS_FOR_A_VISIT))? {
                words::MISSPELT
            } else {
                continue;
            };
            likes.insert(place, alike);
        }
        Ok(likes)
    }
}

/// How well the words of a field are found among those of a path; the last word counts most.
fn names_alike(wanted: &[&Likes], have: &[usize]) -> f64 {
    let (Some(last_wanted), Some(last_have)) = (wanted.last(), have.last()) else { return 0.0 };
    let alike = |likes: &Likes, word: &usize| likes.get(word).copied().unwrap_or_default();
    let among = |likes: &&Likes| have.iter().map(|word| alike(likes, word)).fold(0.0, f64::max);
    let covered = wanted.iter().map(among).sum::<f64>() / wanted.len() as f64;
    let back = |word: &usize| wanted.iter().map(|likes| alike(likes, word)).fold(0.0, f64::max);
    let used = have.iter().map(back).sum::<f64>() / have.len() as f64;
    0.5 * alike(last_wanted, last_have) + 0.35 * covered + 0.15 * used
}
