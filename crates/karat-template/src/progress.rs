//! An evaluation that stops where something must be read, and goes on when it is told what was found.

use karat_model::diagnostic::Diagnostics;
use karat_model::plan::Node;
use karat_model::value::Value;

use crate::walk::{Values, Walk};

/// How far an evaluation has come. Nothing in this crate reads: it asks, is told, and goes on.
pub enum Progress<'a, T> {
    /// These data sources are to be read first. They do not need one another, so they can be read at the same time.
    Reads(Paused<'a, T>),
    /// The end.
    Done(T),
}

/// A data source with its configuration.
#[derive(Clone)]
pub struct DataRead {
    /// The second label of its block.
    pub name: String,
    /// Its type, its configuration and where it stands.
    pub node: Node<Value>,
}

/// What a data source offers, or what is wrong.
pub type Answer = Result<Value, Diagnostics>;

/// An evaluation that waits for answers.
pub struct Paused<'a, T> {
    walk: Box<Walk<'a>>,
    reads: Vec<DataRead>,
    then: Then<'a, T>,
}

/// What becomes of the values in the end.
pub(crate) type Then<'a, T> = Box<dyn FnOnce(Values) -> T + 'a>;

impl std::fmt::Display for DataRead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "data.{}.{}", self.node.component, self.name)
    }
}

impl<'a, T> Progress<'a, T> {
    pub(crate) fn of(mut walk: Walk<'a>, then: Then<'a, T>) -> Self {
        let reads = walk.next();
        if reads.is_empty() {
            Self::Done(then(walk.finish()))
        } else {
            Self::Reads(Paused { walk: Box::new(walk), reads, then })
        }
    }

    /// Goes on to the end, reading with `read`.
    pub fn finish(self, mut read: impl FnMut(&DataRead) -> Answer) -> T {
        let mut progress = self;
        loop {
            match progress {
                Self::Done(result) => return result,
                Self::Reads(paused) => {
                    let answers: Vec<Answer> = paused.reads().iter().map(&mut read).collect();
                    progress = paused.resume(answers);
                }
            }
        }
    }
}

impl<'a, T> Paused<'a, T> {
    /// What is to be read.
    pub fn reads(&self) -> &[DataRead] {
        &self.reads
    }

    /// Goes on with what was found, in the order of [`Self::reads`]. What is not answered has failed.
    pub fn resume(self, answers: impl IntoIterator<Item = Answer>) -> Progress<'a, T> {
        let Self { mut walk, then, .. } = self;
        walk.answer(answers);
        Progress::of(*walk, then)
    }
}
