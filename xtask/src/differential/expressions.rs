//! Expressions: what Karat, Packer and Terraform say about the same thousands of them.
//!
//! Most come from tables (every value with every use), the others from a generator with fixed seeds. Compared are the
//! verdict, the value as JSON, and the type: Packer confirms the one that we see, Terraform prints its own, also of
//! values that are not known.

mod case;
mod explained;
mod karat;
mod packer;
mod random;
mod tables;
mod terraform;

use std::collections::BTreeMap;

use case::{Case, Dialect, Outcome};
use explained::Comparison;
use karat::{Karat, constraint, printed};
use karat_model::value::Value;

use super::oracle::Oracle;
use super::random::Random;
use crate::{Result, option};

/// Of the tables, one expression of so many is asked about.
const SHARE: usize = 4;

/// What was compared, and what came of it.
#[derive(Default)]
struct Results {
    /// By oracle and category.
    counts: BTreeMap<(String, String), Tally>,
    /// How often each reason explained a difference.
    reasons: BTreeMap<&'static str, usize>,
    unexplained: Vec<String>,
}

#[derive(Default)]
struct Tally {
    compared: usize,
    explained: usize,
    unexplained: usize,
}

/// `differential expressions [--share N] [--category NAME]`: of the large tables, one expression in so many.
pub(super) fn run(arguments: &[&str]) -> Result<()> {
    let (share, rest) = option(arguments, "--share")?;
    let (category, rest) = option(&rest, "--category")?;
    if !rest.is_empty() {
        return Err(format!("differential expressions does not know {rest:?}").into());
    }
    let share = share.map_or(Ok(SHARE), str::parse)?;
    let mut random = Random::new(2024);
    let mut cases = tables::cases();
    cases.retain(|case| !tables::is_large(case.category) || random.below(share) == 0);
    cases.extend(random::cases(1500));
    cases.extend(random::templates(600));
    let readable: Vec<String> = cases.iter().filter_map(|case| case.packer.clone()).collect();
    let readable: Vec<&str> = readable.iter().map(String::as_str).filter(|text| text.len() < 120).collect();
    cases.extend(random::mutated(&readable, 1000));
    cases.retain(|case| category.is_none_or(|category| category == case.category));

    let mut results = Results::default();
    for (oracle, compare) in
        [(Oracle::packer(), compare_packer as Compare), (Oracle::terraform(), compare_terraform as Compare)]
    {
        match oracle {
            Ok(oracle) => compare(&oracle, &cases, &mut results)?,
            Err(absent) => println!("left out: {absent}"),
        }
    }
    results.report()
}

type Compare = fn(&Oracle, &[Case], &mut Results) -> Result<()>;

fn compare_packer(oracle: &Oracle, cases: &[Case], results: &mut Results) -> Result<()> {
    let karat = Karat::new(Dialect::Packer)?;
    let asked: Vec<(&Case, &String)> =
        cases.iter().filter_map(|case| Some((case, case.packer.as_ref()?))).collect();
    let question = |(_, text): &(&Case, &String)| {
        let known = karat.value(text).ok().filter(|value| value.is_wholly_known());
        packer::Question { text: (*text).clone(), ty: known.and_then(|value| constraint(value.ty())) }
    };
    let questions: Vec<_> = asked.iter().map(question).collect();
    let answers = packer::ask(oracle, &questions)?;
    for (((case, text), question), answer) in asked.iter().zip(&questions).zip(answers) {
        let ours = karat.outcome(text);
        let (mut theirs_shown, mut ours_shown) = (answer.outcome.to_string(), ours.to_string());
        let same_type = answer.confirmed != Some(false);
        if let (Some(ty), false) = (&question.ty, same_type) {
            ours_shown += &format!(" as {ty}");
            theirs_shown += " as something else";
        }
        let comparison = Comparison {
            oracle: "packer",
            category: case.category,
            text,
            theirs: &answer.outcome,
            ours: &ours,
            sensitive: false,
        };
        let same = ours == answer.outcome && same_type;
        results.add(&comparison, same, theirs_shown, ours_shown + &karat.problems(text));
    }
    Ok(())
}

fn compare_terraform(oracle: &Oracle, cases: &[Case], results: &mut Results) -> Result<()> {
    let karat = Karat::new(Dialect::Terraform)?;
    let askable = |text: &str| {
        let readable = !matches!(karat.value(text), Err(Outcome::Unreadable));
        readable && !explained::only_packer_knows(text) && karat.knows_the_names(text)
    };
    let asked: Vec<(&Case, &String)> = cases
        .iter()
        .filter_map(|case| Some((case, case.terraform.as_ref()?)))
        .filter(|(_, text)| askable(text))
        .collect();
    let texts: Vec<String> = asked.iter().map(|(_, text)| (*text).clone()).collect();
    for ((case, text), answer) in asked.iter().zip(terraform::ask(oracle, &texts)?) {
        let ours = karat.outcome(text);
        let value = karat.value(text).ok();
        let ty = value.as_ref().map(|value| printed(value.ty()));
        let sensitive = value.as_ref().is_some_and(Value::is_sensitive);
        // A sensitive value is not shown; its type is.
        let same = match &answer.outcome {
            Outcome::Sensitive => sensitive,
            Outcome::Value(_) => ours == answer.outcome && !sensitive,
            _ => ours == answer.outcome,
        };
        let same_type = answer.ty.is_none() || ty == answer.ty;
        let shown =
            |outcome: &Outcome, ty: &Option<String>| format!("{outcome} as {}", ty.as_deref().unwrap_or("-"));
        let mark = if sensitive { " sensitive" } else { "" };
        let comparison = Comparison {
            oracle: "terraform",
            category: case.category,
            text,
            theirs: &answer.outcome,
            ours: &ours,
            sensitive,
        };
        let ours_shown = shown(&ours, &ty) + mark + &karat.problems(text);
        results.add(&comparison, same && same_type, shown(&answer.outcome, &answer.ty), ours_shown);
    }
    Ok(())
}

impl Results {
    fn add(&mut self, comparison: &Comparison<'_>, same: bool, theirs: String, ours: String) {
        let tally =
            self.counts.entry((comparison.oracle.to_owned(), comparison.category.to_owned())).or_default();
        tally.compared += 1;
        if same {
            return;
        }
        match comparison.reason() {
            Some(reason) => {
                tally.explained += 1;
                *self.reasons.entry(reason).or_default() += 1;
            }
            None => {
                tally.unexplained += 1;
                let Comparison { oracle, category, text, .. } = comparison;
                self.unexplained.push(format!("{category}: {text}\n  {oracle}: {theirs}\n  karat: {ours}"));
            }
        }
    }

    fn report(&self) -> Result<()> {
        self.unexplained.iter().for_each(|difference| println!("{difference}"));
        println!(
            "{:<11}{:<18}{:>9}{:>10}{:>12}",
            "with", "expressions", "compared", "explained", "unexplained"
        );
        let mut sum = Tally::default();
        for ((oracle, category), tally) in &self.counts {
            let Tally { compared, explained, unexplained } = tally;
            println!("{oracle:<11}{category:<18}{compared:>9}{explained:>10}{unexplained:>12}");
            sum.compared += compared;
            sum.explained += explained;
            sum.unexplained += unexplained;
        }
        let Tally { compared, explained, unexplained } = sum;
        println!("{:<29}{compared:>9}{explained:>10}{unexplained:>12}", "all");
        for (reason, count) in &self.reasons {
            println!("  {count:>5}  {reason}");
        }
        if unexplained == 0 { Ok(()) } else { Err(format!("{unexplained} unexplained differences").into()) }
    }
}
