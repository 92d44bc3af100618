#include "word_count.hpp"

#include <cctype>
#include <map>
#include <string>
#include <vector>

namespace example {
namespace json = boost::json;
using zs::Result;

namespace {

struct Work {
    std::vector<std::string> texts;
    zs::Millis pause{0};
};

Result<Work> parse(const json::value& input) {
    const auto* object = input.if_object();
    const auto* texts = object ? object->if_contains("texts") : nullptr;
    if (texts == nullptr || !texts->is_array())
        return zs::unprocessable("'texts' must be an array of texts", "texts");
    Work work;
    for (const auto& text : texts->get_array()) {
        if (!text.is_string())
            return zs::unprocessable("'texts' must be an array of texts", "texts");
        work.texts.emplace_back(text.get_string());
    }
    const auto* pause = object->if_contains("pause_ms");
    if (pause != nullptr && pause->is_int64()) work.pause = zs::Millis(pause->get_int64());
    return work;
}

using Counts = std::map<std::string, std::size_t>;

std::size_t count(const std::string& text, Counts& counts) {
    std::size_t words = 0;
    std::string word;
    for (const char c : text + ' ') {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        } else if (!word.empty()) {
            ++counts[word];
            ++words;
            word.clear();
        }
    }
    return words;
}

std::string to_csv(const Counts& counts) {
    std::string csv = "word,count\n";
    for (const auto& [word, number] : counts)
        csv += word + ',' + std::to_string(number) + '\n';
    return csv;
}

}  // namespace

zs::async::Task<Result<json::value>> count_words(zs::jobs::HandlerContext& context) {
    const auto input = context.input();
    if (!input) co_return input.error();
    const auto work = parse(*input);
    if (!work) co_return work.error();
    Counts counts;
    std::size_t words = 0;
    for (std::size_t i = 0; i < work->texts.size(); ++i) {
        if (context.should_stop()) co_return context.stopped();
        const auto found = count(work->texts[i], counts);
        words += found;
        const auto done = static_cast<double>(i + 1) / static_cast<double>(work->texts.size());
        auto logged = co_await context.log("text " + std::to_string(i + 1) + ": "
                                           + std::to_string(found) + " words");
        // Nothing but a lost lease or a store that is away: not this handler's to mend.
        if (!logged) co_return logged.error();
        auto told = co_await context.progress(done, std::to_string(words) + " words");
        if (!told) co_return told.error();
        const bool goes_on = co_await context.wait(work->pause);
        if (!goes_on) co_return context.stopped();
    }
    auto kept = co_await context.artifact("words.csv", to_csv(counts));
    if (!kept) co_return kept.error();
    json::object output;
    output.emplace("words", words);
    output.emplace("distinct", counts.size());
    co_return json::value(std::move(output));
}

}  // namespace example
