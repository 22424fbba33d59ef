//! How many pull requests are asked for at once, and what is done about too many.

use std::collections::BTreeSet;

use super::question::AT_ONCE;
use crate::evidence::Unclear;

/// So many queries in a row without a useful answer, and it isn't the size: halving a hundred down to one
/// takes seven.
const TROUBLES: u32 = 8;
/// So many pull requests may be asked for one by one.
const ONE_BY_ONE: usize = 100;

/// What is left to be asked for.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    /// The last one is next.
    waiting: Vec<BTreeSet<u32>>,
    one_by_one: BTreeSet<u32>,
    troubles: u32,
    last: Option<String>,
}

impl Chunks {
    /// Everything, as much at once as GitHub takes.
    pub(crate) fn new(numbers: &BTreeSet<u32>) -> Self {
        let all: Vec<u32> = numbers.iter().copied().collect();
        let chunks = all.chunks(AT_ONCE).rev();
        let waiting = chunks.map(|it| it.iter().copied().collect()).collect();
        Self { waiting, ..Self::default() }
    }

    /// What to ask for next.
    pub(crate) fn next(&mut self) -> Option<BTreeSet<u32>> {
        self.waiting.pop()
    }

    /// A chunk was answered, but for these.
    pub(crate) fn read(&mut self, left_out: BTreeSet<u32>) {
        self.troubles = 0;
        self.one_by_one.extend(left_out);
    }

    /// A chunk was not answered, maybe because it is too large.
    pub(crate) fn too_large(&mut self, chunk: BTreeSet<u32>, why: String) {
        self.troubles += 1;
        if self.troubles >= TROUBLES {
            return self.unavailable(chunk, why);
        }
        self.last = Some(why);
        if chunk.len() < 2 {
            self.one_by_one.extend(chunk);
            return;
        }
        let mut first = chunk;
        let middle = first.iter().nth(first.len() / 2).copied().unwrap_or_default();
        let second = first.split_off(&middle);
        self.waiting.extend([second, first]);
    }

    /// No chunk is going to be answered.
    pub(crate) fn unavailable(&mut self, chunk: BTreeSet<u32>, why: String) {
        self.one_by_one.extend(chunk);
        self.one_by_one.extend(self.waiting.drain(..).flatten());
        self.last = Some(why);
    }

    /// What is to be asked for one by one.
    ///
    /// # Errors
    /// That would be too many requests.
    pub(crate) fn rest(self) -> Result<BTreeSet<u32>, Unclear> {
        let many = self.one_by_one.len();
        if many <= ONE_BY_ONE {
            return Ok(self.one_by_one);
        }
        let why = self.last.unwrap_or_else(|| "GitHub left them out of its answers".to_owned());
        Err(Unclear::new(format!("{why}; {many} pull requests are too many to ask one by one")))
    }
}
