// mma, where the emulator spends most of its time: this file is compiled without sanitizers, for which registers of
// lanes, which are all that it touches, hold no surprises.
#include "device_host.h"

namespace emulator {

template <class E>
static float half_of(unsigned pair, int high) {
    return to_float(E{static_cast<std::uint16_t>(pair >> (16 * high))});
}

// Gathers A [16, 16], Bᵀ [8, 16] and D [16, 8] from the lanes: with group = lane/4 and t = lane%4, register i of A
// holds row group+8·(i%2), columns 2t and 2t+1, from 8 on if i ≥ 2; register i of B rows 2t and 2t+1, from 8 on if i =
// 1, of column group; D's i holds row group+8·(i/2), column 2t+i%2.
template <class E>
void compute_product(Warp &w) {
    float a[16][16], b[16][8];
    for (int lane = 0; lane < 32; lane++) {
        auto *p = static_cast<Product *>(w.threads[lane].operand);
        int group = lane / 4, t = lane % 4;
        for (int high = 0; high < 2; high++) {
            for (int i = 0; i < 4; i++) a[group + i % 2 * 8][2 * t + high + i / 2 * 8] = half_of<E>(p->a[i], high);
            for (int i = 0; i < 2; i++) b[2 * t + high + i * 8][group] = half_of<E>(p->b[i], high);
        }
    }
    for (int row = 0; row < 16; row++) {
        float sum[8] = {};
        for (int k = 0; k < 16; k++) {
            for (int column = 0; column < 8; column++) sum[column] += a[row][k] * b[k][column];
        }
        for (int column = 0; column < 8; column++) {
            auto *p = static_cast<Product *>(w.threads[row % 8 * 4 + column / 2].operand);
            p->d[row / 8 * 2 + column % 2] += sum[column];
        }
    }
}

template void compute_product<f16>(Warp &w);
template void compute_product<bf16>(Warp &w);

} // namespace emulator
