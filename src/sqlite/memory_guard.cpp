#include "sqlite/memory_guard.hpp"

#include "base/assert.hpp"

#include <sqlite3.h>

#include <cstdlib>
#include <malloc.h>
#include <mutex>

namespace zs::sqlite {
namespace {

thread_local MemoryScope* current_scope = nullptr;

int size_of(void* memory) {
    return static_cast<int>(malloc_usable_size(memory));
}

void* allocate(int bytes) {
    MemoryScope* const scope = current_scope;
    if (scope == nullptr) return std::malloc(static_cast<std::size_t>(bytes));
    if (!scope->take(static_cast<std::size_t>(bytes))) return nullptr;
    void* const memory = std::malloc(static_cast<std::size_t>(bytes));
    if (memory == nullptr) {
        scope->give(static_cast<std::size_t>(bytes));
    } else {
        // What is credited later is the usable size, so that is what has to be charged.
        scope->add(malloc_usable_size(memory) - static_cast<std::size_t>(bytes));
    }
    return memory;
}

void release(void* memory) {
    if (current_scope != nullptr) current_scope->give(malloc_usable_size(memory));
    std::free(memory);
}

void* reallocate(void* memory, int bytes) {
    MemoryScope* const scope = current_scope;
    const auto wanted = static_cast<std::size_t>(bytes);
    if (scope == nullptr) return std::realloc(memory, wanted);
    const std::size_t before = malloc_usable_size(memory);
    if (wanted > before && !scope->take(wanted - before)) return nullptr;
    void* const moved = std::realloc(memory, wanted);
    if (moved == nullptr) {
        if (wanted > before) scope->give(wanted - before);
        return nullptr;
    }
    const std::size_t after = malloc_usable_size(moved);
    const std::size_t charged = wanted > before ? wanted : before;
    if (after > charged) {
        scope->add(after - charged);
    } else {
        scope->give(charged - after);
    }
    return moved;
}

int round_up(int bytes) {
    return (bytes + 7) & ~7;
}
int start(void*) {
    return SQLITE_OK;
}
void stop(void*) {}

}  // namespace

void install_memory_guard() {
    static std::once_flag once;
    std::call_once(once, [] {
        static const sqlite3_mem_methods methods = {allocate, release, reallocate, size_of,
                                                    round_up, start,   stop,       nullptr};
        // Fails when somebody used SQLite before, and then the limits would silently not hold.
        ZS_ASSERT(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK);
        ZS_ASSERT(sqlite3_initialize() == SQLITE_OK);
    });
}

MemoryScope::MemoryScope(std::size_t bytes_max) : bytes_max_(bytes_max), outer_(current_scope) {
    current_scope = this;
}

MemoryScope::~MemoryScope() {
    current_scope = outer_;
}

bool MemoryScope::take(std::size_t bytes) {
    if (used_ > bytes_max_ || bytes > bytes_max_ - used_) {
        exhausted_ = true;
        return false;
    }
    used_ += bytes;
    return true;
}

void MemoryScope::give(std::size_t bytes) {
    used_ -= bytes < used_ ? bytes : used_;
}

}  // namespace zs::sqlite
