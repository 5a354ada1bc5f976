// What the gradients of attention need of each query first, and the parts of the gradients of chosen probabilities that
// are not attention themselves. One warp has a row; where rows are summed over, a block has the sum.
#include "attention.h"

// The row of [B, heads, queries] that a warp has, -1 beyond the last, and where it starts in q.
struct QueryRow {
    long long row;
    size_t first;

    __device__ QueryRow(int entries, const Shape &s) {
        row = static_cast<long long>(blockIdx.x) * (blockDim.x / warp_size) + warp_index();
        if (row >= static_cast<long long>(entries) * s.heads * s.queries) row = -1;
        size_t head = row / s.queries, query = row % s.queries;
        first = ((head / s.heads * s.queries + query) * s.heads + head % s.heads) * s.channels;
    }
};

// largest [B, heads, queries] receives the largest magnitude in each row of dout.
template <class T>
__device__ void grad_largest(float *largest, const T *dout, int entries, const Shape &s) {
    QueryRow r(entries, s);
    if (r.row < 0) return;
    float most = 0;
    for (int c = lane_index(); c < s.channels; c += warp_size) most = fmaxf(most, fabsf(to_float(dout[r.first + c])));
    most = warp_max(most);
    if (lane_index() == 0) largest[r.row] = most;
}

// factor [heads of all entries] receives what dout is multiplied with; a block of one warp has a head.
extern "C" __global__ void attention_grad_factor(float *factor, const float *largest, int queries) {
    float most = 0;
    for (int i = lane_index(); i < queries; i += warp_size) {
        most = fmaxf(most, largest[static_cast<size_t>(blockIdx.x) * queries + i]);
    }
    most = warp_max(most);
    if (lane_index() == 0) factor[blockIdx.x] = power_to_one(most);
}
EXPORT_KERNEL(attention_grad_factor);

// delta [B, heads, queries] receives the sums of dout∘out over the channels of each row, times the head's factor.
// dout is rounded as it will be in dout·vᵀ, from which delta is subtracted: where a query attends to one key alone,
// they cancel.
template <class T, class E>
__device__ void grad_delta(float *delta, const float *factor, const T *out, const T *dout, int entries,
                           const Shape &s) {
    QueryRow r(entries, s);
    if (r.row < 0) return;
    float of_head = factor[r.row / s.queries], sum = 0;
    for (int c = lane_index(); c < s.channels; c += warp_size) {
        sum += to_float(rounded<E>(to_float(dout[r.first + c]) * of_head)) * to_float(out[r.first + c]);
    }
    sum = warp_sum(sum);
    if (lane_index() == 0) delta[r.row] = sum;
}

#define ATTENTION_GRAD_LARGEST(T)                                                                                      \
    extern "C" __global__ void attention_grad_largest_##T(float *largest, const T *dout, int entries, int heads,       \
                                                          int queries, int channels) {                                 \
        grad_largest(largest, dout, entries, Shape{heads, queries, 0, channels, 0, false});                            \
    }                                                                                                                  \
    EXPORT_KERNEL(attention_grad_largest_##T)

ATTENTION_GRAD_LARGEST(f32);
ATTENTION_GRAD_LARGEST(f16);
ATTENTION_GRAD_LARGEST(bf16);

#define ATTENTION_GRAD_DELTA(T, E)                                                                                     \
    extern "C" __global__ void attention_grad_delta_##T##_##E(float *delta, const float *factor, const T *out,         \
                                                              const T *dout, int entries, int heads, int queries,      \
                                                              int channels) {                                          \
        grad_delta<T, E>(delta, factor, out, dout, entries, Shape{heads, queries, 0, channels, 0, false});             \
    }                                                                                                                  \
    EXPORT_KERNEL(attention_grad_delta_##T##_##E)

ATTENTION_GRAD_DELTA(f32, f32);
ATTENTION_GRAD_DELTA(f32, f16);
ATTENTION_GRAD_DELTA(f32, bf16);
ATTENTION_GRAD_DELTA(f16, f16);
ATTENTION_GRAD_DELTA(bf16, bf16);

// The gradients of chosen probabilities. With g = dp∘p and δ its sum over a row's tokens,
//
//	dq = scale·(g·k[tokens] - δ∘(P·k))   dk = scale·(gᵀ·q at the tokens - Pᵀ·(δ∘q))
//
// P·k is attention over k in place of v, and Pᵀ·(δ∘q) its gradient with respect to v.

__device__ inline float tokens_delta(const float *p, const float *dp, long long row, int count) {
    float sum = 0;
    for (int t = 0; t < count; t++) sum += p[row * count + t] * dp[row * count + t];
    return sum;
}

// Turns dq, which holds P·k, into the gradient.
extern "C" __global__ void attention_tokens_grad_queries(float *dq, const float *k, const float *p, const float *dp,
                                                         const int *tokens, int count, int entries, int heads,
                                                         int queries, int keys, int channels, float scale) {
    Shape s{heads, queries, keys, channels, scale, false};
    QueryRow r(entries, s);
    if (r.row < 0) return;
    float delta = tokens_delta(p, dp, r.row, count);
    size_t head = r.row / queries;
    const float *key = k + (head / heads * keys * heads + head % heads) * channels;
    for (int c = lane_index(); c < channels; c += warp_size) {
        float sum = -delta * dq[r.first + c];
        for (int t = 0; t < count; t++) {
            float g = p[r.row * count + t] * dp[r.row * count + t];
            sum += g * key[tokens[t] * s.stride() + c];
        }
        dq[r.first + c] = scale * sum;
    }
}
EXPORT_KERNEL(attention_tokens_grad_queries);

// weighted, like q, receives -scale·δ∘q.
extern "C" __global__ void attention_tokens_grad_weights(float *weighted, const float *q, const float *p,
                                                         const float *dp, int count, int entries, int heads,
                                                         int queries, int channels, float scale) {
    QueryRow r(entries, Shape{heads, queries, 0, channels, scale, false});
    if (r.row < 0) return;
    float factor = -scale * tokens_delta(p, dp, r.row, count);
    for (int c = lane_index(); c < channels; c += warp_size) weighted[r.first + c] = factor * q[r.first + c];
}
EXPORT_KERNEL(attention_tokens_grad_weights);

// Adds scale·gᵀ·q to the tokens' rows of dk. Blocks are along x for tokens and y for heads. A key that is named more
// than once belongs to the block of its first name. Each warp sums over every so manieth query, and the block over
// its warps.
extern "C" __global__ void attention_tokens_grad_keys(float *dk, const float *q, const float *p, const float *dp,
                                                      const int *tokens, int count, int heads, int queries, int keys,
                                                      int channels, float scale) {
    SHARED_ARRAY(float, sums, 8 * 32);
    Shape s{heads, queries, keys, channels, scale, false};
    int key = tokens[blockIdx.x], warps = static_cast<int>(blockDim.x) / warp_size;
    for (int t = 0; t < static_cast<int>(blockIdx.x); t++) {
        if (tokens[t] == key) return;
    }
    for (int c = lane_index(); c < (channels + 31) / 32 * 32; c += warp_size) {
        float sum = 0;
        for (int i = warp_index(); i < queries && c < channels; i += warps) {
            float g = 0;
            for (int t = static_cast<int>(blockIdx.x); t < count; t++) {
                size_t at = (s.first_number() + i) * count + t;
                if (tokens[t] == key) g += p[at] * dp[at];
            }
            sum += g * q[s.first_query() + i * s.stride() + c];
        }
        sums[threadIdx.x] = sum;
        __syncthreads();
        if (warp_index() == 0 && c < channels) {
            for (int w = 1; w < warps; w++) sum += sums[w * warp_size + lane_index()];
            dk[s.first_key() + key * s.stride() + c] += scale * sum;
        }
        __syncthreads();
    }
}
EXPORT_KERNEL(attention_tokens_grad_keys);
