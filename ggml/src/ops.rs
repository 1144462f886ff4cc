//! The operations our graphs are made of. Each checks what ggml would abort on, at build or inside a kernel, and
//! each takes the name of its result.

mod fused;

use llama_cpp_sys_2 as sys;

use crate::{
    Arena, DType, Error, Tensor, error,
    kernels::product::{self, Then},
};

/// Builds operations in an arena. Results live as long as the arena and the operands.
#[derive(Clone, Copy)]
pub struct Ops<'a> {
    arena: &'a Arena,
}

fn is_f32(tensor: Tensor<'_>) -> bool {
    tensor.dtype() == Some(DType::F32)
}

impl<'a> Ops<'a> {
    /// Operations whose results go into `arena`.
    #[must_use]
    pub fn new(arena: &'a Arena) -> Self {
        Self { arena }
    }

    /// A tensor to be filled before the graph runs.
    ///
    /// # Errors
    /// As [`Arena::tensor`].
    pub fn input(&self, name: &str, dtype: DType, shape: &[usize]) -> Result<Tensor<'a>, Error> {
        let tensor = self.arena.tensor(name, dtype, shape)?;
        // SAFETY: sets a flag of a valid tensor.
        unsafe { sys::ggml_set_input(tensor.raw()) };
        Ok(tensor)
    }

    /// Marks a result that is read after the graph has run, so that its memory is not used again.
    #[must_use]
    pub fn output(&self, tensor: Tensor<'a>) -> Tensor<'a> {
        // SAFETY: sets a flag of a valid tensor.
        unsafe { sys::ggml_set_output(tensor.raw()) };
        tensor
    }

    /// a + b; b is repeated over a's rows. Both f32: other pairs abort inside the kernel.
    ///
    /// # Errors
    /// On other types, or if b's sizes do not divide a's.
    pub fn add(&self, name: &str, a: Tensor<'a>, b: Tensor<'a>) -> Result<Tensor<'a>, Error> {
        repeats("add", name, a, b)?;
        // SAFETY: types and shapes were checked; the arena has room.
        Ok(Tensor::from_raw(unsafe { sys::ggml_add(self.arena.take()?, a.raw(), b.raw()) }).named(name))
    }

    /// a · b, element by element; b is repeated over a's rows.
    ///
    /// # Errors
    /// As [`Ops::add`].
    pub fn mul(&self, name: &str, a: Tensor<'a>, b: Tensor<'a>) -> Result<Tensor<'a>, Error> {
        repeats("mul", name, a, b)?;
        // SAFETY: types and shapes were checked; the arena has room.
        Ok(Tensor::from_raw(unsafe { sys::ggml_mul(self.arena.take()?, a.raw(), b.raw()) }).named(name))
    }

    /// Rows shifted to mean 0 and scaled to variance 1, ε added under the root.
    ///
    /// # Errors
    /// If `a` is not f32.
    pub fn norm(&self, name: &str, a: Tensor<'a>, eps: f32) -> Result<Tensor<'a>, Error> {
        plain("norm", name, a)?;
        // SAFETY: an f32 tensor with whole rows; the arena has room.
        Ok(Tensor::from_raw(unsafe { sys::ggml_norm(self.arena.take()?, a.raw(), eps) }).named(name))
    }

    /// Rows of weights `[k, m]` times columns of f32 `[k, n]`: f32 `[m, n]`.
    ///
    /// # Errors
    /// If the inner sizes differ, or `x` is not contiguous f32.
    pub fn mul_mat(&self, name: &str, weight: Tensor<'a>, x: Tensor<'a>) -> Result<Tensor<'a>, Error> {
        let ([wk, _, w2, w3], [xk, _, x2, x3]) = (weight.shape(), x.shape());
        if wk != xk || x2 % w2 != 0 || x3 % w3 != 0 || !is_f32(x) || !x.is_contiguous() || weight.dtype().is_none() {
            return Err(error::op(
                format!("mul_mat {name}"),
                "weights [k, m] and contiguous f32 [k, n]",
                format!("{weight:?} and {x:?}"),
            ));
        }
        if fused::is_ours(weight, x) {
            return Ok(product::operation(self.arena, weight, x, None, Then::Done)?.named(name));
        }
        // SAFETY: inner sizes agree, the types are supported pairs, the arena has room.
        Ok(Tensor::from_raw(unsafe { sys::ggml_mul_mat(self.arena.take()?, weight.raw(), x.raw()) }).named(name))
    }

    /// The rows of `table` named by i32 `ids`: f32. The caller keeps ids within the table: a kernel would abort.
    ///
    /// # Errors
    /// If `ids` is not an i32 vector.
    pub fn get_rows(&self, name: &str, table: Tensor<'a>, ids: Tensor<'a>) -> Result<Tensor<'a>, Error> {
        if ids.dtype() != Some(DType::I32) || ids.shape()[1..] != [1, 1, 1] || table.shape()[2..] != [1, 1] {
            return Err(error::op(
                format!("get_rows {name}"),
                "a matrix and an i32 vector",
                format!("{table:?} and {ids:?}"),
            ));
        }
        // SAFETY: a matrix and an i32 vector; the arena has room.
        Ok(Tensor::from_raw(unsafe { sys::ggml_get_rows(self.arena.take()?, table.raw(), ids.raw()) }).named(name))
    }

    /// s · a + b with two numbers.
    ///
    /// # Errors
    /// If `a` is not contiguous f32.
    pub fn scale_bias(&self, name: &str, a: Tensor<'a>, s: f32, b: f32) -> Result<Tensor<'a>, Error> {
        plain("scale_bias", name, a)?;
        // SAFETY: a contiguous f32 tensor; the arena has room.
        Ok(Tensor::from_raw(unsafe { sys::ggml_scale_bias(self.arena.take()?, a.raw(), s, b) }).named(name))
    }

    /// The logistic function.
    ///
    /// # Errors
    /// If `a` is not contiguous f32.
    pub fn sigmoid(&self, name: &str, a: Tensor<'a>) -> Result<Tensor<'a>, Error> {
        plain("sigmoid", name, a)?;
        // SAFETY: a contiguous f32 tensor; the arena has room.
        Ok(Tensor::from_raw(unsafe { sys::ggml_sigmoid(self.arena.take()?, a.raw()) }).named(name))
    }

    /// ggml's own GELU (tanh form), which the CPU reads from a table of f16 numbers: good to about 1e-3.
    ///
    /// # Errors
    /// If `a` is not contiguous f32.
    pub fn gelu_table(&self, name: &str, a: Tensor<'a>) -> Result<Tensor<'a>, Error> {
        plain("gelu", name, a)?;
        // SAFETY: a contiguous f32 tensor; the arena has room.
        Ok(Tensor::from_raw(unsafe { sys::ggml_gelu(self.arena.take()?, a.raw()) }).named(name))
    }

    /// A copy of `from` into `to`, which may be a view with strides.
    ///
    /// # Errors
    /// If the number of elements differs, or the target is neither f32 nor f16, or is a weight. What is not f32 stays
    /// the type that it is.
    pub fn copy_into(&self, name: &str, from: Tensor<'a>, to: Tensor<'a>) -> Result<Tensor<'a>, Error> {
        let count = |t: Tensor<'_>| t.shape().iter().product::<usize>();
        if to.is_weight()
            || count(from) != count(to)
            || !(is_f32(from) || from.dtype() == to.dtype())
            || !matches!(to.dtype(), Some(DType::F32 | DType::F16))
        {
            return Err(error::op(
                format!("copy {name}"),
                "f32 or the same type into as many f32 or f16 that are no weights",
                format!("{from:?} into {to:?}"),
            ));
        }
        // SAFETY: equal element counts, a supported pair of types, the arena has room.
        Ok(Tensor::from_raw(unsafe { sys::ggml_cpy(self.arena.take()?, from.raw(), to.raw()) }).named(name))
    }

    /// A window into `a`: three sizes, strides of the second and third in bytes, and an offset in bytes.
    ///
    /// # Errors
    /// If the window leaves `a`.
    pub fn window(
        &self,
        name: &str,
        a: Tensor<'a>,
        shape: [usize; 3],
        strides: [usize; 2],
        offset: usize,
    ) -> Result<Tensor<'a>, Error> {
        let refuse = |why: &str| {
            error::op(format!("window {name}"), why, format!("{shape:?} strides {strides:?} offset {offset} of {a:?}"))
        };
        let dtype = a.dtype().ok_or_else(|| refuse("a known type"))?;
        let row = dtype
            .row_bytes(shape[0] as u64)
            .and_then(|b| usize::try_from(b).ok())
            .ok_or_else(|| refuse("whole blocks"))?;
        if shape.contains(&0) {
            return Err(refuse("positive sizes"));
        }
        let last = (shape[1] - 1).checked_mul(strides[0]).zip((shape[2] - 1).checked_mul(strides[1]));
        let end = last.and_then(|(i, j)| i.checked_add(j)?.checked_add(offset)?.checked_add(row));
        if end.is_none_or(|end| end > a.bytes()) {
            return Err(refuse("a window inside the tensor"));
        }
        let ne = shape.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        // SAFETY: the window was checked to lie within `a`; the arena has room.
        let raw = unsafe {
            sys::ggml_view_3d(self.arena.take()?, a.raw(), ne[0], ne[1], ne[2], strides[0], strides[1], offset)
        };
        Ok(Tensor::from_raw(raw).named(name))
    }

    /// `a` with its second and third axis exchanged; no data moves.
    ///
    /// # Errors
    /// If the arena is full.
    pub fn swap_rows(&self, name: &str, a: Tensor<'a>) -> Result<Tensor<'a>, Error> {
        // SAFETY: 0, 2, 1, 3 is a permutation of the four axes; the arena has room.
        Ok(Tensor::from_raw(unsafe { sys::ggml_permute(self.arena.take()?, a.raw(), 0, 2, 1, 3) }).named(name))
    }

    /// The same elements as a matrix.
    ///
    /// # Errors
    /// If `a` is not contiguous or has another number of elements.
    pub fn matrix(&self, name: &str, a: Tensor<'a>, columns: usize, rows: usize) -> Result<Tensor<'a>, Error> {
        if !a.is_contiguous() || a.shape().iter().product::<usize>() != columns * rows {
            return Err(error::op(
                format!("matrix {name}"),
                format!("{} contiguous elements", columns * rows),
                format!("{a:?}"),
            ));
        }
        let ne = [columns, rows].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        // SAFETY: contiguous, and as many elements; the arena has room.
        Ok(Tensor::from_raw(unsafe { sys::ggml_reshape_2d(self.arena.take()?, a.raw(), ne[0], ne[1]) }).named(name))
    }

    /// Attention softmax(scale · qᵀk + mask) v: q `[head_dim, n, heads]`, k and v `[head_dim, n_kv, heads]`, mask f16
    /// `[n_kv, n]` of 0 and −inf or none. Result f32 `[head_dim, heads, n]`.
    ///
    /// # Errors
    /// If the shapes do not belong together, or the mask is not contiguous f16.
    pub fn attention(
        &self,
        name: &str,
        q: Tensor<'a>,
        [k, v]: [Tensor<'a>; 2],
        mask: Option<Tensor<'a>>,
        scale: f32,
    ) -> Result<Tensor<'a>, Error> {
        let ([hd, n, heads, one], [kd, n_kv, k_heads, _]) = (q.shape(), k.shape());
        let fits = kd == hd && k_heads == heads && v.shape() == k.shape() && one == 1 && is_f32(q);
        let typed = k.dtype() == v.dtype() && matches!(k.dtype(), Some(DType::F32 | DType::F16));
        let masked =
            mask.is_none_or(|m| m.dtype() == Some(DType::F16) && m.is_contiguous() && m.shape() == [n_kv, n, 1, 1]);
        if !fits || !typed || !masked {
            return Err(error::op(
                format!("attention {name}"),
                "q [head_dim, n, heads], k and v [head_dim, n_kv, heads], mask f16 [n_kv, n]",
                format!("{q:?}, {k:?}, {v:?}, {mask:?}"),
            ));
        }
        let mask = mask.map_or(std::ptr::null_mut(), Tensor::raw);
        // SAFETY: shapes and types were checked as the kernel asserts them; a null mask is allowed; the arena has room.
        let raw =
            unsafe { sys::ggml_flash_attn_ext(self.arena.take()?, q.raw(), k.raw(), v.raw(), mask, scale, 0.0, 0.0) };
        // SAFETY: `raw` is the node just made; asks the backends for f32 accumulation where they have a choice.
        unsafe { sys::ggml_flash_attn_ext_set_prec(raw, sys::GGML_PREC_F32) };
        Ok(Tensor::from_raw(raw).named(name))
    }
}

fn plain(op: &str, name: &str, a: Tensor<'_>) -> Result<(), Error> {
    if is_f32(a) && a.is_contiguous() {
        Ok(())
    } else {
        Err(error::op(format!("{op} {name}"), "contiguous f32", format!("{a:?}")))
    }
}

fn repeats(op: &str, name: &str, a: Tensor<'_>, b: Tensor<'_>) -> Result<(), Error> {
    let divides = a.shape().iter().zip(b.shape()).all(|(a, b)| b > 0 && a % b == 0);
    if is_f32(a) && is_f32(b) && divides {
        Ok(())
    } else {
        Err(error::op(
            format!("{op} {name}"),
            "two f32 tensors, the second dividing the first",
            format!("{a:?} and {b:?}"),
        ))
    }
}
