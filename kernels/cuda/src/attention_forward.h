// softmax(scale·q·kᵀ)·v without the matrix of scores, the logarithm of each query's sum of exponentials, and the
// probabilities of chosen keys, each if asked for.
//
// A block has 16 queries for each of its warps and takes the keys in tiles, with a running maximum and sum per query in
// registers (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018; Dao, "FlashAttention-2", 2023,
// algorithm 1). Scores are to base 2. The score of a chosen key is put down when its tile passes by and turned into a
// probability at the end, when maximum and sum are known.
#pragma once

#include "attention.h"

// A query's running maximum and sum, of a lane's two rows; the sum is the lane's share.
struct RunningSoftmax {
    float peak[2], sum[2];

    __device__ RunningSoftmax() : peak{minus_infinity(), minus_infinity()}, sum{0, 0} {}

    // Turns scores into exponentials relative to the new maximum, and gives the factor that what was summed up so far
    // gets.
    template <int N>
    __device__ void take(float (&scores)[N][4], float (&factor)[2]) {
        UNROLL
        for (int half = 0; half < 2; half++) {
            float most = peak[half];
            UNROLL
            for (int n = 0; n < N; n++) most = fmaxf(most, fmaxf(scores[n][2 * half], scores[n][2 * half + 1]));
            most = quad_max(most);
            // -∞ - -∞ is no number: as long as a query has seen no key, 0 stands for its maximum.
            float base = most == minus_infinity() ? 0 : most;
            factor[half] = exp2_fast(peak[half] - base);
            peak[half] = most;
            sum[half] *= factor[half];
            UNROLL
            for (int n = 0; n < N; n++) {
                UNROLL
                for (int i = 2 * half; i < 2 * half + 2; i++) {
                    scores[n][i] = exp2_fast(scores[n][i] - base);
                    sum[half] += scores[n][i];
                }
            }
        }
    }
};

// Scales scores and hides those of keys that a query does not see. row and column are those of the first score.
template <int N>
__device__ void scale_and_hide(float (&scores)[N][4], float factor, int row, int column, const Shape &s) {
    UNROLL
    for (int n = 0; n < N; n++) {
        UNROLL
        for (int i = 0; i < 4; i++) {
            bool seen = s.sees(row + accumulator_row(i), column + accumulator_column(n, i));
            scores[n][i] = seen ? scores[n][i] * factor : minus_infinity();
        }
    }
}

// Chosen keys, and where their probabilities go: [B, heads, queries, count].
struct Tokens {
    float *probs;
    const int *keys;
    int count;
};

// Puts down the scores of chosen keys among those of the columns from column on.
template <int N>
__device__ void keep_scores(const Tokens &t, const float (&scores)[N][4], int row, int column, const Shape &s) {
    for (int j = 0; j < t.count; j++) {
        int at = t.keys[j] - column;
        if (at < 0 || at >= 8 * N || at % 8 / 2 != lane_index() % 4) continue;
        UNROLL
        for (int n = 0; n < N; n++) {
            UNROLL
            for (int i = 0; i < 4; i++) {
                int query = row + accumulator_row(i);
                if (accumulator_column(n, i) == at && query < s.queries) {
                    t.probs[(s.first_number() + query) * t.count + j] = scores[n][i];
                }
            }
        }
    }
}

// Turns the scores of a warp's 16 queries into probabilities, the lanes of a quad taking turns.
__device__ inline void finish_tokens(const Tokens &t, const RunningSoftmax &softmax, const float (&inverse)[2], int row,
                                     const Shape &s) {
    __syncwarp(); // what other lanes put down
    UNROLL
    for (int half = 0; half < 2; half++) {
        int query = row + accumulator_row(2 * half);
        if (query >= s.queries) continue;
        float *p = t.probs + (s.first_number() + query) * t.count;
        for (int j = lane_index() % 4; j < t.count; j += 4) {
            p[j] = s.sees(query, t.keys[j]) ? exp2_fast(p[j] - softmax.peak[half]) * inverse[half] : 0;
        }
    }
}

// out, lse and the tokens are written where they are not null; v is read if there is an out.
template <class T, class E, int D>
__device__ void attention_forward(T *out, float *lse, const Tokens &tokens, const T *q, const T *k, const T *v,
                                  const Shape &s) {
    using Sizes = ForwardSizes<E, D>;
    constexpr int height = 16 * Sizes::warps, width = Sizes::columns, stride = Tile<E, D>::stride;
    DYNAMIC_SHARED(shared);
    E *queries = reinterpret_cast<E *>(shared), *keys = queries + height * stride, *values = keys + width * stride;
    int first = static_cast<int>(blockIdx.x) * height, row = first + 16 * warp_index();
    int end = s.causal ? smaller(s.keys, first + height) : s.keys;
    load_tile<D, height, Sizes::warps>(queries, q + s.first_query(), first, s.queries, s);
    float acc[D / 8][4];
    clear(acc);
    RunningSoftmax softmax;
    for (int column = 0; column < end; column += width) {
        __syncthreads(); // the last tiles have been used
        load_tile<D, width, Sizes::warps>(keys, k + s.first_key(), column, s.keys, s);
        if (out != nullptr) load_tile<D, width, Sizes::warps>(values, v + s.first_key(), column, s.keys, s);
        __syncthreads();
        float scores[width / 8][4];
        clear(scores);
        WarpProduct<E>::template rows<D>(scores, queries + 16 * warp_index() * stride, keys);
        scale_and_hide(scores, s.scale * log2_of_e, row, column, s);
        if (tokens.count > 0) keep_scores(tokens, scores, row, column, s);
        float factor[2];
        softmax.take(scores, factor);
        if (out == nullptr) continue;
        UNROLL
        for (int n = 0; n < D / 8; n++) {
            UNROLL
            for (int i = 0; i < 4; i++) acc[n][i] *= factor[i / 2];
        }
        WarpProduct<E>::template weights<D>(acc, scores, values);
    }
    float inverse[2];
    UNROLL
    for (int half = 0; half < 2; half++) {
        float sum = quad_sum(softmax.sum[half]);
        inverse[half] = 1 / sum;
        int query = row + accumulator_row(2 * half);
        if (lse != nullptr && lane_index() % 4 == 0 && query < s.queries) {
            lse[s.first_number() + query] = (softmax.peak[half] + log2_fast(sum)) * ln_of_2;
        }
    }
    if (out != nullptr) store_rows(out + s.first_query(), acc, inverse, row, s.queries, s);
    if (tokens.count > 0) finish_tokens(tokens, softmax, inverse, row, s);
}

// Shared memory lets few blocks be on a multiprocessor at a time. Told to fit one at least, ptxas takes the registers
// that it needs; left to itself it spills some, on sm_120, to make room for more blocks.
#define ATTENTION_FORWARD(name, T, E, D)                                                                               \
    extern "C" __global__ void __launch_bounds__(32 * ForwardSizes<E, D>::warps, 1)                                    \
        name(T *out, float *lse, float *token_probs, const T *q, const T *k, const T *v, const int *tokens,            \
             int token_count, int heads, int queries, int keys, int channels, float scale, int causal) {               \
        Shape s{heads, queries, keys, channels, scale, causal != 0};                                                   \
        attention_forward<T, E, D>(out, lse, Tokens{token_probs, tokens, token_count}, q, k, v, s);                    \
    }                                                                                                                  \
    EXPORT_KERNEL(name)

// One kernel for each size of head that is padded to; a smaller head takes the next.
#define ATTENTION_FORWARDS(T, E)                                                                                       \
    ATTENTION_FORWARD(attention_forward_##T##_##E##_40, T, E, 40);                                                     \
    ATTENTION_FORWARD(attention_forward_##T##_##E##_64, T, E, 64);                                                     \
    ATTENTION_FORWARD(attention_forward_##T##_##E##_80, T, E, 80);                                                     \
    ATTENTION_FORWARD(attention_forward_##T##_##E##_160, T, E, 160)
