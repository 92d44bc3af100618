#pragma once

#include "support/failure.hpp"

#include <fmt/format.h>

#include <dlfcn.h>
#include <string>

namespace zs::bench {

// A library of a peer, apart from the symbols of this program.
class SharedLibrary {
public:
    explicit SharedLibrary(const std::string& path)
        : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND)) {
        if (handle_ == nullptr) throw Failure(fmt::format("cannot load {}: {}", path, dlerror()));
    }
    SharedLibrary(const SharedLibrary&) = delete;
    SharedLibrary& operator=(const SharedLibrary&) = delete;
    // Never unloaded: threads of it may still run.

    template <class Function>
    void find(Function*& function, const char* name) const {
        function = reinterpret_cast<Function*>(dlsym(handle_, name));
        if (function == nullptr) throw Failure(fmt::format("there is no function {}", name));
    }

private:
    void* handle_;
};

}  // namespace zs::bench
