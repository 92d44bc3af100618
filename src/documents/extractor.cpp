#include "documents/extractor.hpp"

#include <algorithm>
#include <limits>
#include <simdjson.h>

namespace zs::documents {
namespace {

namespace dom = simdjson::dom;
using Type = dom::element_type;

static_assert(Extractor::kPadding >= simdjson::SIMDJSON_PADDING);

constexpr std::size_t kFirstCapacity = 64 * 1024;
// Up to here, comparing every key with every other is quicker than sorting them.
constexpr std::size_t kComparedKeysMax = 24;
constexpr int kNoField = -1;

// What is wanted of one object: by key, a field and what is wanted inside.
struct Branch {
    struct Entry {
        std::string key;
        int field = kNoField;
        std::unique_ptr<Branch> inside;
    };
    std::vector<Entry> entries;

    Entry& entry(std::string_view key) {
        for (auto& found : entries) {
            if (found.key == key) return found;
        }
        Entry made;
        made.key = key;
        entries.push_back(std::move(made));
        return entries.back();
    }
    void add(std::string_view path, int field) {
        Branch* branch = this;
        while (true) {
            const auto dot = path.find('.');
            Entry& found = branch->entry(path.substr(0, dot));
            if (dot == std::string_view::npos) {
                found.field = field;
                return;
            }
            if (!found.inside) found.inside = std::make_unique<Branch>();
            branch = found.inside.get();
            path.remove_prefix(dot + 1);
        }
    }
};

struct Failure {
    std::string_view code;
    std::string_view message;
};

Failure describe(simdjson::error_code error) {
    switch (error) {
        case simdjson::DEPTH_ERROR:
            return {"nesting_too_deep", "the document is nested deeper than 64 levels"};
        case simdjson::UTF8_ERROR: return {"invalid_json", "the document is not valid UTF-8"};
        case simdjson::NUMBER_ERROR:
            return {"invalid_json", "a number is malformed, or fits neither 64 bits nor a double"};
        case simdjson::STRING_ERROR:
            return {"invalid_json", "a string has a bad escape or a control character"};
        case simdjson::UNCLOSED_STRING: return {"invalid_json", "a string is not closed"};
        case simdjson::UNESCAPED_CHARS:
            return {"invalid_json", "a string has a control character that is not escaped"};
        case simdjson::T_ATOM_ERROR:
        case simdjson::F_ATOM_ERROR:
        case simdjson::N_ATOM_ERROR:
            return {"invalid_json", "a word that is not true, false or null"};
        case simdjson::MEMALLOC: return {"document_too_large", "no memory to parse the document"};
        case simdjson::CAPACITY:
            return {"document_too_large", "the document is too large to be parsed"};
        default: return {"invalid_json", "the text is not valid JSON"};
    }
}

}  // namespace

struct Extractor::State {
    explicit State(Extraction given) : wanted(std::move(given)), values(wanted.fields.size()) {
        for (std::size_t i = 0; i < wanted.fields.size(); ++i) {
            const std::string& path = wanted.fields[i];
            const int field = static_cast<int>(i);
            aliases.push_back({path, field});
            if (path.find('.') != std::string::npos) root.add(path, field);
        }
    }

    struct Alias {
        std::string key;
        int field;
    };

    simdjson::error_code parse(std::string_view text, dom::element& out) {
        if (text.size() > capacity) {
            const std::size_t wish = std::max({text.size(), capacity * 2, kFirstCapacity});
            // The parser counts the level it is about to enter.
            const auto error = parser.allocate(wish, wanted.depth_max + 1);
            if (error != simdjson::SUCCESS) return error;
            capacity = wish;
        }
        return parser.parse(text.data(), text.size(), false).get(out);
    }

    bool has_duplicate();
    Value value_of(DocumentBatch& batch, dom::element element);
    void take_top_level(DocumentBatch& batch, Document& document, dom::element element);
    void take_inside(DocumentBatch& batch, const Branch& branch, dom::element element);

    Extraction wanted;
    Branch root;                 // dotted paths
    std::vector<Alias> aliases;  // keys of the document itself
    dom::parser parser;
    std::size_t capacity = 0;
    std::vector<std::string_view> keys;
    std::vector<Value> values;  // of the current document
    std::string_view duplicate;
};

bool Extractor::State::has_duplicate() {
    if (keys.size() <= kComparedKeysMax) {
        for (std::size_t i = 1; i < keys.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (keys[i] != keys[j]) continue;
                duplicate = keys[i];
                return true;
            }
        }
        return false;
    }
    std::sort(keys.begin(), keys.end());
    const auto twin = std::adjacent_find(keys.begin(), keys.end());
    if (twin == keys.end()) return false;
    duplicate = *twin;
    return true;
}

Value Extractor::State::value_of(DocumentBatch& batch, dom::element element) {
    Value value;
    switch (element.type()) {
        case Type::NULL_VALUE: value.kind = ValueKind::Null; break;
        case Type::BOOL:
            value.kind = ValueKind::Boolean;
            value.boolean = element.get_bool().value_unsafe();
            break;
        case Type::INT64:
            value.kind = ValueKind::Integer;
            value.integer = element.get_int64().value_unsafe();
            break;
        case Type::UINT64:
            value.kind = ValueKind::Real;
            value.real = static_cast<double>(element.get_uint64().value_unsafe());
            value.text = batch.keep(std::to_string(element.get_uint64().value_unsafe()));
            break;
        case Type::DOUBLE:
            value.kind = ValueKind::Real;
            value.real = element.get_double().value_unsafe();
            break;
        case Type::STRING:
            value.kind = ValueKind::Text;
            value.text = batch.keep(element.get_string().value_unsafe());
            break;
        case Type::ARRAY:
        case Type::OBJECT:
            value.kind = ValueKind::Json;
            value.text = batch.keep(simdjson::minify(element));
            break;
    }
    return value;
}

void Extractor::State::take_inside(DocumentBatch& batch, const Branch& branch,
                                   dom::element element) {
    dom::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) return;
    for (const auto [key, inner] : object) {
        for (const auto& entry : branch.entries) {
            if (entry.key != key) continue;
            if (entry.field >= 0) {
                Value& value = values[static_cast<std::size_t>(entry.field)];
                if (value.kind == ValueKind::Missing) value = value_of(batch, inner);
            }
            if (entry.inside) take_inside(batch, *entry.inside, inner);
            break;
        }
    }
}

void Extractor::State::take_top_level(DocumentBatch& batch, Document& document,
                                      dom::element element) {
    const dom::object object = element.get_object().value_unsafe();
    Value other_id;
    keys.clear();
    std::fill(values.begin(), values.end(), Value());
    for (const auto [key, inner] : object) {
        keys.push_back(key);
        if (key == "_id") document.id = value_of(batch, inner);
        if (wanted.id_field && key == *wanted.id_field) other_id = value_of(batch, inner);
        for (const auto& alias : aliases) {
            if (alias.key != key) continue;
            values[static_cast<std::size_t>(alias.field)] = value_of(batch, inner);
        }
    }
    if (!root.entries.empty()) take_inside(batch, root, element);
    if (document.id.kind == ValueKind::Missing) document.id = other_id;
    if (document.id.kind == ValueKind::Missing && wanted.default_id) {
        document.id.kind = ValueKind::Text;
        document.id.text = batch.keep(*wanted.default_id);
    }
}

Extractor::Extractor(Extraction wanted) : state_(std::make_unique<State>(std::move(wanted))) {}
Extractor::~Extractor() = default;
Extractor::Extractor(Extractor&&) noexcept = default;
Extractor& Extractor::operator=(Extractor&&) noexcept = default;

Extractor::Outcome Extractor::add(DocumentBatch& batch, Document document) {
    State& state = *state_;
    dom::element element;
    const auto error = state.parse(document.json, element);
    if (error != simdjson::SUCCESS) {
        const Failure failure = describe(error);
        batch.reject(document, std::string(failure.code),
                     "line " + std::to_string(document.line) + ": " + std::string(failure.message));
        return failure.code == "invalid_json" ? Outcome::BadSyntax : Outcome::Rejected;
    }
    if (!element.is_object()) {
        batch.reject(document, "not_an_object",
                     "line " + std::to_string(document.line) + ": a document must be an object");
        return Outcome::Rejected;
    }
    state.take_top_level(batch, document, element);
    if (state.has_duplicate()) {
        batch.reject(document, "duplicate_key",
                     "line " + std::to_string(document.line) + ": the key '"
                         + std::string(state.duplicate.substr(0, 100)) + "' stands twice");
        return Outcome::Rejected;
    }
    document.values = batch.values_.size();
    batch.values_.insert(batch.values_.end(), state.values.begin(), state.values.end());
    batch.bytes_ += document.json.size();
    batch.documents_.push_back(document);
    return Outcome::Taken;
}

}  // namespace zs::documents
