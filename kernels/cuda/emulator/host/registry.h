// The kernels of the program by name, and what their parameters are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace emulator {

struct Kernel {
    std::string kinds;                 // a letter for each parameter: see KindOf
    std::function<void(void **)> call; // takes the addresses of its arguments, like cuLaunchKernel's kernelParams
};

inline std::map<std::string, Kernel> &kernels() {
    static std::map<std::string, Kernel> all;
    return all;
}

// A letter for a parameter's type: p for pointers, i and l for signed, u and U for unsigned integers of 4 and 8 bytes,
// f for float.
template <class T>
struct KindOf;
template <class T>
struct KindOf<T *> {
    static constexpr char letter = 'p';
};
template <>
struct KindOf<std::int32_t> {
    static constexpr char letter = 'i';
};
template <>
struct KindOf<std::uint32_t> {
    static constexpr char letter = 'u';
};
template <>
struct KindOf<long> {
    static constexpr char letter = 'l';
};
template <>
struct KindOf<long long> {
    static constexpr char letter = 'l';
};
template <>
struct KindOf<unsigned long> {
    static constexpr char letter = 'U';
};
template <>
struct KindOf<unsigned long long> {
    static constexpr char letter = 'U';
};
template <>
struct KindOf<float> {
    static constexpr char letter = 'f';
};

struct Registration {
    template <class... P>
    Registration(const char *name, void (*kernel)(P...)) {
        kernels()[name] = {std::string{KindOf<P>::letter...},
                           [kernel](void **arguments) { call(kernel, arguments, std::index_sequence_for<P...>{}); }};
    }

    template <class... P, std::size_t... i>
    static void call(void (*kernel)(P...), void **arguments, std::index_sequence<i...>) {
        kernel(argument<P>(arguments[i])...);
    }

    template <class T>
    static T argument(const void *p) {
        T x;
        std::memcpy(&x, p, sizeof x);
        return x;
    }
};

} // namespace emulator
