#include "adapters/process/output_lines.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// What a program prints, as its log shows it: however the stream is cut, and wherever another
// process goes on with it, the lines are the same; no secret is in them; none is too long.
namespace {

using zs::process::OutputLines;

std::string show(OutputLines& lines) {
    std::string all;
    for (const auto& line : lines.take_lines()) {
        if (line.bytes.size() > zs::process::limits::kLinePartBytes) std::abort();
        all += line.bytes;
        if (!line.part) all += '\n';
    }
    return all;
}

std::string lines_of(std::string_view bytes, const std::vector<std::string>& secrets,
                     std::size_t piece, bool restart) {
    auto lines = std::make_unique<OutputLines>(secrets);
    std::string all;
    while (!bytes.empty()) {
        zs::process::SpoolRecord record;
        record.bytes = bytes.substr(0, piece);
        bytes.remove_prefix(record.bytes.size());
        lines->take(record);
        all += show(*lines);
        if (!restart) continue;
        const auto saved = lines->save();
        lines = std::make_unique<OutputLines>(secrets);
        if (!lines->restore(saved)) std::abort();
    }
    lines->finish(zs::Timestamp());
    return all + show(*lines);
}

}  // namespace

// The first byte says how long two secrets are, which follow it; then comes the output.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input(reinterpret_cast<const char*>(data), size);
    if (size < 2) return 0;
    std::vector<std::string> secrets;
    const std::size_t lengths[] = {data[0] & 15U, std::size_t{data[0]} >> 4U};
    const std::size_t piece = 1 + data[1] % 13;
    input.remove_prefix(2);
    for (const std::size_t length : lengths) {
        const auto secret = input.substr(0, length);
        input.remove_prefix(secret.size());
        if (!secret.empty()) secrets.emplace_back(secret);
    }
    const auto whole = lines_of(input, secrets, input.size() + 1, false);
    if (lines_of(input, secrets, piece, false) != whole) std::abort();
    if (lines_of(input, secrets, piece, true) != whole) std::abort();
    // Stars may stand beside what makes a secret of stars; and lines lose a CR.
    for (const auto& secret : secrets) {
        const bool plain = secret.find_first_of("*\r\n") == std::string::npos;
        if (plain && input.find('\r') == std::string_view::npos
            && whole.find(secret) != std::string::npos) {
            std::abort();
        }
    }
    (void)zs::process::parse_progress(input);
    OutputLines lines(secrets);
    (void)lines.restore(input);
    return 0;
}
