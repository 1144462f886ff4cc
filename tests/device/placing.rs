//! The device, and the ways of placing a model on it.

use mexit_ggml::{Arena, DType, Device, Executor, Graph, Ops, Source, Weights};
use mexit_models::{Engine, Layers, Placement};

/// The device that is tested.
pub(super) fn device() -> Device {
    let name = std::env::var("MEXIT_DEVICE").expect("MEXIT_DEVICE names the device to be tested");
    let device = Device::named(&name).unwrap_or_else(|e| panic!("MEXIT_DEVICE={name}: {e}"));
    assert!(!device.is_cpu(), "MEXIT_DEVICE={name}: the processor is what a device is compared with");
    device
}

/// What of a model is on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Everything,
    /// The upper half of the blocks.
    HalfOfTheBlocks,
    /// The same, and the heads.
    HalfAndTheHeads,
    HeadsOnly,
    TrunkOnly,
    /// All but keys and values, and attention with them.
    KvOnTheHost,
}

pub(super) const PARTS: [Part; 6] = [
    Part::Everything,
    Part::HalfOfTheBlocks,
    Part::HalfAndTheHeads,
    Part::HeadsOnly,
    Part::TrunkOnly,
    Part::KvOnTheHost,
];

impl Part {
    /// The placement of a model with so many blocks.
    pub(super) fn of(self, blocks: u32) -> Placement {
        let (device, cpu) = (device(), Device::cpu().expect("a processor"));
        let half = Layers::Count(blocks / 2);
        let (layers, heads) = match self {
            Self::Everything | Self::KvOnTheHost => (Layers::All, None),
            Self::HalfOfTheBlocks => (half, None),
            Self::HalfAndTheHeads => (half, Some(device)),
            Self::HeadsOnly => (Layers::Count(0), Some(device)),
            Self::TrunkOnly => (Layers::All, Some(cpu)),
        };
        Placement { heads, kv_on_processor: self == Self::KvOnTheHost, ..Placement::on(vec![device], layers) }
    }

    /// Checks that an engine's parts are where they should be.
    pub(super) fn holds(self, engine: &Engine) {
        let (plan, blocks, device) = (engine.model().plan(), engine.model().spec.blocks, device());
        let on_device = match self {
            Self::Everything | Self::TrunkOnly | Self::KvOnTheHost => blocks,
            Self::HalfOfTheBlocks | Self::HalfAndTheHeads => blocks / 2,
            Self::HeadsOnly => 0,
        };
        assert_eq!(plan.blocks().iter().filter(|block| !block.is_cpu()).count(), on_device as usize, "{self:?}");
        let heads = matches!(self, Self::Everything | Self::HalfAndTheHeads | Self::HeadsOnly | Self::KvOnTheHost);
        assert_eq!(plan.heads() == device, heads, "{self:?}");
        let cached = on_device > 0 && self != Self::KvOnTheHost;
        assert_eq!(plan.cache(blocks - 1) == device, cached, "{self:?}");
    }
}

/// The largest relative error of a number that passes through the device's product of f32 matrices with so many columns:
/// 0 where f32 stays f32, about 2⁻¹¹ where it is multiplied as f16 or TF32, which many graphics processors do.
pub(super) fn rounding(columns: usize) -> f32 {
    // A unit matrix: each result is one number, times one.
    const N: usize = 64;
    let unit: Vec<u8> = (0..N * N).map(|i| f32::from(u8::from(i % N == i / N))).flat_map(f32::to_ne_bytes).collect();
    let mut weights = Weights::new(1, None).expect("weights");
    weights.add("unit", (DType::F32, &[N, N]), device(), &Source::Bytes(&unit)).expect("memory");
    let arena = Arena::new(8).expect("an arena");
    let ops = Ops::new(&arena);
    let x = ops.input("x", DType::F32, &[N, columns]).expect("an input");
    let y = ops.output(ops.mul_mat("y", weights.get("unit").expect("a tensor"), x).expect("a product"));
    let mut graph = Graph::new(&arena).expect("a graph");
    graph.compute(y);
    let given: Vec<f32> = (0..N * columns).map(|i| 1.0 + i as f32 / (N * columns) as f32).collect();
    let mut got = vec![0.0; given.len()];
    let bytes: Vec<u8> = given.iter().flat_map(|v| v.to_ne_bytes()).collect();
    Executor::new(&[device()], 1, 16)
        .expect("an executor")
        .run(&graph, &[(x, &bytes)], &mut [(y, &mut got)])
        .expect("a product");
    given.iter().zip(&got).map(|(given, got)| (given - got).abs() / given).fold(0.0, f32::max)
}
