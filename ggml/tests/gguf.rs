//! What is written is read again, and what is wrong is refused without a panic.

use mexit_ggml::{
    DType,
    gguf::{Array, Gguf, GgufWriter, Value, WriteError},
};

fn sample() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("x.gguf");
    let values = [
        ("general.architecture".to_owned(), Value::Text("gpt2".into())),
        ("n".to_owned(), Value::U32(7)),
        ("layers".to_owned(), Value::Array(Array::U32(vec![2, 4]))),
        ("tokens".to_owned(), Value::Array(Array::Text(vec!["a".into(), "é".into()]))),
        ("flags".to_owned(), Value::Array(Array::Other(vec![Value::Bool(true)]))),
    ];
    let plan = [("a".to_owned(), DType::F32, vec![3]), ("b".to_owned(), DType::Q8_0, vec![32, 2])];
    let mut writer = GgufWriter::create(&path, false, &values, &plan).expect("a new file");
    writer.write("a", &[1; 12]).expect("tensor a");
    writer.write("b", &[2; 34]).expect("half of b");
    assert!(matches!(writer.write("a", &[1; 12]), Err(WriteError::Plan { .. })), "out of turn");
    writer.write("b", &[3; 34]).expect("the rest of b");
    writer.finish().expect("a whole file");
    let names: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").collect();
    assert_eq!(names.len(), 1, "nothing beside the file");
    assert!(matches!(GgufWriter::create(&path, false, &values, &plan), Err(WriteError::Exists(_))));
    let bytes = std::fs::read(&path).expect("the file");
    let again = Gguf::parse(&bytes).expect("what was written");
    assert_eq!(again.values, values);
    bytes
}

#[test]
fn written_is_read_again() {
    let bytes = sample();
    let file = Gguf::parse(&bytes).expect("a good file");
    let b = file.tensor("b").expect("tensor b");
    assert_eq!((b.dtype, &b.shape[..], b.data.len()), (DType::Q8_0, &[32, 2][..], 68));
    assert_eq!(bytes[b.data.clone()], [[2; 34], [3; 34]].concat());
    assert_eq!(file.get("n").and_then(Value::as_u64), Some(7));
}

#[test]
fn an_unfinished_file_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("x.gguf");
    let plan = [("a".to_owned(), DType::F32, vec![3])];
    let writer = GgufWriter::create(&path, false, &[], &plan).expect("a new file");
    assert!(matches!(writer.finish(), Err(WriteError::Plan { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[test]
fn every_cut_is_refused() {
    let bytes = sample();
    let last = Gguf::parse(&bytes).expect("a good file").tensors[1].data.end;
    for end in 0..last {
        assert!(Gguf::parse(&bytes[..end]).is_err(), "cut at {end}");
    }
}

/// Every byte of the header set to values that lie: no panic, no absurd allocation; accepted or refused.
#[test]
fn no_byte_of_the_header_can_hurt() {
    let bytes = sample();
    let header = Gguf::parse(&bytes).expect("a good file").tensors[0].data.start;
    for at in 0..header {
        for value in [0, 1, 0x7F, 0x80, 0xFF] {
            let mut broken = bytes.clone();
            broken[at] = value;
            if let Ok(file) = Gguf::parse(&broken) {
                assert!(file.tensors.iter().all(|t| t.data.end <= broken.len()));
            }
        }
    }
}

#[test]
fn quantized_rows_come_back_within_half_a_step() {
    let values: Vec<f32> = (0..512).map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0).collect();
    for dtype in [DType::F32, DType::F16, DType::BF16, DType::Q8_0, DType::Q6K, DType::Q5_0, DType::Q4_0] {
        let bytes = mexit_ggml::quantize(dtype, &values, 256).expect("two rows");
        let back = mexit_ggml::dequantize(dtype, &bytes, 256).expect("two rows");
        let worst = values.iter().zip(&back).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // Largest value 1: mantissas of 11 and 8 bits, 127 / 31 / 16 / 8 steps a side, of which the last two may clip
        // by one whole step at the positive end.
        let bound = match dtype {
            DType::F32 => 0.0,
            DType::F16 => 2f32.powi(-12),
            DType::BF16 => 2f32.powi(-9),
            DType::Q8_0 => 0.5 / 127.0 + 1e-3,
            DType::Q6K => 1.0 / 31.0,
            DType::Q5_0 => 1.0 / 15.0,
            _ => 1.0 / 7.0,
        };
        assert!(worst <= bound, "{dtype}: {worst} > {bound}");
    }
    assert_eq!(mexit_ggml::fitting(DType::Q4K, 768), DType::Q4K);
    assert_eq!(mexit_ggml::fitting(DType::Q4K, 128), DType::Q5_0);
    assert_eq!(mexit_ggml::fitting(DType::Q8_0, 65), DType::F16);
}
