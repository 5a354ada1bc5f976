#include "block.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>

#include <pthread.h>
#include <sys/mman.h>

namespace emulator {

const Launch *launch;
Dim3 block_index;
Thread *current;

namespace {

constexpr std::size_t stack_size = 256 << 10;
constexpr std::size_t max_threads = 1024;

// Shared memory starts as this: NaN in every floating-point format, so that reading what nobody wrote shows.
constexpr int poison = 0xff;

struct Block {
    std::vector<Thread> threads;
    std::vector<Warp> warps;
    std::size_t at_barrier = 0, done = 0;
    std::unique_ptr<unsigned char[]> dynamic;
    std::map<const void *, std::vector<unsigned char>> arrays;
    std::string error;
    unsigned lot = 1;
};

Block block;
Fiber scheduler;
unsigned char *stacks;

void next(bool last = false);

void thread_main() {
    launch->body();
    current->state = Thread::done;
    current->warp->ready &= ~(1u << current->lane);
    block.done++;
    next(true);
}

// Leaves the running thread for another of its warp, or for the scheduler.
void next(bool last) {
    Thread &from = *current;
    Warp &warp = *from.warp;
    Fiber *to = &scheduler;
    if (warp.ready != 0 && block.error.empty()) {
        unsigned after = warp.ready & ~((2u << from.lane) - 1);
        current = &warp.threads[__builtin_ctz(after != 0 ? after : warp.ready)];
        to = &current->fiber;
    }
    Fiber::change(from.fiber, *to, last);
}

void wait(int state, Site site) {
    current->state = static_cast<decltype(current->state)>(state);
    current->site = site;
    current->warp->ready &= ~(1u << current->lane);
    next();
}

std::string describe(Dim3 d) {
    return "(" + std::to_string(d.x) + ", " + std::to_string(d.y) + ", " + std::to_string(d.z) + ")";
}

std::string describe(Site s) { return std::string(s.what) + " at " + s.file + ":" + std::to_string(s.line); }

std::string where() { return "kernel " + launch->kernel + ", block " + describe(block_index) + ": "; }

unsigned all_of(const Warp &w) { return w.size == 32 ? ~0u : (1u << w.size) - 1; }

void start_block() {
    std::size_t n = launch->block.count();
    block.threads.resize(n);
    block.warps.assign((n + 31) / 32, Warp{});
    block.at_barrier = block.done = 0;
    for (std::size_t i = 0; i < n; i++) {
        Thread &t = block.threads[i];
        auto x = static_cast<unsigned>(i), w = launch->block.x, h = launch->block.y;
        t.index = {x % w, x / w % h, x / w / h};
        t.lane = static_cast<int>(i % 32);
        t.warp = &block.warps[i / 32];
        t.state = Thread::running;
        t.copies.clear();
        t.groups = 0;
        t.fiber.prepare(stacks + i * stack_size, stack_size, thread_main);
        if (t.lane == 0) t.warp->threads = &t;
        t.warp->size++;
    }
    for (Warp &w : block.warps) w.ready = all_of(w);
    if (launch->shared > 0) std::memset(block.dynamic.get(), poison, launch->shared);
    for (auto &[key, bytes] : block.arrays) std::memset(bytes.data(), poison, bytes.size());
}

// A warp that can run, drawn by lot; nullptr if there is none.
Warp *draw() {
    Warp *drawn = nullptr;
    unsigned candidates = 0;
    for (Warp &w : block.warps) {
        if (w.ready == 0) continue;
        block.lot = block.lot * 1664525u + 1013904223u;
        if ((block.lot >> 16) % ++candidates == 0) drawn = &w;
    }
    return drawn;
}

// Why no thread can run, in words: how many wait where.
std::string deadlock() {
    std::map<std::string, int> waiting;
    for (const Thread &t : block.threads) {
        waiting[t.state == Thread::done ? "have left the kernel" : "wait in " + describe(t.site)]++;
    }
    std::string text = "threads wait for each other for ever:";
    for (auto &[place, n] : waiting) text += " " + std::to_string(n) + " " + place + ";";
    return text + " all threads of a block must reach the same barrier, and all of a warp the same warp-wide function";
}

void open_barrier() {
    for (Thread &t : block.threads) {
        if (!(t.site == block.threads[0].site)) {
            block.error = where() + deadlock();
            return;
        }
    }
    for (Thread &t : block.threads) t.state = Thread::running;
    for (Warp &w : block.warps) w.ready = all_of(w);
    block.at_barrier = 0;
}

void run_block() {
    start_block();
    while (block.error.empty()) {
        if (Warp *w = draw()) {
            current = &w->threads[__builtin_ctz(w->ready)];
            Fiber::change(scheduler, current->fiber);
        } else if (block.done == block.threads.size()) {
            return;
        } else if (block.at_barrier == block.threads.size()) {
            open_barrier();
        } else {
            block.error = where() + deadlock();
        }
    }
}

void prepare_once() {
    if (stacks != nullptr) return;
    void *p = mmap(nullptr, max_threads * stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (p == MAP_FAILED) {
        std::perror("emulator: stacks of the threads");
        std::exit(1);
    }
    stacks = static_cast<unsigned char *>(p);
#ifdef __linux__
    pthread_attr_t attributes;
    void *own = nullptr;
    std::size_t size = 0;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &own, &size);
    pthread_attr_destroy(&attributes);
    scheduler.adopt(static_cast<unsigned char *>(own), size);
#else
    auto end = static_cast<unsigned char *>(pthread_get_stackaddr_np(pthread_self()));
    std::size_t size = pthread_get_stacksize_np(pthread_self());
    scheduler.adopt(end - size, size);
#endif
}

} // namespace

std::string run(const Launch &l) {
    std::size_t n = l.block.count();
    if (n == 0 || n > max_threads || n % 32 != 0 || l.grid.count() == 0 || l.grid.y > 65535 || l.grid.z > 65535) {
        return "kernel " + l.kernel + ": grid " + describe(l.grid) + " of blocks " + describe(l.block) +
               ": a block has a multiple of 32 threads, at most 1024, and a grid at least one block, at most 65535 " +
               "along y and z";
    }
    prepare_once();
    launch = &l;
    block.error.clear();
    block.lot = 1;
    block.arrays.clear();
    block.dynamic.reset(l.shared > 0 ? new unsigned char[l.shared] : nullptr);
    for (unsigned z = 0; z < l.grid.z; z++) {
        for (unsigned y = 0; y < l.grid.y; y++) {
            for (unsigned x = 0; x < l.grid.x && block.error.empty(); x++) {
                block_index = {x, y, z};
                run_block();
            }
        }
    }
    return block.error;
}

void block_barrier(Site site) {
    block.at_barrier++;
    wait(Thread::in_block, site);
}

void warp_wide(Site site, void *operand, void (*compute)(Warp &)) {
    Warp &warp = *current->warp;
    current->operand = operand;
    if (++warp.arrived < warp.size) {
        wait(Thread::in_warp, site);
        return;
    }
    current->site = site;
    for (int i = 0; i < warp.size; i++) {
        if (!(warp.threads[i].site == site)) fail("a warp's threads are at different places: " + deadlock(), site);
    }
    compute(warp);
    warp.arrived = 0;
    warp.ready = all_of(warp);
    for (int i = 0; i < warp.size; i++) warp.threads[i].state = Thread::running;
}

unsigned char *dynamic_shared() { return block.dynamic.get(); }

unsigned char *static_shared(const void *key, std::size_t bytes) {
    auto [at, made] = block.arrays.try_emplace(key);
    if (made) at->second.assign(bytes, poison);
    return at->second.data();
}

void fail(const std::string &what, Site site) {
    block.error = where() + "thread " + describe(current->index) + ": " + describe(site) + ": " + what;
    next();
    std::abort(); // an abandoned thread runs no more
}

} // namespace emulator
