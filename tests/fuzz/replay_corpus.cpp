// The main part of a NAME_corpus_test: what the fuzzer found once is tried in every test run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// Exactly as many bytes as there are, so that AddressSanitizer sees a read behind them.
void run(const std::string& input) {
    const auto copy = std::make_unique<std::uint8_t[]>(input.size());
    std::copy(input.begin(), input.end(), copy.get());
    LLVMFuzzerTestOneInput(copy.get(), input.size());
}

// A target aborts when something is wrong, so a passed test is one that got to its end.
TEST(Corpus, EveryInputAndItsNeighboursAreSurvived) {
    constexpr std::size_t kNeighboursMax = 2048;
    constexpr std::size_t kNeighbourBytesMax = 4 << 20;  // of one input: a long one has fewer
    const char* folder = std::getenv("ZS_CORPUS");
    ASSERT_NE(folder, nullptr) << "ZS_CORPUS names the folder with the inputs";
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        SCOPED_TRACE(entry.path().filename());
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string input{std::istreambuf_iterator<char>(file), {}};
        run(input);
        ++count;
        const std::size_t neighbours =
            std::min(kNeighboursMax, kNeighbourBytesMax / std::max<std::size_t>(1, input.size()));
        for (std::size_t i = 0; i < input.size() && i < neighbours; ++i) {
            run(input.substr(0, i));
            std::string changed = input;
            changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
            run(changed);
        }
    }
    EXPECT_GT(count, 0u) << "no inputs in " << folder;
}

}  // namespace
