// Pictures filtered along both axes.
#include "elements.h"

// The filter of one axis: output i is the sum of count[i] positions from start[i] on, times weight[i·most] on.
struct Taps {
    const int *start, *count;
    const float *weight;
    int most;
};

// out [b, rows, columns, c], of n elements, is filtered from x [b, h, w, c].
extern "C" __global__ void resample(float *out, const float *x, long long n, int h, int w, int c, int rows, int columns,
                                    const int *row_start, const int *row_count, const float *row_weight, int row_most,
                                    const int *column_start, const int *column_count, const float *column_weight,
                                    int column_most) {
    long long i = element_index(n);
    if (i < 0) return;
    Taps down{row_start, row_count, row_weight, row_most};
    Taps across{column_start, column_count, column_weight, column_most};
    int channel = static_cast<int>(i % c), column = static_cast<int>(i / c % columns);
    int row = static_cast<int>(i / c / columns % rows);
    long long entry = i / c / columns / rows;
    const float *corner = x + ((entry * h + down.start[row]) * w + across.start[column]) * c + channel;
    float sum = 0;
    for (int y = 0; y < down.count[row]; y++) {
        float line = 0;
        for (int z = 0; z < across.count[column]; z++) {
            line += across.weight[column * across.most + z] * corner[(static_cast<long long>(y) * w + z) * c];
        }
        sum += down.weight[row * down.most + y] * line;
    }
    out[i] = sum;
}
EXPORT_KERNEL(resample);
