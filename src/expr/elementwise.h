/* Arithmetic element by element: types and values of the operators, for operators and for
 * the functions of numpy that mean the same. */
#ifndef ZG_EXPR_ELEMENTWISE_H
#define ZG_EXPR_ELEMENTWISE_H

#include "expr/ast.h"
#include "expr/fn.h"
#include "expr/value.h"

/** Type of a binary operation, and in *compute the type in which it is done. `python`:
 * two Python numbers stay Python numbers (operators; functions give numpy scalars). */
zagg_status zx_binary_type(zx_check *c, zx_op op, const zx_type *a, const zx_type *b,
                           bool python, zx_type *out, zagg_dtype *compute);
zagg_status zx_binary(zx_run *r, zx_op op, const zx_type *ta, const zx_type *tb,
                      const zx_type *result, zagg_dtype compute, const zx_val *a,
                      const zx_val *b, zx_val *out);

/** Result rank of operands that meet; refuses what never fits. */
zagg_status zx_join_ranks(zx_check *c, unsigned a, unsigned b, unsigned *out);

/** Bring operands to one shape. Afterwards each is either of that shape, or a uniform
 * scalar. `shape` has the offsets, columns, rank and uniformity of the result, without
 * data. */
zagg_status zx_meet(zx_run *r, zx_val *const *operands, size_t n, zx_val *shape);

/** New value of a shape from zx_meet. */
zagg_status zx_new_like(zx_run *r, const zx_val *shape, zagg_dtype dtype, zx_val *out);

/** Operators of one operand. */
zagg_status zx_unary_type(zx_check *c, zx_op op, const zx_type *a, zx_type *out);
zagg_status zx_unary(zx_run *r, zx_op op, const zx_type *result, const zx_val *a,
                     zx_val *out);

/* ---- kernels: n results; stride 0 for an operand that is one element ---- */
void zx_kernel_binary(zx_op op, zagg_dtype compute, const void *a, size_t stride_a,
                      const void *b, size_t stride_b, void *out, size_t n);
/** Each of n elements of 4 or 8 bytes as often as its segment has rows of `cols`. */
void zx_kernel_repeat(size_t size, const void *elements, const size_t *off, size_t n,
                      size_t cols, void *out);
/** Powers modulo 2^64. Returns n, or the first element whose exponent is negative (as an
 * int64, where these are `is_signed`). */
size_t zx_kernel_int_power(bool is_signed, const uint64_t *a, size_t stride_a,
                           const uint64_t *b, size_t stride_b, uint64_t *out, size_t n);
/** Comparison of int64 with uint64 (signed_left: a is the signed one). */
void zx_kernel_mixed_compare(zx_op op, bool signed_left, const void *a, size_t stride_a,
                             const void *b, size_t stride_b, uint8_t *out, size_t n);

#endif
