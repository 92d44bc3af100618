#include "support/options.hpp"

#include "support/failure.hpp"
#include "support/process.hpp"

#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>

namespace zs::bench {

namespace {

constexpr const char* kFlags =
    "  --seconds S      measured time of one run\n"
    "  --rounds N       runs of each subject, interleaved; medians are shown\n"
    "  --clients A,B    concurrent clients\n"
    "  --quick          less data than the figures of docs/benchmarks.md are about\n"
    "  --alone          without peers, for profiles\n"
    "  --seed N         seed of what is random\n"
    "  --only A,B       these subjects alone, where a benchmark can choose (hnsw, ingest, jobs)\n"
    "  --vectors CxD    so many vectors of so many dimensions (hnsw); several with commas\n"
    "  --access-log     with access logs, ours and the peer's\n"
    "  --json           one JSON document instead of tables\n";

struct WrongFlag {
    std::string message;
};

template <class Number>
Number number(std::string_view flag, std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < Number{}) {
        throw WrongFlag{std::string(flag) + " needs a number, not '" + std::string(text) + "'"};
    }
    return value;
}

std::vector<int> numbers(std::string_view flag, std::string_view text) {
    std::vector<int> values;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        values.push_back(number<int>(flag, text.substr(0, comma)));
        text.remove_prefix(std::min(text.size(), comma + 1));
    }
    return values;
}

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> found;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        found.emplace_back(text.substr(0, comma));
        text.remove_prefix(std::min(text.size(), comma + 1));
    }
    return found;
}

// nullopt: only help was asked for.
std::optional<BenchOptions> parse(int argc, char** argv, BenchOptions options) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view flag = argv[i];
        if (flag == "--help" || flag == "-h") return std::nullopt;
        if (flag == "--json") {
            options.json = true;
            continue;
        }
        if (flag == "--quick") {
            options.quick = true;
            continue;
        }
        if (flag == "--alone") {
            options.alone = true;
            continue;
        }
        if (flag == "--access-log") {
            options.access_log = true;
            continue;
        }
        if (i + 1 == argc)
            throw WrongFlag{"'" + std::string(flag) + "' is unknown or needs a value"};
        const std::string_view value = argv[++i];
        if (flag == "--seconds") {
            options.seconds = number<double>(flag, value);
        } else if (flag == "--rounds") {
            options.rounds = number<int>(flag, value);
        } else if (flag == "--clients") {
            options.clients = numbers(flag, value);
        } else if (flag == "--seed") {
            options.seed = number<std::uint64_t>(flag, value);
        } else if (flag == "--only") {
            options.only = words(value);
        } else if (flag == "--vectors") {
            options.vectors = value;
        } else {
            throw WrongFlag{"there is no flag '" + std::string(flag) + "'"};
        }
    }
    return options;
}

}  // namespace

int run_bench(int argc, char** argv, const std::string& about, BenchOptions defaults,
              const std::function<void(const BenchOptions&)>& body) {
    try {
        const auto options = parse(argc, argv, std::move(defaults));
        if (!options) {
            std::printf("%s\n\n%s", about.c_str(), kFlags);
            return 0;
        }
        end_children_with_us();
        body(*options);
        return 0;
    } catch (const WrongFlag& wrong) {
        std::fprintf(stderr, "%s\n%s", wrong.message.c_str(), kFlags);
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "failed: %s\n", error.what());
        return 1;
    }
}

}  // namespace zs::bench
