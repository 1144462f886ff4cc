//! Types of weights, as the command line names them.

use clap::{Args, ValueEnum};
use mexit_models::{DType, WeightTypes};

/// Which types a file shall have.
#[derive(Args)]
pub(super) struct TypeArgs {
    /// Type of the matrices
    #[arg(long = "type", value_enum, value_name = "TYPE", default_value_t = WeightType::F16)]
    trunk: WeightType,
    /// Type of the heads, if it shall be another: `--head-type q8_0` makes an f16 model's steps faster, at little loss
    ///
    /// Of the exits' heads and casts and of the output matrix. Where the model has none of its own, the embeddings are
    /// the output matrix, and have this type too.
    #[arg(long = "head-type", value_enum, value_name = "TYPE")]
    heads: Option<WeightType>,
}

impl TypeArgs {
    /// The types.
    pub(super) fn types(&self) -> WeightTypes {
        WeightTypes { trunk: self.trunk.dtype(), heads: self.heads.unwrap_or(self.trunk).dtype() }
    }
}

/// A type of weights.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub(super) enum WeightType {
    F32,
    F16,
    Bf16,
    #[value(name = "q8_0")]
    Q8_0,
    #[value(name = "q6_k")]
    Q6K,
    #[value(name = "q5_k")]
    Q5K,
    #[value(name = "q4_k")]
    Q4K,
    #[value(name = "q5_0")]
    Q5_0,
    #[value(name = "q4_0")]
    Q4_0,
}

impl WeightType {
    /// The type.
    pub(super) fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::BF16,
            Self::Q8_0 => DType::Q8_0,
            Self::Q6K => DType::Q6K,
            Self::Q5K => DType::Q5K,
            Self::Q4K => DType::Q4K,
            Self::Q5_0 => DType::Q5_0,
            Self::Q4_0 => DType::Q4_0,
        }
    }
}

/// Reads `f16`, or `f16+q8_0` for a trunk and heads of two types.
pub(super) fn parse_types(text: &str) -> Result<WeightTypes, String> {
    let read = |name: &str| {
        WeightType::from_str(name, true).map(WeightType::dtype).map_err(|_| {
            let names = WeightType::value_variants().iter().map(|one| one.dtype().name());
            format!("expected TYPE or TRUNK+HEADS of {}, found `{name}`", names.collect::<Vec<_>>().join(", "))
        })
    };
    let (trunk, heads) = text.split_once('+').unwrap_or((text, text));
    Ok(WeightTypes { trunk: read(trunk)?, heads: read(heads)? })
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use mexit_models::{DType, WeightTypes};

    use super::{WeightType, parse_types};

    #[test]
    fn one_type_or_two() {
        assert_eq!(parse_types("q6_k"), Ok(DType::Q6K.into()));
        let mixed = WeightTypes { trunk: DType::F16, heads: DType::Q8_0 };
        assert_eq!(parse_types("f16+q8_0"), Ok(mixed));
        assert_eq!((mixed.to_string(), mixed.file_stem()), ("f16, heads q8_0".into(), "f16-heads-q8_0".into()));
        for bad in ["", "f16+", "+q8_0", "f16+q8_0+q8_0", "i32"] {
            assert!(parse_types(bad).is_err_and(|error| error.contains("q5_k, q4_k")), "{bad}");
        }
        for one in WeightType::value_variants() {
            assert_eq!(parse_types(one.dtype().name()), Ok(one.dtype().into()), "named as the type is");
        }
    }
}
