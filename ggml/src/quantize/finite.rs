//! Are all numbers finite? Asked of every number that is converted, so at the speed of memory: the largest bits decide.

use crate::DType;

/// Where the first number stands that is infinite or none, among numbers of a plain type.
#[must_use]
pub fn first_not_finite(values: &[f32]) -> Option<usize> {
    // Without the sign, greater bits are greater numbers, and everything from infinity on is not finite.
    const INFINITY: u32 = f32::INFINITY.to_bits();
    let largest = |part: &[f32]| part.iter().map(|value| value.to_bits() & 0x7FFF_FFFF).fold(0, u32::max);
    let (index, part) = values.chunks(STRIP).enumerate().find(|(_, part)| largest(part) >= INFINITY)?;
    Some(index * STRIP + part.iter().position(|value| !value.is_finite())?)
}

/// As [`first_not_finite`], among the bytes of f32, f16 or bf16; there is none among those of other types.
#[must_use]
pub fn first_not_finite_of(dtype: DType, bytes: &[u8]) -> Option<usize> {
    let infinity: u16 = match dtype {
        DType::F32 => return first_not_finite_f32(bytes),
        DType::F16 => 0x7C00,
        DType::BF16 => 0x7F80,
        _ => return None,
    };
    let bits = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]) & 0x7FFF;
    let largest = |part: &[u8]| part.chunks_exact(2).map(bits).fold(0, u16::max);
    let (index, part) = bytes.chunks(2 * STRIP).enumerate().find(|(_, part)| largest(part) >= infinity)?;
    Some(index * STRIP + part.chunks_exact(2).position(|pair| bits(pair) >= infinity)?)
}

/// Numbers looked at before a decision: few enough to stay in the cache, enough for the loop to run.
const STRIP: usize = 4096;

fn first_not_finite_f32(bytes: &[u8]) -> Option<usize> {
    if let Ok(values) = bytemuck::try_cast_slice(bytes) {
        return first_not_finite(values);
    }
    let value = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
    bytes.chunks_exact(4).position(|four| !value(four).is_finite())
}

#[cfg(test)]
mod tests {
    use super::{first_not_finite, first_not_finite_of};
    use crate::DType;

    #[test]
    fn the_first_is_found_in_every_type_at_every_address() {
        for at in [0, 1, 4095, 4096, 9999] {
            for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -f32::NAN] {
                let mut values = vec![f32::MAX; 10_000];
                assert_eq!(first_not_finite(&values), None);
                values[at] = broken;
                values[9999] = broken;
                assert_eq!(first_not_finite(&values), Some(at));
                let mut bytes = vec![0u8];
                bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
                assert_eq!(first_not_finite_of(DType::F32, &bytes[1..]), Some(at));
                // The upper halves of these numbers are bf16's; its largest is f32's cut, not rounded.
                let halves: Vec<u8> = bytes[1..].chunks_exact(4).flat_map(|four| [four[2], four[3]]).collect();
                assert_eq!(first_not_finite_of(DType::BF16, &halves), Some(at));
                let halves: Vec<u8> =
                    values.iter().flat_map(|value| half::f16::from_f32(value.min(6e4)).to_le_bytes()).collect();
                let expected = (!broken.is_nan() && broken < 0.0).then_some(at);
                assert_eq!(first_not_finite_of(DType::F16, &halves), expected, "{broken}");
                assert_eq!(first_not_finite_of(DType::Q8_0, &halves), None);
            }
        }
    }
}
