/* The part of libcuda that package cuda calls, without a GPU: device memory is the host's, modules are looked at and
 * not run, and launches are written down. make.sh adds a stub for every other function of cuda.h.
 *
 * The environment decides what a test meets; it is read at every call:
 *   FAKE_CUDA_INIT        code that cuInit returns
 *   FAKE_CUDA_DRIVER      the driver's CUDA version (13050)
 *   FAKE_CUDA_CAPABILITY  the device's compute capability (86)
 *   FAKE_CUDA_MEMORY      bytes of device memory (1048576)
 *   FAKE_CUDA_REFUSE      cubin: machine code is refused; all: PTX, too
 *   FAKE_CUDA_LAUNCH      code that launches return
 *   FAKE_CUDA_PARAMS      how many parameters launches have
 *   FAKE_CUDA_LOG         file to which calls are appended
 */
#include <cuda.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long setting(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text && *text ? atol(text) : otherwise;
}

static void note(const char *format, ...) {
    const char *path = getenv("FAKE_CUDA_LOG");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (!file) return;
    va_list args;
    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    fclose(file);
}

CUresult cuInit(unsigned int flags) { return setting("FAKE_CUDA_INIT", CUDA_SUCCESS); }

CUresult cuGetErrorName(CUresult error, const char **name) {
    *name = error == CUDA_ERROR_NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_OF_SOME_KIND";
    return CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int *version) {
    *version = setting("FAKE_CUDA_DRIVER", 13050);
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count) {
    *count = 2;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
    *device = ordinal;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int size, CUdevice device) {
    snprintf(name, size, "Fake GPU");
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) {
    long capability = setting("FAKE_CUDA_CAPABILITY", 86);
    switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *value = capability / 10; return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *value = capability % 10; return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: *value = 101376; return CUDA_SUCCESS;
    default: return CUDA_ERROR_INVALID_VALUE;
    }
}

static __thread CUcontext current;
static char primary;

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
    *context = (CUcontext)&primary;
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease(CUdevice device) {
    note("released\n");
    return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext context) {
    current = context;
    return CUDA_SUCCESS;
}

/* What any call returns first: without a current context on this thread the real driver refuses, and after a kernel
 * has failed it says so forever. */
static CUresult state(void) {
    if (!current) return CUDA_ERROR_INVALID_CONTEXT;
    return setting("FAKE_CUDA_LAUNCH", CUDA_SUCCESS);
}

static size_t used;

CUresult cuMemGetInfo(size_t *available, size_t *total) {
    *total = setting("FAKE_CUDA_MEMORY", 1 << 20);
    *available = *total - used;
    return state();
}

CUresult cuMemAlloc(CUdeviceptr *address, size_t bytes) {
    size_t available, total;
    CUresult result = cuMemGetInfo(&available, &total);
    if (result) return result;
    if (bytes > available) return CUDA_ERROR_OUT_OF_MEMORY;
    size_t *block = malloc(bytes + 16);
    *block = bytes;
    used += bytes;
    *address = (CUdeviceptr)block + 16;
    return CUDA_SUCCESS;
}

CUresult cuMemFree(CUdeviceptr address) {
    size_t *block = (size_t *)(address - 16);
    used -= *block;
    note("freed %zu\n", *block);
    free(block);
    return state();
}

CUresult cuMemcpyHtoD(CUdeviceptr to, const void *from, size_t bytes) {
    memcpy((void *)to, from, bytes);
    return state();
}

CUresult cuMemcpyDtoH(void *to, CUdeviceptr from, size_t bytes) {
    memcpy(to, (const void *)from, bytes);
    return state();
}

CUresult cuCtxSynchronize(void) { return state(); }

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int count, CUjit_option *options,
                            void **values) {
    const char *refuse = getenv("FAKE_CUDA_REFUSE");
    int elf = memcmp(image, "\177ELF", 4) == 0;
    const char *version = elf ? NULL : strstr(image, ".version");
    if (refuse && (elf || !strcmp(refuse, "all"))) {
        for (unsigned int i = 0; i < count; i++)
            if (options[i] == CU_JIT_ERROR_LOG_BUFFER) strcpy(values[i], "refused by the test");
        return elf ? CUDA_ERROR_NO_BINARY_FOR_GPU : CUDA_ERROR_INVALID_PTX;
    }
    note("loaded %s %.*s\n", elf ? "cubin" : "ptx", version ? 12 : 0, version ? version : "");
    *module = (CUmodule)&primary;
    return state();
}

CUresult cuModuleUnload(CUmodule module) { return state(); }

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
    *function = (CUfunction)strdup(name);
    return state();
}

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction function) {
    if (attribute != CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES) return CUDA_ERROR_INVALID_VALUE;
    *value = 1024;
    return state();
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
    note("%s attribute %d = %d\n", (const char *)function, (int)attribute, value);
    return state();
}

CUresult cuLaunchKernel(CUfunction function, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx,
                        unsigned int by, unsigned int bz, unsigned int shared, CUstream stream, void **params,
                        void **extra) {
    note("%s <%u %u %u> <%u %u %u> %u:", (const char *)function, gx, gy, gz, bx, by, bz, shared);
    for (long i = 0; i < setting("FAKE_CUDA_PARAMS", 0); i++) note(" %llx", *(unsigned long long *)params[i]);
    note("\n");
    return state();
}
