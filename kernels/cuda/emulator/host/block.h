// The block that runs: its threads as fibers, the barriers between them, its shared memory.
//
// A thread runs until it waits: at a barrier of its block, or in a function of its warp, which is computed when the
// last of the warp's threads gets there. Which warp goes on is drawn by lot, so that a barrier that is missing shows
// in the results; every launch draws the same.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "fiber.h"

namespace emulator {

struct Dim3 {
    unsigned x = 1, y = 1, z = 1;
    std::size_t count() const { return std::size_t{x} * y * z; }
};

// Where in the source a thread waits.
struct Site {
    const char *what = "";
    const char *file = "";
    int line = 0;
    bool operator==(const Site &o) const { return line == o.line && file == o.file && what == o.what; }
};

struct Warp;

// A copy to shared memory that is under way.
struct Copy {
    unsigned char *to;
    unsigned char bytes[16];
    unsigned group;
};

struct Thread {
    Fiber fiber;
    Dim3 index;
    int lane = 0;
    Warp *warp = nullptr;
    Site site;
    void *operand = nullptr; // of the warp-wide function that it waits in
    std::vector<Copy> copies;
    unsigned groups = 0; // of copies, that are closed
    enum { running, in_warp, in_block, done } state = running;
};

struct Warp {
    Thread *threads = nullptr;
    int size = 0;
    int arrived = 0;
    unsigned ready = 0; // the lanes that can run, one bit each
};

struct Launch {
    std::string kernel;
    Dim3 grid, block;
    std::size_t shared = 0;
    std::function<void()> body;
};

// Runs all blocks of a launch, one after another. Returns what went wrong, or "".
std::string run(const Launch &launch);

extern const Launch *launch; // that runs
extern Dim3 block_index;
extern Thread *current;

void block_barrier(Site site);

// Waits for all threads of the warp; the last calls compute for all of them.
void warp_wide(Site site, void *operand, void (*compute)(Warp &));

unsigned char *dynamic_shared();
// The block's static shared memory of one array, told apart by key.
unsigned char *static_shared(const void *key, std::size_t bytes);

// Stops the launch with an error at the running thread.
[[noreturn]] void fail(const std::string &what, Site site);

} // namespace emulator
