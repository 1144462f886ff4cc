//! Steps of a model that are several operations of ggml: on the processor one of ours where we have kernels for it.

use super::{Ops, is_f32, plain};
use crate::{
    Attention, Error, Tensor, Then, error,
    kernels::{are_plain, attention, norm, product},
};

impl<'a> Ops<'a> {
    /// weight `[k, m]` · x `[k, n]` plus a bias `[m]` if there is one, and what follows: `[m, n]`.
    ///
    /// # Errors
    /// As [`Ops::mul_mat`] and [`Ops::add`].
    pub fn linear(
        &self,
        name: &str,
        weight: Tensor<'a>,
        bias: Option<Tensor<'a>>,
        x: Tensor<'a>,
        then: Then<'a>,
    ) -> Result<Tensor<'a>, Error> {
        let [rows, columns] = [weight.shape()[1], x.shape()[1]];
        let biased = bias.is_none_or(|bias| are_plain(&[bias]) && bias.shape() == [rows, 1, 1, 1]);
        let followed = match then {
            Then::Add(add) => is_f32(add) && add.is_contiguous() && add.shape() == [rows, columns, 1, 1],
            Then::Done | Then::Gelu => true,
        };
        if is_ours(weight, x) && biased && followed {
            return Ok(product::operation(self.arena, weight, x, bias, then)?.named(name));
        }
        let mut result = self.mul_mat(name, weight, x)?;
        if let Some(bias) = bias {
            result = self.add(&format!("{name}.bias"), result, bias)?;
        }
        match then {
            Then::Done => Ok(result),
            Then::Gelu => self.gelu(&format!("{name}.gelu"), result),
            Then::Add(add) => self.add(&format!("{name}.sum"), result, add),
        }
    }

    /// Layer norm of the columns of x `[d, n]`: mean 0, variance 1 (ε added under the root), then times the weight plus
    /// the bias, `[d]` each.
    ///
    /// # Errors
    /// If x is not contiguous f32, or the weights do not fit.
    pub fn layer_norm(
        &self,
        name: &str,
        x: Tensor<'a>,
        [weight, bias]: [Tensor<'a>; 2],
        epsilon: f32,
    ) -> Result<Tensor<'a>, Error> {
        plain("norm", name, x)?;
        let [row, _, planes, volumes] = x.shape();
        let fit = [weight, bias].iter().all(|weight| weight.shape() == [row, 1, 1, 1]);
        if fit && [planes, volumes] == [1, 1] && norm::is_ours([weight, bias]) {
            return Ok(norm::operation(self.arena, x, [weight, bias], epsilon)?.named(name));
        }
        let unit = self.norm(&format!("{name}.unit"), x, epsilon)?;
        let scaled = self.mul(&format!("{name}.scaled"), unit, weight)?;
        self.add(name, scaled, bias)
    }

    /// Stores keys and values of `qkv` `[3 d, n]` (of each token its queries, keys and values, by head) at the batch's
    /// positions in a cache, keys and values `[head_dim, context, heads]`, and attends over all that each token sees:
    /// `[d, n]`. `None` where that is left to [`Ops::copy_into`] and [`Ops::attention`].
    ///
    /// # Errors
    /// If the shapes do not belong together, or the batch does not fit into the cache.
    pub fn remember_and_attend(
        &self,
        name: &str,
        qkv: Tensor<'a>,
        cache: [Tensor<'a>; 2],
        how: Attention,
    ) -> Result<Option<Tensor<'a>>, Error> {
        plain("attention", name, qkv)?;
        let [row, n, planes, volumes] = qkv.shape();
        let [width, context, heads, _] = cache[0].shape();
        let fits = row == 3 * width * heads && [planes, volumes] == [1, 1] && heads == how.heads;
        if !fits
            || cache[0].shape() != cache[1].shape()
            || cache[0].dtype() != cache[1].dtype()
            || how.past + n > context
        {
            return Err(error::op(
                format!("attention {name}"),
                "qkv [3 d, n] and a cache [head_dim, context, heads] with room for it",
                format!("{qkv:?}, {cache:?}, {how:?}"),
            ));
        }
        if !attention::is_ours(cache) {
            return Ok(None);
        }
        Ok(Some(attention::operation(self.arena, qkv, cache, how)?.named(name)))
    }

    /// GELU in its tanh form, as u · σ(u · (2√(2/π) · 0.044715 · u² + 2√(2/π))).
    ///
    /// # Errors
    /// If `u` is not contiguous f32.
    pub fn gelu(&self, name: &str, u: Tensor<'a>) -> Result<Tensor<'a>, Error> {
        let square = self.mul(&format!("{name}.u2"), u, u)?;
        let inner = self.scale_bias(&format!("{name}.inner"), square, 0.071_354_82, 1.595_769)?;
        let gate = self.sigmoid(&format!("{name}.gate"), self.mul(&format!("{name}.z"), u, inner)?)?;
        self.mul(name, u, gate)
    }
}

/// Whether a product of weights with these columns is computed by our own kernels.
pub(super) fn is_ours(weight: Tensor<'_>, x: Tensor<'_>) -> bool {
    let ([inner, ..], [row, columns, planes, volumes]) = (weight.shape(), x.shape());
    let plain = is_f32(x) && x.is_contiguous() && inner == row && [planes, volumes] == [1, 1];
    plain && weight.is_weight() && product::is_ours(weight, columns)
}
