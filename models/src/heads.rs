//! The exits as a graph: raw rows in, logits out. The one final norm is applied here, exactly once.

use mexit_ggml::{Arena, Ops, Tensor};

use crate::{Error, ExitId, Model, Projection, layout::cast_name, trunk::norm};

/// Upper bound of the tensors that `exits` heads add to a graph.
pub(crate) fn tensors(exits: usize) -> usize {
    16 * exits + 16
}

/// The block whose row an exit reads.
pub(crate) fn tap_of(model: &Model, exit: ExitId) -> u32 {
    match exit {
        ExitId::Block(k) => k,
        ExitId::Original => model.spec.blocks,
    }
}

/// What turns an exit's normed row into logits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// What the model has for it: a head or a cast of its own, if it was trained.
    Exit,
    /// The model's own head alone: the logit lens.
    Lens,
}

/// Logits `[V, n]` of `exit` from its raw rows `[d, n]`.
pub(crate) fn build<'a>(
    arena: &'a Arena,
    model: &'a Model,
    exit: ExitId,
    by: By,
    rows: Tensor<'a>,
) -> Result<Tensor<'a>, Error> {
    let ops = Ops::new(arena);
    let name = |part: &str| format!("exit.{exit}.{part}");
    let [weight, bias] = ["weight", "bias"].map(|part| model.plan().beside_heads(&format!("output_norm.{part}")));
    let mut row = norm(ops, model, [&weight, &bias], &name("norm"), rows)?;
    match (exit, model.spec.projection) {
        (ExitId::Block(k), Projection::Cast) if k < model.spec.blocks && by == By::Exit => {
            row = ops.mul_mat(&name("cast"), model.weight(&cast_name(k))?, row)?;
        }
        _ => {}
    }
    let head = model.head_of(if by == By::Lens { ExitId::Original } else { exit });
    Ok(ops.output(ops.mul_mat(&name("logits"), model.weight(&head)?, row)?))
}
