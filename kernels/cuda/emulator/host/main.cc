// The emulator: a device in a process. It takes requests on standard input and answers on standard output, all numbers
// little-endian:
//
//	request  operation uint8, two uint64, and what the operation says
//	answer   uint64, length of an error message uint32, the message; then what the operation says
//
//	'a'llocate    bytes, -              answer: address
//	'f'ree        address, -
//	'w'rite       address, bytes        followed by the bytes
//	'r'ead        address, bytes        answer followed by the bytes, if there is no error
//	'l'aunch      shared memory, number of arguments; followed by the length of the kernel's name (uint32), the
//	              name, grid and block (six uint32), and for each argument its kind (uint8, see registry.h) and
//	              value (uint64)
//
// Every allocation is one of its own on the heap, so that AddressSanitizer sees where it ends.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "block.h"
#include "registry.h"

namespace {

using std::uint32_t;
using std::uint64_t;

std::map<uint64_t, uint64_t> sizes; // of the allocations, by address

void take(void *p, std::size_t n) {
    if (n > 0 && std::fread(p, 1, n, stdin) != n) std::exit(0); // the program that asks has gone
}

template <class T>
T take() {
    T x;
    take(&x, sizeof x);
    return x;
}

void give(const void *p, std::size_t n) {
    if (n > 0 && std::fwrite(p, 1, n, stdout) != n) std::exit(1);
}

void answer(uint64_t value, const std::string &error) {
    auto length = static_cast<uint32_t>(error.size());
    give(&value, sizeof value);
    give(&length, sizeof length);
    give(error.data(), length);
}

std::string number(uint64_t x) {
    char text[20];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(x));
    return text;
}

// What is wrong with a range of device memory that is to be copied, or "".
std::string check_range(uint64_t address, uint64_t bytes) {
    auto at = sizes.upper_bound(address);
    if (at != sizes.begin()) {
        --at;
        uint64_t offset = address - at->first;
        if (offset <= at->second && bytes <= at->second - offset) return "";
    }
    return std::to_string(bytes) + " bytes at " + number(address) + " are not inside one allocation";
}

void allocate(uint64_t bytes) {
    void *p = std::malloc(bytes);
    if (p == nullptr) return answer(0, "no memory for " + std::to_string(bytes) + " bytes");
    std::memset(p, 0xff, bytes); // NaN: reading what nobody wrote shows
    sizes[reinterpret_cast<uint64_t>(p)] = bytes;
    answer(reinterpret_cast<uint64_t>(p), "");
}

void release(uint64_t address) {
    if (sizes.erase(address) == 0) return answer(0, number(address) + " is no allocation");
    std::free(reinterpret_cast<void *>(address));
    answer(0, "");
}

void write(uint64_t address, uint64_t bytes) {
    std::string error = check_range(address, bytes);
    if (error.empty()) {
        take(reinterpret_cast<void *>(address), bytes);
    } else {
        std::vector<char> ignored(bytes);
        take(ignored.data(), bytes);
    }
    answer(0, error);
}

void read(uint64_t address, uint64_t bytes) {
    std::string error = check_range(address, bytes);
    answer(0, error);
    if (error.empty()) give(reinterpret_cast<const void *>(address), bytes);
}

emulator::Dim3 take_dim() {
    emulator::Dim3 d;
    d.x = take<uint32_t>();
    d.y = take<uint32_t>();
    d.z = take<uint32_t>();
    return d;
}

void launch(uint64_t shared, uint64_t count) {
    emulator::Launch l;
    l.kernel.resize(take<uint32_t>());
    take(l.kernel.data(), l.kernel.size());
    l.grid = take_dim();
    l.block = take_dim();
    l.shared = shared;
    std::string kinds(count, ' ');
    std::vector<uint64_t> values(count);
    std::vector<void *> arguments(count);
    for (uint64_t i = 0; i < count; i++) {
        kinds[i] = take<char>();
        values[i] = take<uint64_t>();
        arguments[i] = &values[i];
    }
    auto at = emulator::kernels().find(l.kernel);
    if (at == emulator::kernels().end()) return answer(0, "there is no kernel " + l.kernel);
    if (kinds != at->second.kinds) {
        return answer(0, "kernel " + l.kernel + ": arguments of kinds " + kinds + ", want " + at->second.kinds +
                             " (p address, i int32, u uint32, l int64, U uint64, f float32)");
    }
    l.body = [&] { at->second.call(arguments.data()); };
    answer(0, emulator::run(l));
}

} // namespace

int main() {
    for (;;) {
        auto operation = take<char>();
        auto first = take<uint64_t>(), second = take<uint64_t>();
        switch (operation) {
        case 'a': allocate(first); break;
        case 'f': release(first); break;
        case 'w': write(first, second); break;
        case 'r': read(first, second); break;
        case 'l': launch(first, second); break;
        default: answer(0, std::string("there is no operation ") + operation);
        }
        std::fflush(stdout);
    }
}
