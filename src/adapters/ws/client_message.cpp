#include "adapters/ws/client_message.hpp"

#include "adapters/ws/limits.hpp"
#include "base/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <array>
#include <utility>

namespace zs::ws {
namespace {

using boost::json::object;
using boost::json::value;

constexpr std::uint64_t kSeqEnd = std::uint64_t{1} << 53;

constexpr std::array<std::pair<std::string_view, Action>, 6> kActions{{
    {"auth", Action::Auth},
    {"subscribe", Action::Subscribe},
    {"unsubscribe", Action::Unsubscribe},
    {"resume", Action::Resume},
    {"list", Action::List},
    {"ping", Action::Ping},
}};

Error invalid_message(std::string message) {
    return invalid_argument(std::move(message), "invalid_message");
}

std::string_view text_of(const value& text) {
    return {text.get_string().data(), text.get_string().size()};
}

std::optional<Action> action_of(const object& message) {
    const auto* action = message.if_contains("action");
    if (action == nullptr || !action->is_string()) return std::nullopt;
    for (const auto& [name, known] : kActions) {
        if (name == text_of(*action)) return known;
    }
    return std::nullopt;
}

Result<value> id_of(const object& message) {
    const auto* id = message.if_contains("id");
    if (id == nullptr || id->is_null()) return value();
    if (id->is_string() && id->get_string().size() <= limits::kIdBytesMax) return *id;
    if (id->is_number()) return *id;
    return unprocessable("'id' must be a number or text of at most "
                             + std::to_string(limits::kIdBytesMax) + " bytes",
                         "id");
}

Result<std::string> text_field(const object& message, std::string_view name) {
    const auto* field = message.if_contains({name.data(), name.size()});
    if (field == nullptr || !field->is_string())
        return unprocessable("'" + std::string(name) + "' must be text", name);
    return std::string(text_of(*field));
}

Result<std::vector<std::string>> list_field(const object& message, std::string_view name,
                                            std::size_t entries_max, std::size_t bytes_max) {
    std::vector<std::string> list;
    const auto* field = message.if_contains({name.data(), name.size()});
    if (field == nullptr || field->is_null()) return list;
    const auto* array = field->if_array();
    if (array == nullptr)
        return unprocessable("'" + std::string(name) + "' must be a list of text", name);
    if (array->size() > entries_max) {
        return invalid_field(name, "'" + std::string(name) + "' has more than "
                                       + std::to_string(entries_max) + " entries");
    }
    for (const auto& entry : *array) {
        if (!entry.is_string() || entry.get_string().size() > bytes_max)
            return unprocessable("'" + std::string(name) + "' must be a list of text", name);
        list.emplace_back(text_of(entry));
    }
    return list;
}

Result<std::optional<std::uint64_t>> seq_field(const object& message, std::string_view name) {
    const auto* field = message.if_contains({name.data(), name.size()});
    if (field == nullptr || field->is_null()) return std::optional<std::uint64_t>();
    std::uint64_t seq = kSeqEnd;
    if (const auto* small = field->if_int64()) {
        if (*small >= 0) seq = static_cast<std::uint64_t>(*small);
    } else if (const auto* large = field->if_uint64()) {
        seq = *large;
    } else {
        return unprocessable("'" + std::string(name) + "' must be an integer", name);
    }
    if (seq >= kSeqEnd)
        return invalid_field(name,
                             "'" + std::string(name) + "' must be below 2^53, and not below 0");
    return std::optional(seq);
}

Result<void> read_subscribe(const object& message, ClientMessage& out) {
    auto topic = text_field(message, "topic");
    if (!topic) return topic.error();
    auto types = list_field(message, "types", limits::kTypesMax, limits::kTypeBytesMax);
    if (!types) return types.error();
    auto from = seq_field(message, "from_seq");
    if (!from) return from.error();
    out.topic = std::move(*topic);
    out.types = std::move(*types);
    out.from_seq = *from;
    return {};
}

Result<void> read_resume(const object& message, ClientMessage& out) {
    auto topics = list_field(message, "topics", 10'000, 1024);
    if (!topics) return topics.error();
    if (topics->empty()) return unprocessable("'topics' must name at least one topic", "topics");
    auto seq = seq_field(message, "seq");
    if (!seq) return seq.error();
    if (!*seq) return unprocessable("'seq' must be an integer", "seq");
    out.topics = std::move(*topics);
    out.from_seq = *seq;
    return {};
}

Result<void> read_fields(const object& message, ClientMessage& out) {
    switch (out.action) {
        case Action::Subscribe: return read_subscribe(message, out);
        case Action::Resume: return read_resume(message, out);
        case Action::Auth: {
            auto token = text_field(message, "token");
            if (!token) return token.error();
            if (token->size() > limits::kTokenBytesMax)
                return invalid_field("token", "'token' is too long");
            out.token = Secret(std::move(*token));
            return {};
        }
        case Action::Unsubscribe: {
            auto topic = text_field(message, "topic");
            if (!topic) return topic.error();
            out.topic = std::move(*topic);
            return {};
        }
        case Action::List:
        case Action::Ping: return {};
    }
    return {};
}

}  // namespace

Result<ClientMessage> parse_client_message(std::string_view text, value& id) {
    const auto parsed = parse_json(text);
    if (!parsed) return invalid_message("the message is not JSON: " + parsed.error().message);
    const auto* message = parsed->if_object();
    if (message == nullptr) return invalid_message("the message is not a JSON object");
    auto given = id_of(*message);
    if (given) id = *given;
    const auto action = action_of(*message);
    if (!action) {
        return invalid_message(
            "'action' must be one of auth, subscribe, unsubscribe, resume, list, ping");
    }
    if (!given) return given.error();
    ClientMessage out;
    out.action = *action;
    out.id = std::move(*given);
    if (auto read = read_fields(*message, out); !read) return read.error();
    return out;
}

}  // namespace zs::ws
