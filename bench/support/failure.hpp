#pragma once

#include <stdexcept>
#include <string>

namespace zs::bench {

// A benchmark that cannot go on. It unwinds to run_bench(), so that the servers it started end and
// their directories vanish; nothing in here catches it on the way.
class Failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace zs::bench
