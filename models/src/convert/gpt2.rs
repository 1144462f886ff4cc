//! GPT-2's names. Its linear layers are stored as [in, out].

use super::Origin;

pub(super) fn origin(block: &str, part: &str) -> Origin {
    let (stem, kind) = part.rsplit_once('.').unwrap_or((part, "weight"));
    let (module, linear) = match stem {
        "attn_qkv" => ("attn.c_attn", true),
        "attn_output" => ("attn.c_proj", true),
        "ffn_up" => ("mlp.c_fc", true),
        "ffn_down" => ("mlp.c_proj", true),
        "attn_norm" => ("ln_1", false),
        _ => ("ln_2", false),
    };
    Origin { names: vec![format!("transformer.h.{block}.{module}.{kind}")], transposed: linear && kind == "weight" }
}
