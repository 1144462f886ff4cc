//! GPT-Neo's names. Its linear layers are stored as [out, in]; q, k and v are separate and without bias.

use super::Origin;

pub(super) fn origin(block: &str, part: &str) -> Origin {
    let (stem, kind) = part.rsplit_once('.').unwrap_or((part, "weight"));
    let modules: &[&str] = match stem {
        "attn_qkv" => &["attn.attention.q_proj", "attn.attention.k_proj", "attn.attention.v_proj"],
        "attn_output" => &["attn.attention.out_proj"],
        "ffn_up" => &["mlp.c_fc"],
        "ffn_down" => &["mlp.c_proj"],
        "attn_norm" => &["ln_1"],
        _ => &["ln_2"],
    };
    let names = modules.iter().map(|module| format!("transformer.h.{block}.{module}.{kind}")).collect();
    Origin { names, transposed: false }
}
