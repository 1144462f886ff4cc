//! Numbers that are the same after they were written and read: also those that JSON does not have.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An f32.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exact(pub(super) f32);

/// As text, what JSON has no number for.
const NAMES: [(&str, f32); 3] = [("nan", f32::NAN), ("inf", f32::INFINITY), ("-inf", f32::NEG_INFINITY)];

impl Serialize for Exact {
    #[expect(clippy::cast_possible_truncation, reason = "the question is what becomes of it")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(x) = *self;
        if let Some((name, _)) = NAMES.iter().find(|(_, y)| x.is_nan() && y.is_nan() || x == *y) {
            return serializer.serialize_str(name);
        }
        // Readers go over f64, and not all of them hit the nearest: the short form only where that is no matter.
        let short: f64 = x.to_string().parse().unwrap_or(f64::NAN);
        if [short.next_down(), short, short.next_up()].iter().all(|y| *y as f32 == x) {
            serializer.serialize_f32(x)
        } else {
            serializer.serialize_f64(f64::from(x))
        }
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Exact;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number, or nan, inf, -inf")
            }
            #[expect(clippy::cast_possible_truncation, reason = "an f32 was written")]
            fn visit_f64<E: de::Error>(self, x: f64) -> Result<Exact, E> {
                Ok(Exact(x as f32))
            }
            fn visit_u64<E: de::Error>(self, x: u64) -> Result<Exact, E> {
                Ok(Exact(x as f32))
            }
            fn visit_i64<E: de::Error>(self, x: i64) -> Result<Exact, E> {
                Ok(Exact(x as f32))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Exact, E> {
                let found = NAMES.iter().find(|(name, _)| *name == text);
                found.map(|(_, x)| Exact(*x)).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::Exact;

    fn back(x: f32) -> f32 {
        let text = serde_json::to_string(&Exact(x)).expect("text");
        serde_json::from_str::<Exact>(&text).expect(&text).0
    }

    #[test]
    fn every_kind_of_number_comes_back() {
        // A stride that is odd, so that all exponents and many mantissas are met.
        let mut bits = 0u32;
        for _ in 0..400_000 {
            let x = f32::from_bits(bits);
            let y = back(x);
            assert!(x.is_nan() && y.is_nan() || x.to_bits() == y.to_bits(), "{x:e} became {y:e}");
            bits = bits.wrapping_add(10_739);
        }
        for x in
            [0.0, -0.0, f32::MIN_POSITIVE, 1e-45, f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY, 16_777_217.0]
        {
            assert_eq!(x.to_bits(), back(x).to_bits());
        }
    }
}
