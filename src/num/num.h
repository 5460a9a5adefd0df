/* Elementary functions: the same bits on every CPU, compiler and libm. Only IEEE
 * additions, multiplications, divisions and square roots in a fixed order are used, no
 * FMA and no libm function that rounds.
 *
 * All are within 0.52 ulp of the true value. Special values are those of C (annex F):
 * signs of zero, infinities, pow's table of cases; subnormal results are rounded once.
 * NaN is always the positive quiet NaN; errno and the floating-point flags mean nothing.
 * Rounding to nearest is taken for granted. Thread-safe, no allocation, constant time. */
#ifndef ZG_NUM_NUM_H
#define ZG_NUM_NUM_H

double zg_exp(double x);
double zg_exp2(double x);
double zg_expm1(double x);
double zg_log(double x);
double zg_log2(double x);
double zg_log10(double x);
double zg_log1p(double x);

double zg_sin(double x);
double zg_cos(double x);
double zg_tan(double x);
double zg_asin(double x);
double zg_acos(double x);
double zg_atan(double x);
double zg_atan2(double y, double x);

double zg_sinh(double x);
double zg_cosh(double x);
double zg_tanh(double x);

double zg_hypot(double x, double y);
double zg_cbrt(double x);
double zg_pow(double x, double y);

/* float32: computed in double and rounded, which is the nearest float32 but for about one
 * argument in 2^28. */
float zg_exp_f32(float x);
float zg_exp2_f32(float x);
float zg_expm1_f32(float x);
float zg_log_f32(float x);
float zg_log2_f32(float x);
float zg_log10_f32(float x);
float zg_log1p_f32(float x);

float zg_sin_f32(float x);
float zg_cos_f32(float x);
float zg_tan_f32(float x);
float zg_asin_f32(float x);
float zg_acos_f32(float x);
float zg_atan_f32(float x);
float zg_atan2_f32(float y, float x);

float zg_sinh_f32(float x);
float zg_cosh_f32(float x);
float zg_tanh_f32(float x);

float zg_hypot_f32(float x, float y);
float zg_cbrt_f32(float x);
float zg_pow_f32(float x, float y);

#endif
