// Fibers: stacks that one OS thread switches between. Switching saves the registers that a function call preserves and
// nothing else, which takes a few nanoseconds; AddressSanitizer is told, since it knows where the stack is.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#define EMULATOR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EMULATOR_ASAN 1
#endif
#endif
#ifdef EMULATOR_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
// Processors that there are no few lines of assembly for switch with ucontext, which asks the system each time.
#if !defined(__x86_64__) && !defined(__aarch64__)
#define EMULATOR_UCONTEXT 1
#endif
#ifdef EMULATOR_UCONTEXT
#include <ucontext.h>
#endif

namespace emulator {

class Fiber {
  public:
    // Makes the fiber start with a call of run() on the given stack when it is switched to. run never returns.
    void prepare(unsigned char *stack, std::size_t size, void (*run)());

    // Describes the stack that the program runs on already.
    void adopt(unsigned char *stack, std::size_t size) {
        stack_ = stack;
        size_ = size;
    }

    // Leaves the running fiber, from, for another. The call returns when from is switched to again; with from's last
    // switch, it does not.
    static void change(Fiber &from, Fiber &to, bool last = false);

  private:
    static void arrived(void *memory);
    static void enter();

    unsigned char *stack_ = nullptr;
    std::size_t size_ = 0;
    void (*run_)() = nullptr;
    void *pointer_ = nullptr; // the saved stack pointer
#ifdef EMULATOR_UCONTEXT
    ucontext_t context_;
#endif
};

} // namespace emulator
