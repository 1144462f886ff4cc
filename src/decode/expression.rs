//! A contrast as an expression that the user writes: the score of every token of the vocabulary from what two exits say
//! about it. The library IBM/auto-contrastive-generation takes a Python callable `contrast_function(upper, lower)` over
//! raw logits, and what it returns is used as logits; so here: `upper` and `lower` are raw logits, and the result goes
//! through softmax. There is no threshold but what the expression says itself.

mod place;

use std::{fmt, sync::Arc};

use exmex::prelude::*;
use exmex::{BinOp, MakeOperators, MatchLiteral, Operator, literal_matcher_from_pattern};

use super::{Distribution, Scores};

/// Longest expression, in characters.
const LONGEST: usize = 500;

/// What can be asked about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variable {
    Upper,
    Lower,
    PUpper,
    PLower,
    PMax,
    Alpha,
}

impl Variable {
    const NAMES: [(&'static str, Self); 7] = [
        ("upper", Self::Upper),
        ("lower", Self::Lower),
        ("p_upper", Self::PUpper),
        ("p_lower", Self::PLower),
        ("p_max", Self::PMax),
        ("alpha", Self::Alpha),
        ("α", Self::Alpha),
    ];
}

/// Functions, and the one operator that is a word.
const WORDS: [&str; 7] = ["ln", "log", "exp", "sqrt", "abs", "tanh", "where"];

/// An expression, ready to be evaluated.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    formula: Arc<Formula>,
    variables: Arc<[Variable]>,
}

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {what}")]
pub struct BadExpression {
    /// Where it goes wrong, in characters from 1.
    pub column: usize,
    /// What is wrong there.
    pub what: String,
}

impl BadExpression {
    /// The text, indented, with a mark below the column.
    #[must_use]
    pub fn marked(&self, text: &str) -> String {
        format!("    {text}\n    {}^", " ".repeat(self.column - 1))
    }
}

type Formula = FlatEx<f64, Operators, Number>;

literal_matcher_from_pattern!(Number, r"^([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?");

/// The crate's own operators have more than is of use here, and no comparison.
#[derive(Clone, Debug)]
struct Operators;

impl MakeOperators<f64> for Operators {
    fn make<'a>() -> Vec<Operator<'a, f64>> {
        let binary = |prio, is_commutative, apply: fn(f64, f64) -> f64| BinOp { apply, prio, is_commutative };
        vec![
            // Without the condition a token has no score.
            Operator::make_bin(
                "where",
                binary(0, false, |score, holds| if holds > 0.0 { score } else { f64::NEG_INFINITY }),
            ),
            Operator::make_bin(">=", binary(1, false, |a, b| f64::from(u8::from(a >= b)))),
            Operator::make_bin("<=", binary(1, false, |a, b| f64::from(u8::from(a <= b)))),
            Operator::make_bin(">", binary(1, false, |a, b| f64::from(u8::from(a > b)))),
            Operator::make_bin("<", binary(1, false, |a, b| f64::from(u8::from(a < b)))),
            Operator::make_bin_unary("+", binary(2, true, |a, b| a + b), |a| a),
            Operator::make_bin_unary("-", binary(2, false, |a, b| a - b), |a| -a),
            Operator::make_bin("*", binary(3, true, |a, b| a * b)),
            Operator::make_bin("/", binary(3, false, |a, b| a / b)),
            Operator::make_bin("^", binary(4, false, f64::powf)),
            Operator::make_unary("ln", f64::ln),
            Operator::make_unary("log", f64::ln),
            Operator::make_unary("exp", f64::exp),
            Operator::make_unary("sqrt", f64::sqrt),
            Operator::make_unary("abs", f64::abs),
            Operator::make_unary("tanh", f64::tanh),
        ]
    }
}

impl Expression {
    /// What an expression may have, for messages.
    pub const EXPECTED: &'static str =
        "upper, lower, p_upper, p_lower, p_max, alpha, + - * / ^, ln exp sqrt abs tanh, and `score where a >= b`";

    /// Reads an expression.
    ///
    /// # Errors
    /// With the column, if it is none, or has a name that means nothing here.
    pub fn parse(text: &str) -> Result<Self, BadExpression> {
        place::check(text)?;
        let formula = Formula::parse(text).map_err(|_| place::of_error(text))?;
        let variable = |name: &String| Variable::NAMES.into_iter().find(|(known, _)| known == name);
        let known = formula.var_names().iter().map(|name| variable(name).map(|(_, variable)| variable));
        let variables = known.collect::<Option<Vec<Variable>>>().ok_or_else(|| place::of_error(text))?;
        Ok(Self { text: text.trim().into(), formula: Arc::new(formula), variables: variables.into() })
    }

    /// The expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The score of every token. `None` if no token has one, since all are NaN or −∞.
    #[must_use]
    pub fn scores(&self, upper: &Distribution<'_>, lower: &Distribution<'_>, alpha: f32) -> Option<Scores> {
        let p = |distribution: &Distribution<'_>, id| f64::from(distribution.ln_p(id)).exp();
        let p_max = f64::from(upper.ln_max()).exp();
        let value = |variable: Variable, id: u32| match variable {
            Variable::Upper => f64::from(upper.logits()[id as usize]),
            Variable::Lower => f64::from(lower.logits()[id as usize]),
            Variable::PUpper => p(upper, id),
            Variable::PLower => p(lower, id),
            Variable::PMax => p_max,
            Variable::Alpha => f64::from(alpha),
        };
        let mut values = vec![0.0; self.variables.len()];
        let tokens = u32::try_from(upper.logits().len().min(lower.logits().len())).unwrap_or(u32::MAX);
        Scores::of((0..tokens).map(|id| {
            for (place, variable) in values.iter_mut().zip(self.variables.iter()) {
                *place = value(*variable, id);
            }
            (id, self.formula.eval(&values).unwrap_or(f64::NAN))
        }))
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Distribution, Expression};
    use crate::decode::{ln_tau, log_ratio};

    fn at(text: &str) -> f32 {
        let (upper, lower) = ([2.0f32, 1.0, -1.0], [0.0f32, 3.0, 1.0]);
        let expression = Expression::parse(text).unwrap_or_else(|bad| panic!("{}", bad.marked(text)));
        let scores = expression.scores(&Distribution::new(&upper), &Distribution::new(&lower), 0.1).expect("scores");
        // The score of the first token: its result and the sum.
        scores.row(3)[0] + scores.ln_sum()
    }

    #[test]
    fn arithmetic_is_what_it_looks_like() {
        let z = (2f32.exp() + 1f32.exp() + (-1f32).exp()).ln();
        let cases = [
            ("upper - 2*lower", 2.0),
            ("1 + 2 * 3 - 8 / 2 / 2", 5.0),
            ("-(1 + 2) * upper", -6.0),
            ("2 ^ -1 + 1e-3 + .5e1", 5.501),
            ("ln(p_upper)", 2.0 - z),
            ("log p_upper", 2.0 - z),
            ("sqrt(abs(-upper * 2)) + exp(0) + tanh 0", 3.0),
            ("(1+alpha)*upper - α*lower", 2.2),
            ("upper where p_upper >= 0.5 * p_max", 2.0),
            ("(upper > lower) + (upper < lower) * 10 + (upper <= 2)", 2.0),
        ];
        for (text, want) in cases {
            // Numbers up to 6, a few roundings of f32.
            assert!((at(text) - want).abs() < 4e-6, "{text}: {}, {want}", at(text));
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_column() {
        let cases = [
            ("", 1, "empty"),
            ("ln(p_uper)", 4, "`p_uper` means nothing here"),
            ("upper +* lower", 8, "`*` does not fit here"),
            ("upper + (lower - 1", 19, "something is missing"),
            ("upper +", 8, "something is missing"),
            ("upper)", 6, "`)` does not fit here"),
            ("upper lower", 7, "`lower` does not fit here"),
            ("2 upper", 3, "`upper` does not fit here"),
            ("max(upper, lower)", 1, "`max` means nothing here"),
            ("ln(upper, lower)", 9, "`,` does not fit here"),
            ("upper - é", 9, "`é` does not fit here"),
            ("upper ** 2", 8, "`*` does not fit here"),
            ("-upper^2", 7, "parentheses"),
            ("upper where -(p_upper + 1) ^ 2 > 0", 28, "parentheses"),
            ("upper^2^3", 8, "parentheses"),
        ];
        for (text, column, what) in cases {
            let bad = Expression::parse(text).expect_err(text);
            assert_eq!(bad.column, column, "{}", bad.marked(text));
            assert!(bad.what.contains(what), "{}", bad.marked(text));
        }
        for fine in ["2 - upper^2", "(-upper)^2", "-(upper^2)", "1e-3^2", "ln(upper)^2 - (1 - lower)^(1 + alpha)"] {
            Expression::parse(fine).unwrap_or_else(|bad| panic!("{}", bad.marked(fine)));
        }
        assert!(Expression::parse(&"(".repeat(100_000)).is_err(), "however long");
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a short list")]
    fn any_text_is_an_expression_or_has_a_column() {
        let parts = ["upper", "p_", "(", ")", "^", "-", "1e", ".", " ", "where", "ln", ">=", "α", "é", ",", "{", "0"];
        for seed in 0..20_000 {
            let pick = |n: u64| parts[parts.len() * (crate::decode::uniform(seed, n, 0) * 1e6) as usize / 1_000_000];
            let text: String = (0..seed % 9).map(pick).collect();
            if let Err(bad) = Expression::parse(&text) {
                assert!((1..=text.chars().count() + 1).contains(&bad.column), "{text}: {bad}");
            }
        }
    }

    #[test]
    fn says_the_plain_contrast_as_well() {
        let upper: Vec<f32> = (0..200).map(|i| (i * 37 % 200) as f32 / 25.0).collect();
        let lower: Vec<f32> = (0..200).map(|i| (i * 61 % 200) as f32 / 30.0).collect();
        let (e, a) = (Distribution::new(&upper), Distribution::new(&lower));
        let text = "1.5 * ln(p_upper) - 0.5 * ln(p_lower) where p_upper >= alpha * p_max";
        let found = Expression::parse(text).expect("an expression").scores(&e, &a, 0.1).expect("scores");
        let want = log_ratio(&e, &a, ln_tau(&e, 0.1, 1), 0.5).expect("scores");
        assert_eq!(found.count(), want.count());
        for (got, want) in found.first(99).iter().zip(want.first(99)) {
            assert_eq!(got.id, want.id);
            // ln of exp of a number in f64, then one rounding to f32.
            assert!((got.ln_p - want.ln_p).abs() < 1e-6);
        }
        let none = Expression::parse("ln(p_upper - 2)").expect("an expression").scores(&e, &a, 0.1);
        assert!(none.is_none(), "NaN for every token");
    }
}
