// Group normalisation of x [b, hw, c], an activation included, and its gradient (Wu and He 2018).
//
// A group is hw rows of width = c/groups channels. Each is cut into parts of so many rows, which a block each goes
// through; their statistics are joined by one warp for each group, in a fixed order, and then every element is done.
#include "activation.h"
#include "elements.h"

struct Groups {
    int hw, c, groups;
    __device__ int width() const { return c / groups; }
    // The number of an element's group among those of all entries.
    __device__ long long group(long long i) const {
        return i / (static_cast<long long>(hw) * c) * groups + i % c / width();
    }
};

// The rows of one part of one group: parts along x, groups along y, entries along z.
struct Part {
    long long first; // element of x
    int rows, width, c;

    __device__ Part(const Groups &g, int rows_per_part) {
        int row = static_cast<int>(blockIdx.x) * rows_per_part;
        rows = smaller(rows_per_part, g.hw - row);
        width = g.width();
        c = g.c;
        first = (static_cast<long long>(blockIdx.z) * g.hw + row) * c + static_cast<int>(blockIdx.y) * width;
    }
    __device__ int count() const { return rows * width; }
    __device__ long long at(int i) const { return first + static_cast<long long>(i / width) * c + i % width; }
    __device__ int channel(int i) const { return static_cast<int>(blockIdx.y) * width + i % width; }
    // Where the part's pair of results goes: [entries, groups, parts, 2].
    __device__ long long result() const {
        return ((static_cast<long long>(blockIdx.z) * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x) * 2;
    }
};

// The sum of x over a block of at most 8 warps, in every thread.
__device__ inline float block_sum(float x, float *sums) {
    x = warp_sum(x);
    __syncthreads(); // the last sum has been read
    if (lane_index() == 0) sums[warp_index()] = x;
    __syncthreads();
    x = 0;
    for (int w = 0; w < static_cast<int>(blockDim.x) / warp_size; w++) x += sums[w];
    return x;
}

// partial receives the mean of each part and the sum of squared deviations from it.
extern "C" __global__ void group_norm_moments(float *partial, const float *x, int hw, int c, int groups,
                                              int rows_per_part) {
    SHARED_ARRAY(float, sums, 8);
    Part part(Groups{hw, c, groups}, rows_per_part);
    int step = static_cast<int>(blockDim.x);
    float sum = 0, squares = 0;
    for (int i = static_cast<int>(threadIdx.x); i < part.count(); i += step) sum += x[part.at(i)];
    float mean = block_sum(sum, sums) / part.count();
    for (int i = static_cast<int>(threadIdx.x); i < part.count(); i += step) {
        float d = x[part.at(i)] - mean;
        squares += d * d;
    }
    squares = block_sum(squares, sums);
    if (threadIdx.x != 0) return;
    partial[part.result()] = mean;
    partial[part.result() + 1] = squares;
}
EXPORT_KERNEL(group_norm_moments);

// stats [groups of all entries, 2] receives each group's mean, and one over its standard deviation, of the moments of
// its parts (Chan, Golub and LeVeque 1979, for any number of sets). A block of one warp has a group.
extern "C" __global__ void group_norm_stats(float *stats, const float *partial, int parts, int hw, int width,
                                            int rows_per_part, float eps) {
    partial += static_cast<long long>(blockIdx.x) * parts * 2;
    float count = static_cast<float>(hw) * width, sum = 0, squares = 0;
    auto size = [&](int i) { return static_cast<float>(smaller(rows_per_part, hw - i * rows_per_part)) * width; };
    for (int i = lane_index(); i < parts; i += warp_size) sum += size(i) / count * partial[2 * i];
    float mean = warp_sum(sum);
    for (int i = lane_index(); i < parts; i += warp_size) {
        float d = partial[2 * i] - mean;
        squares += partial[2 * i + 1] + size(i) * d * d;
    }
    squares = warp_sum(squares);
    if (lane_index() != 0) return;
    stats[2 * blockIdx.x] = mean;
    stats[2 * blockIdx.x + 1] = 1 / sqrtf(squares / count + eps);
}
EXPORT_KERNEL(group_norm_stats);

// out, which may be x, receives the result. silu says whether SiLU follows.
extern "C" __global__ void group_norm_apply(float *out, const float *x, const float *gamma, const float *beta,
                                            const float *stats, long long n, int hw, int c, int groups, int silu) {
    long long i = element_index(n);
    if (i < 0) return;
    const float *s = stats + 2 * Groups{hw, c, groups}.group(i);
    float y = (x[i] - s[0]) * s[1] * gamma[i % c] + beta[i % c];
    out[i] = silu ? swish(y, 1) : y;
}
EXPORT_KERNEL(group_norm_apply);

// The gradient with respect to a normalised number, of which x_hat is the value.
__device__ inline float normalised_grad(float dy, float x_hat, float gamma, float beta, int silu) {
    return gamma * (silu ? dy * swish_slope(x_hat * gamma + beta, 1) : dy);
}

// partial receives the sums of d and of d·x̂ over each part, with d the gradient with respect to x̂, the normalised x.
extern "C" __global__ void group_norm_comoments(float *partial, const float *dy, const float *x, const float *gamma,
                                                const float *beta, const float *stats, int hw, int c, int groups,
                                                int rows_per_part, int silu) {
    SHARED_ARRAY(float, sums, 8);
    Part part(Groups{hw, c, groups}, rows_per_part);
    const float *s = stats + 2 * (static_cast<long long>(blockIdx.z) * groups + blockIdx.y);
    float sum = 0, dot = 0;
    for (int i = static_cast<int>(threadIdx.x); i < part.count(); i += static_cast<int>(blockDim.x)) {
        long long at = part.at(i);
        int channel = part.channel(i);
        float x_hat = (x[at] - s[0]) * s[1];
        float d = normalised_grad(dy[at], x_hat, gamma[channel], beta[channel], silu);
        sum += d;
        dot += d * x_hat;
    }
    sum = block_sum(sum, sums);
    dot = block_sum(dot, sums);
    if (threadIdx.x != 0) return;
    partial[part.result()] = sum;
    partial[part.result() + 1] = dot;
}
EXPORT_KERNEL(group_norm_comoments);

// means [groups of all entries, 2] receives the sums of partial over the parts, divided by the size of a group.
extern "C" __global__ void group_norm_means(float *means, const float *partial, int parts, int hw, int width) {
    partial += static_cast<long long>(blockIdx.x) * parts * 2;
    float sum = 0, dot = 0;
    for (int i = lane_index(); i < parts; i += warp_size) {
        sum += partial[2 * i];
        dot += partial[2 * i + 1];
    }
    sum = warp_sum(sum);
    dot = warp_sum(dot);
    if (lane_index() != 0) return;
    means[2 * blockIdx.x] = sum / (static_cast<float>(hw) * width);
    means[2 * blockIdx.x + 1] = dot / (static_cast<float>(hw) * width);
}
EXPORT_KERNEL(group_norm_means);

// dx, which may be dy, receives (d - mean(d) - x̂·mean(d·x̂)) / deviation.
extern "C" __global__ void group_norm_grad(float *dx, const float *dy, const float *x, const float *gamma,
                                           const float *beta, const float *stats, const float *means, long long n,
                                           int hw, int c, int groups, int silu) {
    long long i = element_index(n);
    if (i < 0) return;
    long long group = Groups{hw, c, groups}.group(i);
    const float *s = stats + 2 * group, *m = means + 2 * group;
    float x_hat = (x[i] - s[0]) * s[1];
    float d = normalised_grad(dy[i], x_hat, gamma[i % c], beta[i % c], silu);
    dx[i] = s[1] * (d - m[0] - x_hat * m[1]);
}
EXPORT_KERNEL(group_norm_grad);
