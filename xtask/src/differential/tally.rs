//! What came of a comparison.

use std::collections::BTreeMap;

use crate::Result;

/// How many unexplained differences are shown in full, unless somebody wants more.
const SHOWN: usize = 10;

/// Counts answers that are the same, that differ for a known reason, and that differ.
pub(crate) struct Tally {
    shown: usize,
    same: usize,
    /// By the rule that explains them.
    explained: BTreeMap<String, usize>,
    unexplained: Vec<String>,
}

impl Default for Tally {
    fn default() -> Self {
        Self::showing(SHOWN)
    }
}

impl Tally {
    /// Shows so many unexplained differences.
    pub(crate) fn showing(shown: usize) -> Self {
        Self { shown, same: 0, explained: BTreeMap::new(), unexplained: Vec::new() }
    }

    /// The same answer.
    pub(crate) fn same(&mut self) {
        self.same += 1;
    }

    /// Another answer, for a reason that `differences.md` gives.
    pub(crate) fn explained(&mut self, rule: impl Into<String>) {
        *self.explained.entry(rule.into()).or_default() += 1;
    }

    /// Another answer; `case` shows the input and both answers.
    pub(crate) fn unexplained(&mut self, case: String) {
        self.unexplained.push(case);
    }

    /// Says what came out. Fails when anything is unexplained.
    pub(crate) fn finish(mut self, against: &str) -> Result<()> {
        let explained: usize = self.explained.values().sum();
        let inputs = self.same + explained + self.unexplained.len();
        println!("{against}: {inputs} inputs, {} the same, {explained} explained", self.same);
        for (rule, count) in &self.explained {
            println!("  {count:>5}  {rule}");
        }
        // The shortest say most.
        self.unexplained.sort_by_key(String::len);
        for case in self.unexplained.iter().take(self.shown) {
            println!("\n{case}\n");
        }
        match self.unexplained.len() {
            0 => Ok(()),
            count => Err(format!("{against}: {count} unexplained differences").into()),
        }
    }
}
