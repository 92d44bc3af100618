#pragma once

#include "adapters/process/limits.hpp"

#include <string>
#include <string_view>

namespace zs::process {

// Cuts a stream of bytes into lines at LF, without the CR before it. Bytes stay as they are. A line
// over 64 KiB comes in parts. Where the stream is cut makes no difference.
// Threading: one at a time.
class LineSplitter {
public:
    // Calls `take(std::string line, bool part)` for every line that is whole by now; `part`: the
    // line goes on in the next one.
    template <class Take>
    void write(std::string_view bytes, const Take& take) {
        while (!bytes.empty()) {
            if (bytes.front() == '\n') {
                if (!line_.empty() && line_.back() == '\r') line_.pop_back();
                take(std::exchange(line_, {}), false);
                began_ = false;
                bytes.remove_prefix(1);
                continue;
            }
            // Not before the next byte: it may be the LF.
            if (line_.size() == limits::kLinePartBytes) take(std::exchange(line_, {}), true);
            const auto end = std::min(bytes.find('\n'), bytes.size());
            const auto count = std::min(end, limits::kLinePartBytes - line_.size());
            line_.append(bytes.substr(0, count));
            began_ = true;
            bytes.remove_prefix(count);
        }
    }
    // No more bytes follow: a last line without LF counts.
    template <class Take>
    void finish(const Take& take) {
        if (began_) take(std::exchange(line_, {}), false);
        began_ = false;
    }

    // The line that has begun. Empty when none has.
    const std::string& begun() const { return line_; }
    void restore(std::string_view begun) {
        line_ = begun;
        began_ = !begun.empty();
    }

private:
    std::string line_;
    bool began_ = false;
};

}  // namespace zs::process
