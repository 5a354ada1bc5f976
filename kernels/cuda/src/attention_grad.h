// The gradients of attention, with the probabilities computed again from the logarithms of the forward pass:
//
//	P = exp(scale·q·kᵀ - lse)   dS = P∘(dout·vᵀ - Δ)   dq = scale·dS·k   dk = scale·dSᵀ·q   dv = Pᵀ·dout
//
// with Δ the sum of dout∘out over each row (Dao, "FlashAttention-2", 2023, section 3.1.2). One kernel has blocks of
// queries and sums up dq, one has blocks of keys and sums up dk and dv on the transposes of all tiles, so that every
// sum has one owner and one order.
//
// Gradients may be of any magnitude, and f16 holds none below 6e-8: dout is multiplied by a power of two that brings
// the head's largest number to between 1/2 and 1, and what comes out is divided by it. Both are exact.
#pragma once

#include "attention.h"

template <class T>
struct GradOperands {
    const T *q, *k, *v, *dout;
    const float *lse, *delta; // of each query, delta times the head's factor; it may be null if dv alone is wanted
    const float *factor;      // of each head
};

// Numbers of one query, lse to base 2.
struct QueryNumbers {
    float lse, delta;

    template <class T>
    __device__ static QueryNumbers of(const GradOperands<T> &g, int query, const Shape &s) {
        if (query >= s.queries) return {0, 0};
        size_t at = s.first_number() + query;
        return {g.lse[at] * log2_of_e, g.delta != nullptr ? g.delta[at] : 0};
    }
};

template <class T, class E, int D>
__device__ void attention_grad_queries(T *dq, const GradOperands<T> &g, const Shape &s) {
    using Sizes = GradSizes<E, D>;
    constexpr int height = 16 * Sizes::warps, width = Sizes::columns, stride = Tile<E, D>::stride;
    DYNAMIC_SHARED(shared);
    E *queries = reinterpret_cast<E *>(shared), *dout = queries + height * stride;
    E *keys = dout + height * stride, *values = keys + width * stride;
    int first = static_cast<int>(blockIdx.x) * height, row = first + 16 * warp_index();
    int end = s.causal ? smaller(s.keys, first + height) : s.keys;
    float factor = g.factor[blockIdx.y], scale = s.scale * log2_of_e;
    load_tile<D, height, Sizes::warps>(queries, g.q + s.first_query(), first, s.queries, s);
    load_tile<D, height, Sizes::warps>(dout, g.dout + s.first_query(), first, s.queries, s, factor);
    QueryNumbers of_row[2];
    UNROLL
    for (int half = 0; half < 2; half++) {
        of_row[half] = QueryNumbers::of(g, row + accumulator_row(2 * half), s);
    }
    float acc[D / 8][4];
    clear(acc);
    for (int column = 0; column < end; column += width) {
        __syncthreads(); // the last tiles have been used
        load_tile<D, width, Sizes::warps>(keys, g.k + s.first_key(), column, s.keys, s);
        load_tile<D, width, Sizes::warps>(values, g.v + s.first_key(), column, s.keys, s);
        __syncthreads();
        float scores[width / 8][4], dprobs[width / 8][4];
        clear(scores);
        clear(dprobs);
        WarpProduct<E>::template rows<D>(scores, queries + 16 * warp_index() * stride, keys);
        WarpProduct<E>::template rows<D>(dprobs, dout + 16 * warp_index() * stride, values);
        UNROLL
        for (int n = 0; n < width / 8; n++) {
            UNROLL
            for (int i = 0; i < 4; i++) {
                bool seen = s.sees(row + accumulator_row(i), column + accumulator_column(n, i));
                float p = seen ? exp2_fast(scores[n][i] * scale - of_row[i / 2].lse) : 0;
                dprobs[n][i] = p * (dprobs[n][i] - of_row[i / 2].delta);
            }
        }
        WarpProduct<E>::template weights<D>(acc, dprobs, keys);
    }
    float back = s.scale / factor, both[2] = {back, back};
    store_rows(dq + s.first_query(), acc, both, row, s.queries, s);
}

// Computes dk if keys is set, and dv if values is: for the largest heads, registers have room for the sums of one.
template <bool keys, bool values, class T, class E, int D>
__device__ void attention_grad_keys_pass(T *dk, T *dv, const GradOperands<T> &g, const Shape &s) {
    using Sizes = GradSizes<E, D>;
    constexpr int height = 16 * Sizes::warps, width = Sizes::columns, stride = Tile<E, D>::stride;
    DYNAMIC_SHARED(shared);
    E *k = reinterpret_cast<E *>(shared), *v = k + height * stride;
    E *q = v + height * stride, *dout = q + width * stride;
    int first = static_cast<int>(blockIdx.x) * height, row = first + 16 * warp_index();
    float factor = g.factor[blockIdx.y], scale = s.scale * log2_of_e;
    __syncthreads(); // tiles of an earlier pass have been used
    load_tile<D, height, Sizes::warps>(k, g.k + s.first_key(), first, s.keys, s);
    if (keys) load_tile<D, height, Sizes::warps>(v, g.v + s.first_key(), first, s.keys, s);
    float sum_k[keys ? D / 8 : 1][4], sum_v[values ? D / 8 : 1][4];
    clear(sum_k);
    clear(sum_v);
    int column = s.causal ? first / width * width : 0; // queries before the block's first key see none of its keys
    for (; column < s.queries; column += width) {
        __syncthreads(); // the last tiles have been used
        load_tile<D, width, Sizes::warps>(q, g.q + s.first_query(), column, s.queries, s);
        load_tile<D, width, Sizes::warps>(dout, g.dout + s.first_query(), column, s.queries, s, factor);
        __syncthreads();
        float probs[width / 8][4], dscores[width / 8][4];
        clear(probs);
        WarpProduct<E>::template rows<D>(probs, k + 16 * warp_index() * stride, q);
        if (keys) {
            clear(dscores);
            WarpProduct<E>::template rows<D>(dscores, v + 16 * warp_index() * stride, dout);
        }
        UNROLL
        for (int n = 0; n < width / 8; n++) {
            UNROLL
            for (int odd = 0; odd < 2; odd++) {
                int query = column + accumulator_column(n, odd);
                QueryNumbers numbers = QueryNumbers::of(g, query, s);
                UNROLL
                for (int i = odd; i < 4; i += 2) {
                    bool seen = query < s.queries && s.sees(query, row + accumulator_row(i));
                    probs[n][i] = seen ? exp2_fast(probs[n][i] * scale - numbers.lse) : 0;
                    if (keys) dscores[n][i] = probs[n][i] * (dscores[n][i] - numbers.delta);
                }
            }
        }
        if constexpr (values) WarpProduct<E>::template weights<D>(sum_v, probs, dout);
        if constexpr (keys) WarpProduct<E>::template weights<D>(sum_k, dscores, q);
    }
    float back_k[2] = {s.scale / factor, s.scale / factor}, back_v[2] = {1 / factor, 1 / factor};
    if constexpr (keys) store_rows(dk + s.first_key(), sum_k, back_k, row, s.keys, s);
    if constexpr (values) store_rows(dv + s.first_key(), sum_v, back_v, row, s.keys, s);
}

// dk and dv are written where they are not null.
template <class T, class E, int D>
__device__ void attention_grad_keys(T *dk, T *dv, const GradOperands<T> &g, const Shape &s) {
    if (D <= 80 && dk != nullptr && dv != nullptr) {
        if constexpr (D <= 80) attention_grad_keys_pass<true, true, T, E, D>(dk, dv, g, s);
        return;
    }
    if (dv != nullptr) attention_grad_keys_pass<false, true, T, E, D>(dk, dv, g, s);
    if (dk != nullptr) attention_grad_keys_pass<true, false, T, E, D>(dk, dv, g, s);
}

// The bounds ask for three and two blocks on a processor: left alone, ptxas takes four, and keeps registers in memory.
#define ATTENTION_GRAD(T, E, D)                                                                                        \
    extern "C" __global__ void __launch_bounds__(32 * GradSizes<E, D>::warps, 3)                                       \
        attention_grad_queries_##T##_##E##_##D(T *dq, const T *q, const T *k, const T *v, const T *dout,               \
                                               const float *lse, const float *delta, const float *factor, int heads,   \
                                               int queries, int keys, int channels, float scale, int causal) {         \
        Shape s{heads, queries, keys, channels, scale, causal != 0};                                                   \
        attention_grad_queries<T, E, D>(dq, GradOperands<T>{q, k, v, dout, lse, delta, factor}, s);                    \
    }                                                                                                                  \
    EXPORT_KERNEL(attention_grad_queries_##T##_##E##_##D);                                                             \
    extern "C" __global__ void __launch_bounds__(32 * GradSizes<E, D>::warps, 2)                                       \
        attention_grad_keys_##T##_##E##_##D(T *dk, T *dv, const T *q, const T *k, const T *v, const T *dout,           \
                                            const float *lse, const float *delta, const float *factor, int heads,      \
                                            int queries, int keys, int channels, float scale, int causal) {            \
        Shape s{heads, queries, keys, channels, scale, causal != 0};                                                   \
        attention_grad_keys<T, E, D>(dk, dv, GradOperands<T>{q, k, v, dout, lse, delta, factor}, s);                   \
    }                                                                                                                  \
    EXPORT_KERNEL(attention_grad_keys_##T##_##E##_##D)

// One pair of kernels for each size of head that is padded to; a smaller head takes the next.
#define ATTENTION_GRADS(T, E)                                                                                          \
    ATTENTION_GRAD(T, E, 40);                                                                                          \
    ATTENTION_GRAD(T, E, 64);                                                                                          \
    ATTENTION_GRAD(T, E, 80);                                                                                          \
    ATTENTION_GRAD(T, E, 160)
