#include "fiber.h"

#include <cstring>

namespace emulator {

static Fiber *entering; // the fiber that starts to run

#ifdef EMULATOR_UCONTEXT
// Nothing to add.
#elif defined(__x86_64__)

// The registers that the System V ABI has a callee preserve, on the stack that is left; then the same from the other.
extern "C" void emulator_switch(void **from, void *to);
asm(R"(
    .text
    .p2align 4
    .globl emulator_switch
emulator_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
)");

// Six registers, then the address that the switch returns to, with the stack as after a call.
static void *first_frame(unsigned char *stack, std::size_t size, void (*enter)()) {
    auto top = reinterpret_cast<void **>(stack + size) - 8;
    std::memset(top, 0, 8 * sizeof(void *));
    top[6] = reinterpret_cast<void *>(enter);
    return top;
}

#elif defined(__aarch64__)

extern "C" void emulator_switch(void **from, void *to);
#ifdef __APPLE__
#define SYMBOL "_emulator_switch"
#else
#define SYMBOL "emulator_switch"
#endif
asm(".text\n.p2align 4\n.globl " SYMBOL "\n" SYMBOL ":\n" R"(
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
)");

// Twenty saved registers; the twelfth is x30, which the switch returns to.
static void *first_frame(unsigned char *stack, std::size_t size, void (*enter)()) {
    auto top = reinterpret_cast<void **>(stack + size) - 20;
    std::memset(top, 0, 20 * sizeof(void *));
    top[11] = reinterpret_cast<void *>(enter);
    return top;
}

#endif

void Fiber::prepare(unsigned char *stack, std::size_t size, void (*run)()) {
    adopt(stack, size);
    run_ = run;
#ifdef EMULATOR_ASAN
    __asan_unpoison_memory_region(stack, size); // frames that an earlier fiber left without returning
#endif
#ifndef EMULATOR_UCONTEXT
    pointer_ = first_frame(stack, size, &Fiber::enter);
#else
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack;
    context_.uc_stack.ss_size = size;
    context_.uc_link = nullptr;
    makecontext(&context_, &Fiber::enter, 0);
#endif
}

void Fiber::change(Fiber &from, Fiber &to, bool last) {
    void *memory = nullptr; // of AddressSanitizer, for this stack
#ifdef EMULATOR_ASAN
    __sanitizer_start_switch_fiber(last ? nullptr : &memory, to.stack_, to.size_);
#else
    (void)last;
#endif
    entering = &to;
#ifndef EMULATOR_UCONTEXT
    emulator_switch(&from.pointer_, to.pointer_);
#else
    swapcontext(&from.context_, &to.context_);
#endif
    arrived(memory);
}

void Fiber::arrived(void *memory) {
#ifdef EMULATOR_ASAN
    __sanitizer_finish_switch_fiber(memory, nullptr, nullptr);
#else
    (void)memory;
#endif
}

void Fiber::enter() {
    Fiber *self = entering;
    arrived(nullptr);
    self->run_();
    __builtin_trap(); // run returned
}

} // namespace emulator
