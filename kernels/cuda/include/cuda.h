/* cuda.h of any toolkit, as gorgonia.org/cu needs it.
 *
 * CUDA 13 gave five functions other parameters and the new ones the old names. gorgonia.org/cu v0.9.6 calls them as
 * CUDA 12 had them; drivers of CUDA 13 still have those, so they are declared again. A build against a toolkit of
 * CUDA 13 takes this folder before the toolkit's: CGO_CFLAGS="-I.../kernels/cuda/include -I/usr/local/cuda/include".
 */
#include_next <cuda.h>

#if CUDA_VERSION >= 13000
#undef cuCtxCreate
#undef cuMemAdvise
#undef cuMemPrefetchAsync
#undef cuGraphAddDependencies
#undef cuGraphGetEdges
#define cuCtxCreate cuCtxCreate_v2
CUresult CUDAAPI cuCtxCreate(CUcontext *context, unsigned int flags, CUdevice device);
CUresult CUDAAPI cuMemAdvise(CUdeviceptr data, size_t bytes, CUmem_advise advice, CUdevice device);
CUresult CUDAAPI cuMemPrefetchAsync(CUdeviceptr data, size_t bytes, CUdevice device, CUstream stream);
CUresult CUDAAPI cuGraphAddDependencies(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, size_t count);
CUresult CUDAAPI cuGraphGetEdges(CUgraph graph, CUgraphNode *from, CUgraphNode *to, size_t *count);
#endif
