#include "adapters/process/output_lines.hpp"

#include "base/json.hpp"

#include <cstring>

namespace zs::process {

namespace {

constexpr std::string_view kProgressPrefix = "##zjob ";

void append_text(std::string& out, std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out.append(text);
}

std::optional<std::string_view> take_text(std::string_view& bytes) {
    std::uint32_t size = 0;
    if (bytes.size() < sizeof size) return std::nullopt;
    std::memcpy(&size, bytes.data(), sizeof size);
    bytes.remove_prefix(sizeof size);
    if (bytes.size() < size) return std::nullopt;
    const auto text = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return text;
}

}  // namespace

std::optional<jobs::Progress> parse_progress(std::string_view line) {
    if (!line.starts_with(kProgressPrefix)) return std::nullopt;
    auto json = parse_json(line.substr(kProgressPrefix.size()));
    if (!json || !json->is_object()) return std::nullopt;
    const auto& object = json->get_object();
    const auto* fraction = object.if_contains("progress");
    if (fraction == nullptr || !fraction->is_number()) return std::nullopt;
    jobs::Progress progress;
    progress.fraction = fraction->to_number<double>();
    if (!(progress.fraction >= 0 && progress.fraction <= 1)) return std::nullopt;
    const auto* message = object.if_contains("message");
    if (message != nullptr && message->is_string()) {
        progress.message = std::string_view(message->get_string());
    }
    return progress;
}

OutputLines::OutputLines(const std::vector<std::string>& secrets) : finder_(secrets) {}

void OutputLines::take(const SpoolRecord& record) {
    const Timestamp at = from_unix_millis(record.unix_ms);
    if (record.kind == RecordKind::Note) {
        lines_.push_back({jobs::LogStream::System, at, std::string(record.bytes), false});
        return;
    }
    Stream& stream = record.kind == RecordKind::Stdout ? output_ : errors_;
    std::string masked;
    stream.mask.write(record.bytes, masked);
    add(stream, masked, at);
}

void OutputLines::add(Stream& stream, std::string_view masked, Timestamp at) {
    const auto take = [&](std::string line, bool part) {
        add_line(stream, std::move(line), part, at);
    };
    stream.splitter.write(masked, take);
}

void OutputLines::add_line(Stream& stream, std::string line, bool part, Timestamp at) {
    const bool alone = !part && !stream.in_part;
    stream.in_part = part;
    if (alone && stream.name == jobs::LogStream::Stdout) {
        if (auto progress = parse_progress(line)) {
            progress_ = std::move(progress);
            return;
        }
    }
    lines_.push_back({stream.name, at, std::move(line), part});
}

void OutputLines::finish(Timestamp at) {
    for (Stream* stream : {&output_, &errors_}) {
        std::string rest;
        stream->mask.finish(rest);
        add(*stream, rest, at);
        const auto take = [&](std::string line, bool part) {
            add_line(*stream, std::move(line), part, at);
        };
        stream->splitter.finish(take);
    }
}

std::vector<jobs::LogLine> OutputLines::take_lines() {
    return std::exchange(lines_, {});
}

std::optional<jobs::Progress> OutputLines::take_progress() {
    return std::exchange(progress_, std::nullopt);
}

std::string OutputLines::save() const {
    std::string saved;
    for (const Stream* stream : {&output_, &errors_}) {
        append_text(saved, stream->mask.save());
        append_text(saved, stream->splitter.begun());
        append_text(saved, stream->in_part ? "part" : "");
    }
    return saved;
}

Result<void> OutputLines::restore(std::string_view saved) {
    for (Stream* stream : {&output_, &errors_}) {
        const auto held = take_text(saved);
        const auto begun = take_text(saved);
        const auto part = take_text(saved);
        if (!held || !begun || !part || begun->size() > limits::kLinePartBytes) {
            return data_loss("the checkpoint of an attempt is damaged");
        }
        stream->mask.restore(*held);
        stream->splitter.restore(*begun);
        stream->in_part = !part->empty();
    }
    return {};
}

}  // namespace zs::process
